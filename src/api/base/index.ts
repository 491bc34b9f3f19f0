export { buildBase, showBase } from "./build-base.ts";
export { diffBases, type DiffBasesOptions } from "./diff-bases.ts";
export { listBases, recipeSchemaText } from "./list-bases.ts";
export { lockBase, type LockBaseOptions } from "./lock-base.ts";
export type * from "./types.ts";
export { verifyBase, type VerifyBaseOptions } from "./verify-base.ts";
