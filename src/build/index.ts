/** A build, step by step: opened, prepared, solved, finished, audited and exported. */
export type { AttestationOptions, ProvenanceOptions, SbomAttestationOptions } from "./attestation-types.ts";
export { platformNamed } from "./platform.ts";
export { checkFile } from "./check-file.ts";
export {
  type BuildRun,
  type ClientAccess,
  imagesOf,
  openBuild,
  type OpenBuildOptions,
  type OpenedBuild,
  planOptionsOf,
} from "./open-build.ts";
export { keptEvents } from "./kept-events.ts";
export { checkOutputs, writeOutput } from "./outputs.ts";
export { runBuild } from "./run-build.ts";
export type { PreparedBuild } from "./prepare.ts";
export type { Builders, RemoteSolver } from "./remote-types.ts";
export type { SolvedBuild, SolvedGraph, StartedBuild } from "./solve-graph.ts";
export type { AuditMode, BuildOptions, BuildResult } from "./types.ts";
