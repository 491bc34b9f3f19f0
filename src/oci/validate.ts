/**
 * Turns unknown bytes or JSON into checked image-spec values. Everything from a registry, layout or archive passes here.
 * The raw object is kept, so fields that we do not know survive (rule S62); only known fields that are `null` are taken out,
 * because Go programs write them for "absent".
 */
import * as v from "valibot";
import { isDigest, type Digest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { DOCKER_SCHEMA1_MANIFEST, DOCKER_SCHEMA1_SIGNED_MANIFEST, isIndex, isManifest, OCI_INDEX, OCI_MANIFEST } from "./media-types.ts";
import type { ImageConfig, Index, Manifest } from "./types.ts";

/** distribution-spec: registries and clients should take manifests up to 4 MiB. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;
/** Configs grow with history and labels; the largest in the wild stay far below. */
export const MAX_CONFIG_BYTES: number = 8 * 1024 * 1024;

/** A manifest or an index, and the media type it is treated as. */
export type ManifestOrIndex =
  | { readonly kind: "manifest"; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: "index"; readonly mediaType: string; readonly index: Index };

const text = v.string();
const texts = v.array(v.string());
/** RFC 3339, as everybody who reads an image reads it. */
const time = v.pipe(text, v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/, "is no time of RFC 3339"));
const digest = v.custom<Digest>((value) => typeof value === "string" && isDigest(value), "is no digest");
const object = v.custom<Readonly<Record<string, never>>>((value) => isObject(value), "is no object");
// A list is a record, too.
const annotations = v.pipe(v.custom<Readonly<Record<string, string>>>(isObject, "is no object"), v.record(v.string(), v.string()));
const keys = v.pipe(
  v.custom<Readonly<Record<string, Readonly<Record<string, never>>>>>(isObject, "is no object"),
  v.record(v.string(), object),
);
const nanoseconds = v.pipe(v.number(), v.safeInteger());
const platform = v.looseObject({
  os: text,
  architecture: text,
  variant: v.exactOptional(text),
  "os.version": v.exactOptional(text),
  "os.features": v.exactOptional(texts),
});
const descriptor = v.looseObject({
  mediaType: text,
  digest,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  urls: v.exactOptional(texts),
  annotations: v.exactOptional(annotations),
  artifactType: v.exactOptional(text),
  platform: v.exactOptional(platform),
  data: v.exactOptional(text),
});
const manifest = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.exactOptional(text),
  artifactType: v.exactOptional(text),
  config: descriptor,
  layers: v.array(descriptor),
  subject: v.exactOptional(descriptor),
  annotations: v.exactOptional(annotations),
});
const index = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.exactOptional(text),
  artifactType: v.exactOptional(text),
  manifests: v.array(descriptor),
  subject: v.exactOptional(descriptor),
  annotations: v.exactOptional(annotations),
});
const healthcheck = v.looseObject({
  Test: v.exactOptional(texts),
  Interval: v.exactOptional(nanoseconds),
  Timeout: v.exactOptional(nanoseconds),
  StartPeriod: v.exactOptional(nanoseconds),
  StartInterval: v.exactOptional(nanoseconds),
  Retries: v.exactOptional(nanoseconds),
});
const containerConfig = v.looseObject({
  User: v.exactOptional(text),
  ExposedPorts: v.exactOptional(keys),
  Env: v.exactOptional(texts),
  Entrypoint: v.exactOptional(texts),
  Cmd: v.exactOptional(texts),
  Volumes: v.exactOptional(keys),
  WorkingDir: v.exactOptional(text),
  Labels: v.exactOptional(annotations),
  StopSignal: v.exactOptional(text),
  ArgsEscaped: v.exactOptional(v.boolean()),
  Healthcheck: v.exactOptional(healthcheck),
  Shell: v.exactOptional(texts),
  OnBuild: v.exactOptional(texts),
});
const historyEntry = v.looseObject({
  created: v.exactOptional(time),
  created_by: v.exactOptional(text),
  author: v.exactOptional(text),
  comment: v.exactOptional(text),
  empty_layer: v.exactOptional(v.boolean()),
});
const imageConfig = v.looseObject({
  created: v.exactOptional(time),
  author: v.exactOptional(text),
  architecture: text,
  os: text,
  variant: v.exactOptional(text),
  "os.version": v.exactOptional(text),
  "os.features": v.exactOptional(texts),
  config: v.exactOptional(containerConfig),
  rootfs: v.looseObject({ type: v.literal("layers"), diff_ids: v.array(digest) }),
  history: v.exactOptional(v.array(historyEntry)),
});

