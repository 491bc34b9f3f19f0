/** Images built once more from their provenance. Loaded on use. */
export { replayError } from "./errors.ts";
export { readProvenance } from "./read-provenance.ts";
export { replayBase } from "./replay-base.ts";
export { replayBuild } from "./replay-build.ts";
