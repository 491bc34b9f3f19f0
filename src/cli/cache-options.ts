/** --cache-from and --cache-to in buildx's forms: a reference, or type=registry|local|inline|s3|gha,… Pure. */
import { isDecantError, unsupported, usageError } from "../errors.ts";
import { parseSize } from "../dockerfile/index.ts";
import { given } from "../given.ts";
import type { BuildOptions } from "../index.ts";
import type { SupportId } from "../support-row.ts";
import type { RepeatedOption } from "./command.ts";
import { booleanField, parseFields } from "./attributes.ts";
import { parseCsvLine } from "./csv.ts";
import { parseDuration } from "./duration.ts";
import { compressionOf } from "./output-spec.ts";
import { closest } from "./suggest.ts";

type CacheSource = NonNullable<BuildOptions["cacheFrom"]>[number];
type CacheTarget = NonNullable<BuildOptions["cacheTo"]>[number];
type S3Source = Extract<CacheSource, { readonly type: "s3" }>;
type GhaSource = Extract<CacheSource, { readonly type: "gha" }>;
type Type = CacheSource["type"];

const TARGET_FLAG = "--cache-to";
/** Kinds that BuildKit has and Decant has not. */
const OTHER_TYPES: Readonly<Record<string, SupportId>> = { azblob: "F101" };
/** What of BuildKit's has no meaning here, with a hint. */
const OTHER_KEYS: Readonly<Record<string, string>> = {
  url: "GitHub has switched off version 1 of its service: use url_v2, or leave it out",
  ghtoken: "Leave it out: Decant asks the cache service only",
  repository: "Leave it out: Decant asks the cache service only",
};
const SETTINGS = [
  "mode",
  "ignore-error",
  "compression",
  "compression-level",
  "force-compression",
  "oci-mediatypes",
  "image-manifest",
  "mounts",
  "mounts-max-size",
];
const S3_KEYS = [
  "region",
  "bucket",
  "name",
  "prefix",
  "blobs_prefix",
  "manifests_prefix",
  "endpoint_url",
  "use_path_style",
  "access_key_id",
  "secret_access_key",
  "session_token",
  "touch_refresh",
  "upload_parallelism",
];
const GHA_KEYS = ["url_v2", "token", "scope", "timeout"];
const SOURCE_KEYS: Readonly<Record<Type, readonly string[]>> = {
  registry: ["ref"],
  local: ["src", "tag", "digest"],
  s3: S3_KEYS,
  gha: GHA_KEYS,
};
const TARGET_KEYS: Readonly<Record<Type, readonly string[]>> = {
  registry: ["ref", ...SETTINGS],
  local: ["dest", "tag", ...SETTINGS],
  s3: [...S3_KEYS, ...SETTINGS],
  gha: [...GHA_KEYS, ...SETTINGS],
};
/** Values that no message may show. */
const SECRETS = ["access_key_id", "secret_access_key", "session_token", "token", "ghtoken"];

/** Spread it into a command's table. */
export const CACHE_OPTION_TABLE: Readonly<Record<"cache-from" | "cache-to", RepeatedOption>> = {
  "cache-from": {
    type: "string",
    multiple: true,
    value: "CACHE",
    help: "Results of other machines that may be used: REFERENCE, type=registry,ref=…, type=local,src=FOLDER, type=s3,… or type=gha",
  },
  "cache-to": {
    type: "string",
    multiple: true,
    value: "CACHE",
    help: "Where results go for other machines: the same with dest=FOLDER, and mode=min|max, compression=, ignore-error=, mounts=true; or type=inline",
  },
};

/** One value of --cache-from. Throws `USAGE`, `UNSUPPORTED`. */
export function parseCacheSource(text: string): CacheSource {
  const parsed = parse(text, "--cache-from", SOURCE_KEYS);
  const { type, attributes, needed } = parsed;
  switch (type) {
    case "registry":
      return { type, ref: needed("ref") };
    case "local":
      return { type, src: needed("src"), ...given({ selector: attributes.get("digest") ?? attributes.get("tag") }) };
    case "s3":
      return s3Of(parsed);
    case "gha":
      return ghaOf(parsed);
    default:
      return type satisfies never;
  }
}

