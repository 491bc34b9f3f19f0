/** What a project says of its builds: decant.yaml, and where base images come from. */
export { assembleOpened, assembleOptions, type AssembleRun, baseImage } from "./assembled.ts";
export { baseMaterials } from "./base-materials.ts";
export { baseImages, type BaseImages } from "./base-images.ts";
export { openDebugTools } from "./debug-tools.ts";
export { imagePlaceOf, imageSourceOf } from "./image-place.ts";
export { withSimilarImage } from "./mistyped-image.ts";
export { linearRegexp } from "./linear-regexp/regexp.ts";
export { RegexpProblem } from "./linear-regexp/parse.ts";
export { type NamedSource, openNamedSource, type SourceContext } from "./named-source.ts";
export { archiveAccess, lockMissing, lockPlaceOf, openBase, type OpenedBase, readLock } from "./open-base.ts";
export { packageFinder } from "./package-finder.ts";
export { findProjectFile, type ProjectFile } from "./project-file.ts";
export { formatSourceLock, pinKey, readSourceLock, type SourceLock, sourceLockPlace, type SourcePin } from "./source-lock.ts";
export type { SourcePolicy } from "./source-policy.ts";
export {
  lockRules,
  NO_RULES,
  openSourcePolicy,
  pinnedImage,
  pinnedSource,
  policyRules,
  sourcePolicyIn,
  type SourceRules,
} from "./source-rules.ts";
export { foldersOf } from "./stand-ins.ts";
export type { DebianOptions, ProjectOptions, PullPolicy } from "./types.ts";
export { readGcPolicy, STORE_CONFIG } from "./store-config.ts";
