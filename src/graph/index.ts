export type { ContextFiles, Entitlement, ResolvedImage, StepOptions } from "./convert/context.ts";
export { type Conversion, toGraph } from "./convert/convert.ts";
export { type EpochStageOptions, epochStageSource } from "./convert/epoch-stage.ts";
export { addressedHistory } from "./convert/history.ts";
export { remoteSource } from "./convert/remote-source.ts";
export { SCRIPT_FOLDER } from "./convert/run.ts";
export { type GitRef, gitRefOf, gitSourceOp, isCommit, isSshRemote, parseGitUrl, withoutCredentials } from "./git-url.ts";
export type * from "./ops.ts";
export { digestibleAction, reachable, type Vertex, vertex, type VertexId } from "./vertex.ts";