/** Parses and checks a manifest; `input` is its bytes, its text, or the parsed JSON. Throws `MANIFEST`. */
export function parseManifest(input: unknown): Manifest {
  const value = readObject(input, "manifest", MAX_MANIFEST_BYTES);
  refuseOtherKinds(value, "manifest");
  const clean = withoutNulls({ ...value, layers: value["layers"] ?? [] }, manifest.entries, {
    config: cleanDescriptor,
    layers: listOf(cleanDescriptor),
    subject: cleanDescriptor,
    annotations: cleanTexts,
  });
  return checked(manifest, clean, "manifest");
}

/** Parses and checks an index or a Docker manifest list. Throws `MANIFEST`. */
export function parseIndex(input: unknown): Index {
  const value = readObject(input, "index", MAX_MANIFEST_BYTES);
  refuseOtherKinds(value, "index");
  return checked(
    index,
    withoutNulls(value, index.entries, { manifests: listOf(cleanDescriptor), subject: cleanDescriptor, annotations: cleanTexts }),
    "index",
  );
}

/** Parses and checks an image config. Throws `MANIFEST`. */
export function parseImageConfig(input: unknown): ImageConfig {
  const value = readObject(input, "image config", MAX_CONFIG_BYTES);
  const clean = withoutNulls(value, imageConfig.entries, {
    config: cleanContainer,
    // An image without layers is written by Go programs with `"diff_ids": null`; nobody but us reads the type, of which there is one.
    rootfs: (entry) => (isObject(entry) ? { ...entry, type: "layers", diff_ids: entry["diff_ids"] ?? [] } : entry),
    history: listOf((entry) => withoutNulls(entry ?? {}, historyEntry.entries)),
  });
  return checked(imageConfig, clean, "image config");
}

/**
 * Parses a manifest or an index. `mediaType` is what its source says (a Content-Type, a descriptor); where the document names
 * a type itself, both must be manifests or both indexes, so that no two programs read the same digest in two ways. Throws `MANIFEST`.
 */
export function parseManifestOrIndex(input: unknown, mediaType?: string): ManifestOrIndex {
  const value = readObject(input, "manifest", MAX_MANIFEST_BYTES);
  const own = value["mediaType"];
  const said = mediaType !== undefined && (isIndex(mediaType) || isManifest(mediaType)) ? mediaType : undefined;
  const told = typeof own === "string" && own !== "" ? own : undefined;
  if (said !== undefined && told !== undefined && !isSameKind(told, said)) {
    throw badManifest("manifest", `it calls itself "${told}"; its source says "${said}"`);
  }
  const type = told ?? said;
  const asIndex = type === undefined ? "manifests" in value : isIndex(type);
  if (asIndex) return { kind: "index", mediaType: type ?? OCI_INDEX, index: parseIndex(value) };
  return { kind: "manifest", mediaType: type ?? OCI_MANIFEST, manifest: parseManifest(value) };
}

/** Docker's and OCI's documents are the same but for the names of their types, and registries mix them up. */
function isSameKind(one: string, other: string): boolean {
  return (isIndex(one) && isIndex(other)) || (isManifest(one) && isManifest(other));
}

type JsonObject = Readonly<Record<string, unknown>>;

function readObject(input: unknown, what: string, maxBytes: number): JsonObject {
  let value = input;
  if (input instanceof Uint8Array || typeof input === "string") {
    const length = input instanceof Uint8Array ? input.byteLength : input.length;
    if (length > maxBytes) throw badManifest(what, `it has ${length} bytes; at most ${maxBytes} are accepted`);
    try {
      value = JSON.parse(typeof input === "string" ? input : new TextDecoder("utf-8", { fatal: true }).decode(input));
    } catch (cause) {
      throw badManifest(what, "it is no JSON", cause);
    }
  }
  if (!isObject(value)) throw badManifest(what, "it is no JSON object");
  if (isDeeperThan(value, MAX_DEPTH)) throw badManifest(what, `its values are nested more than ${MAX_DEPTH} deep`);
  return value;
}

