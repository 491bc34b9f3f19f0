export { isTarBlock } from "./file/unpack.ts";
export { solve, type Solution } from "./solver.ts";
export { type LayerContext, localSources, type LocalContext } from "./ops/local-source.ts";
export { type GitCheckout, type GitOptions, gitCheckout, gitSources } from "./ops/git-source.ts";
export { httpSources } from "./ops/http-source.ts";
export { createSandbox, hostCaCertificates, sweepSandboxes } from "./sandbox/index.ts";
export type * from "./sandbox/index.ts";
export type * from "./types.ts";
