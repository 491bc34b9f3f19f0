export type { ContextFiles, ConvertOptions, Entitlement, ResolvedImage, StepOptions } from "./convert/context.ts";
export { type Conversion, type ConvertedStage, toGraph } from "./convert/convert.ts";
export { type EpochStageOptions, epochStageSource } from "./convert/epoch-stage.ts";
export { addressedHistory, type HistoryItem, type LayerOrigin } from "./convert/history.ts";
export { type GitRef, gitRefOf, gitSourceOp, isChecksum, isCommit, isSshRemote, parseGitUrl, withoutCredentials } from "./git-url.ts";
export type * from "./ops.ts";
export { graphDump, digestible, digestibleAction, reachable, vertex, type Vertex, type VertexId, type VertexMeta } from "./vertex.ts";
