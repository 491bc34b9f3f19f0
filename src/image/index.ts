/** Images: configuration and manifests, exporters, and the images of the local store. */
export type * from "./types.ts";
export { type ConfigInput, imageConfigOf } from "./config.ts";
export { type TreeContents, contentsOf } from "./contents.ts";
export { exportImage } from "./export.ts";
export { type ImportOptions, importRootfs } from "./import-rootfs.ts";
export { loadImage } from "./load-image.ts";
export { type ManifestDocument, type MediaTypes, manifestOf } from "./manifest.ts";
export { metadataOf } from "./metadata.ts";
export { targetNames } from "./names.ts";
export { clampTimes } from "./clamp-times.ts";
export { openOciArchive } from "./oci-archive.ts";
export { openOciLayout } from "./oci-layout.ts";
export type { OpenedImage } from "./open-image.ts";
export { PACKAGE_MANAGERS, SHELLS } from "./program-names.ts";
export { predicateTypes } from "./read-statements.ts";
export { SPDX_PREDICATE } from "./statement.ts";
export { type PulledImage, type PullOptions, pullImage } from "./pull-image.ts";
export { type PushOptions, pushImage } from "./push-image.ts";