/** Some clients always send the mode. */
function inlineTarget(text: string): CacheTarget {
  const other = text.split(",").find((field) => field !== "type=inline" && field !== "mode=min");
  if (other === undefined) return { type: "inline" };
  throw usageError(
    `Cannot use --cache-to "${text}": unexpected "${other}"; a cache in the image has only what its own layers are (mode=min)`,
  );
}

/** One value of --cache-to. Throws `USAGE`, `UNSUPPORTED`. */
export function parseCacheTarget(text: string): CacheTarget {
  if (/^type=inline(?:,|$)/.test(text)) return inlineTarget(text);
  const parsed = parse(text, TARGET_FLAG, TARGET_KEYS);
  const { type, attributes, needed, shown } = parsed;
  const mode = attributes.get("mode") ?? "min";
  if (mode !== "min" && mode !== "max") throw usageError(`Cannot use --cache-to "${shown}": unexpected mode "${mode}"; wanted min or max`);
  for (const name of ["oci-mediatypes", "image-manifest"])
    if (booleanField(attributes, name, TARGET_FLAG) === false) throw unsupported(`--cache-to with ${name}=false`, { hint: "Leave it out" });
  const { compression, level, force } = compressionOf(attributes, TARGET_FLAG);
  // Its layers hold a table of contents besides the files: they are others than those that the records promise.
  if (compression === "estargz") throw unsupported(`${TARGET_FLAG} with compression=estargz`, { hint: "Use compression=zstd or gzip" });
  const ignoreError = booleanField(attributes, "ignore-error", TARGET_FLAG) ?? false;
  const settings = { mode, ignoreError, compression, level, force, ...mountsOf(parsed) } as const;
  switch (type) {
    case "registry":
      return { type, ref: needed("ref"), ...settings };
    case "local":
      return { type, dest: needed("dest"), ...given({ tag: attributes.get("tag") }), ...settings };
    case "s3":
      return { ...s3Of(parsed), ...settings };
    case "gha":
      return { ...ghaOf(parsed), ...settings };
    default:
      return type satisfies never;
  }
}

/** "true", or ids with ";" between them. */
function mountsOf({ attributes, flag }: Parsed): Pick<Extract<CacheTarget, { readonly type: "local" }>, "mounts" | "mountsMaxBytes"> {
  const [wanted, size] = [attributes.get("mounts"), attributes.get("mounts-max-size")];
  const isSwitch = wanted === undefined || /^(?:1|t|true|0|f|false)$/i.test(wanted);
  let mountsMaxBytes: number | undefined;
  try {
    mountsMaxBytes = size === undefined ? undefined : parseSize(size);
  } catch (error) {
    if (!isDecantError(error)) throw error;
    throw usageError(`Cannot use ${flag} with mounts-max-size=${size}: wanted a size, for example 500MB or 2GB`);
  }
  // A word for true in other tools is no id.
  if (wanted !== undefined && /^(?:yes|no|on|off)$/i.test(wanted))
    throw usageError(`Cannot use ${flag} with mounts=${wanted}: wanted true, false, or ids of cache mounts with ";" between them`);
  return given({
    mounts: isSwitch ? booleanField(attributes, "mounts", flag) : wanted.split(";").filter((id) => id !== ""),
    mountsMaxBytes,
  });
}

