export { gzipEncoder } from "../tree/index.ts";
export { loadImages, saveImages, tagImage } from "./archives.ts";
export { auditImage, type AuditImageOptions } from "./audit.ts";
export { buildBase, diffBases, listBases, lockBase, recipeSchemaText, showBase, verifyBase } from "./base/index.ts";
export type * from "./base/index.ts";
export { copyImage, type CopyImageOptions } from "./copy.ts";
export { mutateImage, type MutateImageOptions, rebaseImage, type RebaseImageOptions } from "./rewrite.ts";
export { annotateIndex, type AnnotateIndexOptions, createIndex, type CreateIndexOptions } from "./indexes.ts";
export { listContainers, removeContainers, stopContainers } from "./containers.ts";
export { build, planBuild } from "./build.ts";
export { examineMachine } from "./doctor.ts";
export { checkDockerfile, type CheckDockerfileOptions, type DockerfileCheck } from "./check.ts";
export type { DockerfileOptions } from "./dockerfile-options.ts";
export { runImage } from "./run-image.ts";
export { type DockerfileGraph, dockerfileGraph } from "./graph.ts";
export { type DockerfileOutline, type DockerfileTarget, type DockerfileTargets, outline, targets } from "./outline.ts";
export { compareBuilds, explainBuild, listBuilds, removeBuilds, showBuild } from "./history.ts";
export { collectCache, pruneStore, removeImages, storeUsage } from "./images.ts";
export { inspectImage } from "./inspect-image.ts";
export { type StoreReport, verifyStore, type VerifyStoreOptions } from "./verify-store.ts";
export { listImages } from "./list-images.ts";
export { diffImages, type DiffImagesOptions, type FileChange, type ImageDifference } from "./look/diff-images.ts";
export { exportFiles, type ExportFilesOptions } from "./look/export-files.ts";
export { type ImageFile, listFiles, type ListFilesOptions, readFile, type ReadFileOptions } from "./look/image-files.ts";
export { imageHistory, type ImageStep } from "./look/image-history.ts";
export type { LookOptions } from "./look/open-tree.ts";
export { lockSources } from "./lock-sources.ts";
export {
  generateKeyPair,
  type GenerateKeyPairOptions,
  type SignedImage,
  signImage,
  type SignImageOptions,
  verifyImage,
  type VerifyImageOptions,
} from "./signatures.ts";
export { login, logout } from "./login.ts";
export { replayImage } from "./replay.ts";
export { reportOf, type Report, type ReportOptions } from "./report.ts";
export { sbomOf, type SbomOptions } from "./sbom.ts";
export { importImage, pullImage, pushImage } from "./transfer.ts";
export type * from "./types.ts";
