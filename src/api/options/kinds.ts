/** The kinds of options that functions share. */
import * as v from "valibot";
import type { StoreOptions } from "../../context/index.ts";
import type { AnnotationSpec, CompressionOptions, FileOptions, ImageOptions, RegistryOptions } from "../../image/index.ts";
import type { DebianOptions } from "../../project/index.ts";
import type { SandboxResources } from "../../engine/index.ts";
import type { Kind } from "./shape.ts";

/** Its fields, for each of which there must be a kind. */
export type Fields<Value> = { readonly [Name in keyof Value]-?: Kind };

/** A text. */
export const text: Kind = v.string("a text");
/** True or false. */
export const flag: Kind = v.boolean("true or false");
/** A whole number, 0 or more. */
export const count: Kind = v.custom((value) => Number.isSafeInteger(value) && Number(value) >= 0, "a whole number, 0 or more");
/** A whole number. */
const whole: Kind = v.custom((value) => Number.isSafeInteger(value), "a whole number");
/** A number, 0 or more. */
export const amount: Kind = v.custom((value) => typeof value === "number" && value >= 0, "a number, 0 or more");
/** Something to call. */
export const call: Kind = v.custom((value) => typeof value === "function", "a function");
/** Chunks of bytes. */
export const stream: Kind = v.custom(
  (value) => isObject(value) && typeof Reflect.get(value, Symbol.asyncIterator) === "function",
  "an async iterable of Uint8Array",
);

/** May be left out, or undefined. */
export function maybe(kind: Kind): Kind {
  return v.optional(kind);
}

/** A list of such values. */
export function list(kind: Kind): Kind {
  return v.array(kind, "a list");
}

/** Values by name. */
export function record(kind: Kind): Kind {
  return v.pipe(v.custom<Record<string, unknown>>(isRecord, "an object"), v.record(v.string(), kind));
}

/** One of these texts. */
export function oneOf<Text extends string>(...texts: readonly Text[]): Kind {
  return v.picklist(texts, texts.map((one) => `"${one}"`).join(", "));
}

/** An object with these fields and no others. */
export function fields<Value>(kinds: Fields<Value>): Kind {
  return v.strictObject<Record<string, Kind>, string>(kinds, "an object");
}

/** The options of every call that works on a store. */
export const STORE: Fields<StoreOptions> = {
  root: maybe(text),
  env: maybe(record(maybe(text))),
  signal: maybe(v.custom((value) => value instanceof AbortSignal, "an AbortSignal")),
};

/** How Debian's archive is reached. */
export const DEBIAN: Fields<DebianOptions> = {
  mirror: maybe(text),
  securityMirror: maybe(text),
  snapshot: maybe(text),
  keyring: maybe(text),
  offline: maybe(flag),
  acceptExpired: maybe(flag),
};

/** How layers are stored. */
export const COMPRESSION: Fields<CompressionOptions> = {
  compression: maybe(oneOf("uncompressed", "gzip", "estargz", "zstd")),
  level: maybe(whole),
  encoder: maybe(oneOf("isal", "zlib")),
  force: maybe(flag),
  rewriteTimestamp: maybe(flag),
};

/** Annotations of an image. */
export const annotations: Kind = list(
  fields<AnnotationSpec>({
    level: maybe(oneOf("manifest", "manifest-descriptor", "index", "index-descriptor")),
    platform: maybe(text),
    key: text,
    value: text,
  }),
);

const resources = fields<SandboxResources>({
  memoryBytes: maybe(amount),
  memorySwapBytes: maybe(whole),
  cpuShares: maybe(count),
  cpuPeriodUsec: maybe(count),
  cpuQuotaUsec: maybe(whole),
  cpus: maybe(text),
  mems: maybe(text),
});

interface Limits {
  readonly addHosts?: unknown;
  readonly ulimits?: unknown;
  readonly shmSizeBytes?: unknown;
  readonly resources?: unknown;
}

/** What steps and containers may use, and whom they know. */
export const LIMITS: Fields<Limits> = {
  addHosts: maybe(list(fields<{ host: string; ip: string }>({ host: text, ip: text }))),
  ulimits: maybe(list(fields<{ name: string; soft: number; hard: number }>({ name: text, soft: whole, hard: whole }))),
  shmSizeBytes: maybe(count),
  resources: maybe(resources),
};

const epoch: Kind = v.custom((value) => value === "none" || Number.isSafeInteger(value), 'whole seconds since 1970, or "none"');
const IMAGE: Fields<ImageOptions> = {
  ...COMPRESSION,
  annotations: maybe(annotations),
  ociMediaTypes: maybe(flag),
  ociArtifact: maybe(flag),
  attestations: maybe(flag),
  attestationInline: maybe(flag),
  preferImageDigest: maybe(flag),
  sourceDateEpoch: maybe(epoch),
};
const FILES: Fields<FileOptions> = {
  attestations: maybe(flag),
  platformSplit: maybe(flag),
  attestationPrefix: maybe(text),
  sourceDateEpoch: maybe(epoch),
};
const PUSH: Fields<RegistryOptions> = { pushByDigest: maybe(flag), insecure: maybe(flag) };
const OUTPUT_TYPES = {
  image: { names: list(text), push: flag, store: maybe(flag), danglingNamePrefix: maybe(text), ...PUSH, ...IMAGE },
  registry: { names: list(text), ...PUSH, ...IMAGE },
  oci: { dest: text, tar: flag, names: list(text), ...IMAGE },
  docker: {
    dest: maybe(text),
    tar: maybe(flag),
    into: maybe(oneOf("auto", "docker", "podman", "containerd", "store")),
    context: maybe(text),
    names: list(text),
    ...IMAGE,
  },
  local: { dest: text, mode: maybe(oneOf("copy", "delete")), ...FILES },
  tar: { dest: text, ...FILES },
  cacheonly: {},
} as const;

/** Where results go. */
export const outputs: Kind = list(
  v.variant(
    "type",
    Object.entries(OUTPUT_TYPES).map(([type, kinds]) => v.strictObject({ type: v.literal(type), ...kinds }, "an object")),
    Object.keys(OUTPUT_TYPES)
      .map((type) => `"${type}"`)
      .join(", "),
  ),
);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Also `process.env`, which is an exotic object. */
function isRecord(value: unknown): boolean {
  return isObject(value) && !Array.isArray(value);
}
