export type { AttestationOptions, ProvenanceOptions, SbomAttestationOptions } from "./attestation-types.ts";
export { auditImage, type AuditImageOptions } from "./audit.ts";
export { buildBase, diffBases, listBases, lockBase, recipeSchemaText, showBase, verifyBase } from "./base/index.ts";
export type * from "./base/index.ts";
export { build } from "./build.ts";
export {
  checkDockerfile,
  type CheckDockerfileOptions,
  type DockerfileCheck,
  type DockerfileOptions,
  type DockerfileOutline,
  type DockerfileTarget,
  type DockerfileTargets,
  outline,
  targets,
} from "./check.ts";
export { runImage } from "./container.ts";
export { type DockerfileGraph, dockerfileGraph } from "./dockerfile-graph.ts";
export { inspectImage, listImages, pruneStore, removeImages } from "./images.ts";
export { type SbomFormat, sbomOf, type SbomOptions, type SbomResult } from "./sbom.ts";
export { type ImportImageOptions, importImage, pullImage, pushImage } from "./transfer.ts";
export type * from "./types.ts";
