/**
 * What provenance needs beyond BuildKit's facts so that an image can be built once more: the platform that was asked for, the time, digests of what was
 * read of folders, what stood in for images with its lock, and the form of the output. Values only.
 */
import { relative } from "node:path";
import { formatLock } from "../../distroless/index.ts";
import { type Digest, sha256 } from "../../digest.ts";
import { given } from "../../given.ts";
import type { AnnotationSpec, OutputSpec } from "../../image/index.ts";
import { formatPlatform } from "../../oci/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { SolvedBuild } from "../solve-graph.ts";

/** What steps have read of a folder. */
export interface RecordedRead {
  /** "context", or the name of a named context. */
  readonly context: string;
  readonly digest: Digest;
  /** With mode=max, where the list is short: a line for each path. */
  readonly files?: string | undefined;
}

/** An image that another one, or a base that is assembled, stood in for. */
export interface RecordedImage {
  readonly name: string;
  readonly as: string;
  /** The text of a lock file. */
  readonly lock?: string | undefined;
}

/** The form of an output, as its options say it. */
export interface RecordedForm {
  readonly compression?: "uncompressed" | "gzip" | "estargz" | "zstd" | undefined;
  readonly level?: number | undefined;
  readonly force?: boolean | undefined;
  readonly rewriteTimestamp?: boolean | undefined;
  readonly ociMediaTypes?: boolean | undefined;
  readonly sourceDateEpoch?: number | "none" | undefined;
  readonly annotations?: readonly AnnotationSpec[] | undefined;
}

/** Of an image that a Dockerfile says. */
export interface BuildRecord {
  readonly version: 1;
  readonly kind: "build";
  readonly platform: string;
  /** Several platforms, or an index around the image all the same. */
  readonly inIndex?: boolean | undefined;
  /** SOURCE_DATE_EPOCH, in seconds. */
  readonly epoch?: number | undefined;
  /** Of the Dockerfile's bytes, and where it is in its context. */
  readonly dockerfile: { readonly digest: Digest; readonly path?: string | undefined };
  /** The address of a context that is no folder. */
  readonly context?: string | undefined;
  readonly reads?: readonly RecordedRead[] | undefined;
  readonly images?: readonly RecordedImage[] | undefined;
  readonly contextModes?: "git" | undefined;
  readonly autoAnnotations?: boolean | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly form?: RecordedForm | undefined;
}

/** Of a distroless base. */
export interface BaseRecord {
  readonly version: 1;
  readonly kind: "base";
  readonly platform: string;
  /** "RECIPE[:VARIANT]" */
  readonly base: string;
  /** The text of a lock file. */
  readonly lock: string;
  readonly form?: RecordedForm | undefined;
}

/** All of it. Paths of this machine are nobody's business. */
export function buildRecord(build: SolvedBuild, mode: "min" | "max", output: OutputSpec | undefined): BuildRecord {
  const { opened, images, solution, platform, epochSec, inIndex } = build;
  const { options, context, folder } = opened;
  const { path, bytes } = context.dockerfile;
  const isAddress = folder === undefined && options.context !== "-";
  const inside = folder === undefined ? path : relative(folder, path);
  const reads = solution.read.map(({ context: name, digest, lines }): RecordedRead => ({
    context: name,
    digest,
    ...(mode === "max" ? given({ files: lines }) : {}),
  }));
  const taken = images
    .taken()
    .map(({ name, as, lock }): RecordedImage => ({ name, as: publicName(as), ...(lock === undefined ? {} : { lock: formatLock(lock) }) }));
  return {
    version: 1,
    kind: "build",
    platform: formatPlatform(platform),
    ...(inIndex ? { inIndex } : {}),
    ...given({ epoch: epochSec }),
    dockerfile: { digest: sha256(bytes), ...(isOutside(options.file, inside) ? {} : { path: inside }) },
    ...(isAddress ? { context: publicUrl(options.context) } : {}),
    ...(reads.length === 0 ? {} : { reads }),
    ...(taken.length === 0 ? {} : { images: uniqueImages(taken) }),
    ...(options.contextModes === "git" ? { contextModes: "git" } : {}),
    ...(options.autoAnnotations === true ? { autoAnnotations: true } : {}),
    ...((options.allow ?? []).length === 0 ? {} : { allow: options.allow ?? [] }),
    ...given({ form: formOf(output, options.annotations) }),
  };
}

/** Of a Dockerfile that is no file of its context. */
function isOutside(file: string | undefined, inside: string): boolean {
  return file === "-" || /^https?:\/\//.test(file ?? "") || inside === "-" || inside.startsWith("..") || /^(?:\/|https?:)/.test(inside);
}

/** A recipe's file by its name alone, where its folder is one of this machine. */
function publicName(as: string): string {
  return as.replace(/^(distroless:)\/(?:.*\/)?([^/]+)$/, "$1./$2");
}

function uniqueImages(images: readonly RecordedImage[]): RecordedImage[] {
  return [...new Map(images.map((one) => [JSON.stringify(one), one])).values()];
}

/** What the options say of an output. Undefined for outputs that are no images. */
export function formOf(output: OutputSpec | undefined, ofBuild: readonly AnnotationSpec[] | undefined): RecordedForm | undefined {
  if (
    output === undefined ||
    !("ociMediaTypes" in output || output.type === "image" || output.type === "registry" || output.type === "oci")
  )
    return undefined;
  const { level, force, rewriteTimestamp, ociMediaTypes, sourceDateEpoch } = output;
  const annotations = [...(output.annotations ?? []), ...(ofBuild ?? [])];
  const isStored = output.type === "image" && !output.push;
  return {
    // The store keeps our own layers as they are; all other outputs compress them.
    ...given({ compression: output.compression ?? (isStored ? undefined : ("gzip" as const)) }),
    ...given({ level, force, rewriteTimestamp, ociMediaTypes, sourceDateEpoch }),
    ...(annotations.length === 0 ? {} : { annotations }),
  };
}
