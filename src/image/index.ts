/** Images: configuration and manifests, exporters, and the images of the local store. */
export { type AnnotationSpec, annotationsFor } from "./annotations.ts";
export type * from "./types.ts";
export { exportImage } from "./export.ts";
export { importRootfs } from "./import-rootfs.ts";
export { isOutOfReach, knownTag } from "./known-tag.ts";
export { loadImage } from "./load-image.ts";
export { targetNames } from "./names.ts";
export { clampTimes, withEpoch } from "./clamp-times.ts";
export { openOciArchive } from "./oci-archive.ts";
export { openOciLayout } from "./oci-layout.ts";
export type { OpenedImage } from "./open-image.ts";
export { buildDefinition } from "./build-definition.ts";
export { llbJson } from "./llb-json.ts";
export { PROVENANCE_PREDICATES, provenancePredicate, type ProvenanceRequest } from "./provenance.ts";
export { predicateTypes } from "./read-statements.ts";
export { dockerPurl, SPDX_PREDICATE } from "./statement.ts";
export { pullImage } from "./pull-image.ts";
export { pushImage } from "./push-image.ts";