/** Who writes such a document needs a call for each level. */
const MAX_DEPTH = 500;

/** Arrays and objects inside each other, without a call for each. */
function isDeeperThan(value: unknown, most: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}

function refuseOtherKinds(value: JsonObject, wanted: "manifest" | "index"): void {
  const type = value["mediaType"];
  if (value["schemaVersion"] === 1 || type === DOCKER_SCHEMA1_MANIFEST || type === DOCKER_SCHEMA1_SIGNED_MANIFEST) {
    throw badManifest(wanted, "it has Docker's schema 1, which has no digests of its content; wanted schema 2 or OCI", undefined, {
      hint: "Push the image again with a current tool",
    });
  }
  if (typeof type === "string" && (wanted === "manifest" ? isIndex(type) : isManifest(type))) {
    throw badManifest(wanted, `it calls itself "${type}"`);
  }
  // A document that is both would be read differently by different programs (CVE-2021-41190).
  if ("manifests" in value && ("layers" in value || "config" in value)) {
    throw badManifest(wanted, 'it has "manifests" beside "layers" or "config"; it must be one or the other');
  }
}

type Clean = (value: unknown) => unknown;

/** Leaves out known fields that are null, and cleans known parts; own properties are copied as they are, "__proto__" included. */
function withoutNulls(value: unknown, entries: JsonObject, parts: Readonly<Record<string, Clean>> = {}): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, entry]) => (entry !== null && entry !== undefined) || !Object.hasOwn(entries, key))
      .map(([key, entry]) => [key, Object.hasOwn(parts, key) ? parts[key]?.(entry) : entry]),
  );
}

/** Go programs write lists of texts, maps of texts and sets with null for what is empty, and read them so. */
function cleanContainer(value: unknown): unknown {
  const cleanList = listOf((entry) => entry ?? "");
  return withoutNulls(value, containerConfig.entries, {
    Env: cleanList,
    Cmd: cleanList,
    Entrypoint: cleanList,
    Shell: cleanList,
    OnBuild: cleanList,
    Labels: cleanTexts,
    ExposedPorts: cleanSet,
    Volumes: cleanSet,
    Healthcheck: (health) => withoutNulls(health, healthcheck.entries, { Test: cleanList }),
  });
}

/** A size that is missing, or no size, is 0: whoever reads the blob looks how large it is. */
function cleanDescriptor(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { size } = value;
  const isNone = size === undefined || size === null || (typeof size === "number" && size < 0);
  return withoutNulls(isNone ? { ...value, size: 0 } : value, descriptor.entries, {
    platform: (entry) => withoutNulls(entry, platform.entries),
    annotations: cleanTexts,
  });
}

function cleanTexts(value: unknown): unknown {
  return mapped(value, (entry) => entry ?? "");
}

function cleanSet(value: unknown): unknown {
  return mapped(value, (entry) => entry ?? {});
}

function mapped(value: unknown, clean: Clean): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, clean(entry)])) : value;
}

function listOf(clean: Clean): Clean {
  return (value) => (Array.isArray(value) ? value.map(clean) : value);
}

function checked<Schema extends v.GenericSchema>(schema: Schema, value: unknown, what: string): v.InferInput<Schema> {
  if (v.is(schema, value)) return value;
  const result = v.safeParse(schema, value, { abortEarly: true });
  const issue = result.issues?.[0];
  const path = issue === undefined ? undefined : v.getDotPath(issue);
  throw badManifest(what, `${path === undefined || path === null ? "it" : `"${path}"`} is wrong: ${issue?.message ?? "unknown"}`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badManifest(what: string, state: string, cause?: unknown, options: { readonly hint?: string | undefined } = {}): DecantError {
  return new DecantError("MANIFEST", `Cannot read ${what}: ${state}`, { ...options, cause });
}
