/** A build, step by step: opened, prepared, solved, finished, audited and exported. */
export type { AttestationOptions, ProvenanceOptions, SbomAttestationOptions } from "./attestation-types.ts";
export { platformNamed } from "./platform.ts";
export { type ExplainedStep, explainAgainst, explainSteps } from "./explain-steps.ts";
export { type PastStep, pastSteps } from "./past-steps.ts";
export { type ComparedBuilds, type ComparedStep, type ComparedValue, compareEvents } from "./compare-builds.ts";
export { type BuildPlan, planBuildRun } from "./plan-build.ts";
export { baseProvenance } from "./base-provenance.ts";
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
export { takenSource } from "./client-sources.ts";
export { buildDevices, checkDevices } from "./devices.ts";
export { type EventKeeper, keepEvents, keptBuild, keptEvents } from "./kept-events.ts";
export { lockSources, type LockSourcesOptions, type LockSourcesResult, type SourceChange } from "./source-lock.ts";
export { openCaches } from "./shared-caches.ts";
export { secretsOfSteps } from "./lent-files.ts";
export { checkOutputs, writeOutput } from "./outputs.ts";
export { readFilesOf } from "./read-files.ts";
export { runBuild } from "./run-build.ts";
export type { ReplayDifference, ReplayOptions, ReplayResult } from "./replay/types.ts";
export type { PreparedBuild } from "./prepare.ts";
export type { RemoteSolver } from "./remote.ts";
export type { Builders, BuildersPlace, Fleet } from "./remote-types.ts";
export type { SolvedBuild, SolvedGraph, StartedBuild } from "./solve-graph.ts";
export type { AuditedBuild, AuditMode, BuildOptions, BuildResult, NamedTargetResult, TargetResult } from "./types.ts";