/** Empty values are none, as CI systems write them. */
function s3Of({ attributes, flag }: Parsed): S3Source {
  const value = (name: string): string | undefined => attributes.get(name) || undefined;
  const touch = value("touch_refresh");
  const parallel = value("upload_parallelism");
  if (parallel !== undefined && !/^[1-9]\d{0,2}$/.test(parallel))
    throw usageError(`Cannot use ${flag} with upload_parallelism=${parallel}: wanted a number of 1 to 999`);
  return {
    type: "s3",
    ...given({
      region: value("region"),
      bucket: value("bucket"),
      name: value("name"),
      prefix: value("prefix"),
      blobsPrefix: attributes.get("blobs_prefix"),
      manifestsPrefix: attributes.get("manifests_prefix"),
      endpointUrl: value("endpoint_url"),
      usePathStyle: booleanField(attributes, "use_path_style", flag),
      accessKeyId: value("access_key_id"),
      secretAccessKey: value("secret_access_key"),
      sessionToken: value("session_token"),
      touchRefreshMs: touch === undefined ? undefined : parseDuration(touch, `${flag} with touch_refresh=`),
      uploadParallelism: parallel === undefined ? undefined : Number(parallel),
    }),
  };
}

function ghaOf({ attributes, flag }: Parsed): GhaSource {
  const value = (name: string): string | undefined => attributes.get(name) || undefined;
  const timeout = value("timeout");
  return {
    type: "gha",
    ...given({
      urlV2: value("url_v2"),
      token: value("token"),
      scope: value("scope"),
      timeoutMs: timeout === undefined ? undefined : parseDuration(timeout, `${flag} with timeout=`),
    }),
  };
}

interface Parsed {
  readonly type: Type;
  readonly flag: string;
  /** The text without secrets, for messages. */
  readonly shown: string;
  readonly attributes: Map<string, string>;
  readonly needed: (name: string) => string;
}

function parse(text: string, flag: string, keys: Readonly<Record<Type, readonly string[]>>): Parsed {
  const shown = withoutSecrets(text);
  const isReference = inWords(text, shown, () => parseCsvLine(text, flag)).length === 1 && !text.includes("=");
  const fields = isReference ? [["ref", text] as const] : inWords(text, shown, () => parseFields(text, flag));
  const attributes = new Map(fields.map(([name, value]) => [name.trim().toLowerCase(), value]));
  const type = attributes.get("type") ?? (isReference ? "registry" : "");
  attributes.delete("type");
  const row = OTHER_TYPES[type];
  if (row !== undefined) throw unsupported(`${flag} type=${type}`, { row });
  if (!isType(type)) {
    const state = type === "" ? "it has no type" : `unexpected type "${type}"`;
    throw usageError(`Cannot read ${flag} "${shown}": ${state}; wanted type=registry, local, s3, gha or, for --cache-to, inline`);
  }
  const known = keys[type];
  const unknown = [...attributes.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const other = type === "gha" ? OTHER_KEYS[unknown] : undefined;
    if (other !== undefined) throw unsupported(`${flag} type=gha with ${unknown}=`, { hint: other });
    const guess = closest(unknown, known);
    const hint = guess === undefined ? `It has ${known.join(", ")}` : `Did you mean ${guess}?`;
    throw usageError(`Cannot use ${flag} "${shown}": type=${type} has no attribute "${unknown}"`, hint);
  }
  const needed = (name: string): string => {
    const value = attributes.get(name) ?? "";
    if (value === "") throw usageError(`Cannot use ${flag} "${shown}": it has no ${name}; wanted type=${type},${name}=…`);
    return value;
  };
  return { type, flag, shown, attributes, needed };
}

function isType(text: string): text is Type {
  return Object.hasOwn(SOURCE_KEYS, text);
}

/** Keys and tokens are in the same text as what is wrong with it. */
function withoutSecrets(text: string): string {
  const names = SECRETS.join("|");
  return text
    .replaceAll(new RegExp(`("\\s*(?:${names})\\s*=)[^"]*`, "gi"), "$1…")
    .replaceAll(new RegExp(`((?:^|,)\\s*(?:${names})\\s*=)[^,]*`, "gi"), "$1…");
}

function inWords<Result>(text: string, shown: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!isDecantError(error, "USAGE")) throw error;
    throw usageError(error.message.replaceAll(text, shown), error.hint);
  }
}
