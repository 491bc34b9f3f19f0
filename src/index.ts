/**
 * Decant as a library. Everything that the command does is here: plain options and an AbortSignal in, an event stream and a result out.
 */
export {
  build,
  importImage,
  type ImportImageOptions,
  inspectImage,
  listImages,
  pruneStore,
  pullImage,
  pushImage,
  removeImages,
  runImage,
} from "./api/index.ts";
export type * from "./api/index.ts";
export { DecantError, type ErrorCode, InternalError, isDecantError } from "./errors.ts";
export type { BuildEvent } from "./events.ts";
export type { CompressionOptions, ExportResult, OutputSpec } from "./image/index.ts";
export type { PruneResult } from "./store/index.ts";
