/**
 * Decant as a library. Everything that the command does is here: plain options and an AbortSignal in, an event stream and a result out.
 */
export {
  annotateIndex,
  auditImage,
  type AuditImageOptions,
  build,
  buildBase,
  checkDockerfile,
  compareBuilds,
  copyImage,
  createIndex,
  exportFiles,
  type CheckDockerfileOptions,
  type DockerfileCheck,
  type DockerfileOptions,
  type DockerfileOutline,
  type DockerfileTarget,
  type DockerfileTargets,
  diffBases,
  diffImages,
  generateKeyPair,
  explainBuild,
  examineMachine,
  gzipEncoder,
  imageHistory,
  importImage,
  type ImportImageOptions,
  inspectImage,
  listBases,
  listBuilds,
  listContainers,
  listFiles,
  listImages,
  loadImages,
  lockBase,
  lockSources,
  login,
  type LoginOptions,
  logout,
  dockerfileGraph,
  mutateImage,
  outline,
  collectCache,
  planBuild,
  pruneStore,
  pullImage,
  pushImage,
  readFile,
  rebaseImage,
  recipeSchemaText,
  replayImage,
  reportOf,
  removeBuilds,
  removeContainers,
  removeImages,
  runImage,
  saveImages,
  sbomOf,
  type SbomOptions,
  showBase,
  showBuild,
  signImage,
  stopContainers,
  storeUsage,
  type StopContainersOptions,
  tagImage,
  targets,
  verifyBase,
  verifyImage,
  verifyStore,
} from "./api/index.ts";
export type * from "./api/index.ts";
export {
  type Allowance,
  type AllowedFinding,
  type AuditGroup,
  type AuditPolicy,
  type AuditReport,
  auditSarif,
  type LeftBehind,
  type LeftStage,
  type ReportedFinding,
  type ReportedLayer,
  type Severity,
  type SizeReport,
} from "./audit/index.ts";
export type { EffectState, LockedPackage, LockedRelease, PackageChangelog, ScriptEffect } from "./distroless/index.ts";
export type { FailedStep, MachinePoint, PlannedStep } from "./engine/index.ts";
export { pastSteps } from "./build/index.ts";
export type {
  AttestationOptions,
  AuditedBuild,
  AuditMode,
  Builders,
  BuildersPlace,
  BuildOptions,
  BuildPlan,
  BuildResult,
  ComparedBuilds,
  ComparedStep,
  ComparedValue,
  ExplainedStep,
  Fleet,
  LockSourcesOptions,
  LockSourcesResult,
  ReplayDifference,
  ReplayOptions,
  ReplayResult,
  NamedTargetResult,
  PastStep,
  ProvenanceOptions,
  SbomAttestationOptions,
  SourceChange,
  TargetResult,
} from "./build/index.ts";
export type {
  ContainerOptions,
  ContainerSummary,
  PortMapping,
  PublishedPort,
  RemovedContainers,
  RunningContainer,
  StopOptions,
} from "./containers/index.ts";
export type { ContextOptions, SecretSpec, SshSpec, StoreOptions } from "./context/index.ts";
export type { DebianOptions, ProjectOptions, PullPolicy, SourcePin } from "./project/index.ts";
export type { Entitlement, StepOptions } from "./graph/index.ts";
export { DecantError, type ErrorCode, InternalError, isDecantError } from "./errors.ts";
export type { CheckWarning, Diagnostic, Outline, OutlineArg, OutlineUse } from "./dockerfile/index.ts";
export type { BuildEvent, InputChange, MissReason, PathChange, StepUsage } from "./events.ts";
export type { LogLine } from "./failing-lines.ts";
export { formatReason, reasonLines } from "./reasons.ts";
export { createProgress, type ProgressChange, type ProgressState, reduceProgress, type StepState, type TransferState } from "./progress.ts";
export type { SourceFile, SourceRange } from "./source.ts";
export type {
  AnnotationSpec,
  ConfigChanges,
  CopiedImage,
  CompressionOptions,
  ExportResult,
  FileOptions,
  ImageFilters,
  ImageOptions,
  KeepOptions,
  LoadedImage,
  MadeIndex,
  OutputSpec,
  RegistryOptions,
  SavedImage,
} from "./image/index.ts";
export type { SbomFormat, SbomResult } from "./sbom/index.ts";
export type { Inventory, InventoryPackage, PackageKind, UnreadRecord } from "./sbom/index.ts";
export type { OsRelease } from "./facts/index.ts";
export type { GoodSignature, KeyPair, SignerIdentity, VerifiedImage } from "./signatures/index.ts";
export type { LoginResult, LogoutResult } from "./registry/index.ts";
export type { BuildRecord, CacheKind, GcPolicy, PruneResult } from "./store/index.ts";
