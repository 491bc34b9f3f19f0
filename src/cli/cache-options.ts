/** --cache-from and --cache-to in buildx's forms: a reference, or type=registry|local|inline,… Pure. */
import { unsupported, usageError } from "../errors.ts";
import { given } from "../given.ts";
import type { BuildOptions } from "../index.ts";
import type { SupportId } from "../support-row.ts";
import type { RepeatedOption } from "./command.ts";
import { booleanField, parseFields } from "./attributes.ts";
import { parseCsvLine } from "./csv.ts";
import { compressionOf } from "./output-spec.ts";
import { closest } from "./suggest.ts";

type CacheSource = NonNullable<BuildOptions["cacheFrom"]>[number];
type CacheTarget = NonNullable<BuildOptions["cacheTo"]>[number];

const TARGET_FLAG = "--cache-to";
/** Kinds that BuildKit has and Decant has not. */
const OTHER_TYPES: Readonly<Record<string, SupportId>> = { gha: "F100", s3: "F101", azblob: "F101" };
const SETTINGS = ["mode", "ignore-error", "compression", "compression-level", "force-compression", "oci-mediatypes", "image-manifest"];
const SOURCE_KEYS = { registry: ["ref"], local: ["src", "tag", "digest"] };
const TARGET_KEYS = { registry: ["ref", ...SETTINGS], local: ["dest", "tag", ...SETTINGS] };

/** Spread it into a command's table. */
export const CACHE_OPTION_TABLE: Readonly<Record<"cache-from" | "cache-to", RepeatedOption>> = {
  "cache-from": {
    type: "string",
    multiple: true,
    value: "CACHE",
    help: "Results of other machines that may be used: REFERENCE, type=registry,ref=… or type=local,src=FOLDER",
  },
  "cache-to": {
    type: "string",
    multiple: true,
    value: "CACHE",
    help: "Where results go for other machines: the same with dest=FOLDER, and mode=min|max, compression=, ignore-error=; or type=inline",
  },
};

/** One value of --cache-from. Throws `USAGE`, `UNSUPPORTED`. */
export function parseCacheSource(text: string): CacheSource {
  const { type, attributes, needed } = parse(text, "--cache-from", SOURCE_KEYS);
  if (type === "registry") return { type, ref: needed("ref") };
  return { type, src: needed("src"), ...given({ selector: attributes.get("digest") ?? attributes.get("tag") }) };
}

/** One value of --cache-to. Throws `USAGE`, `UNSUPPORTED`. */
export function parseCacheTarget(text: string): CacheTarget {
  if (text === "type=inline") return { type: "inline" };
  const { type, attributes, needed } = parse(text, TARGET_FLAG, TARGET_KEYS);
  const mode = attributes.get("mode") ?? "min";
  if (mode !== "min" && mode !== "max") throw usageError(`Cannot use --cache-to "${text}": unexpected mode "${mode}"; wanted min or max`);
  for (const name of ["oci-mediatypes", "image-manifest"])
    if (booleanField(attributes, name, TARGET_FLAG) === false) throw unsupported(`--cache-to with ${name}=false`, { hint: "Leave it out" });
  const { compression, level, force } = compressionOf(attributes, TARGET_FLAG);
  // Its layers hold a table of contents besides the files: they are others than those that the records promise.
  if (compression === "estargz") throw unsupported(`${TARGET_FLAG} with compression=estargz`, { hint: "Use compression=zstd or gzip" });
  const ignoreError = booleanField(attributes, "ignore-error", TARGET_FLAG) ?? false;
  const settings = { mode, ignoreError, compression, level, force } as const;
  if (type === "registry") return { type, ref: needed("ref"), ...settings };
  return { type, dest: needed("dest"), ...given({ tag: attributes.get("tag") }), ...settings };
}

interface Parsed {
  readonly type: "registry" | "local";
  readonly attributes: Map<string, string>;
  readonly needed: (name: string) => string;
}

function parse(text: string, flag: string, keys: Readonly<Record<Parsed["type"], readonly string[]>>): Parsed {
  const isReference = parseCsvLine(text, flag).length === 1 && !text.includes("=");
  const fields = isReference ? [["ref", text] as const] : parseFields(text, flag);
  const attributes = new Map(fields.map(([name, value]) => [name.trim().toLowerCase(), value]));
  const type = attributes.get("type") ?? (isReference ? "registry" : "");
  attributes.delete("type");
  const row = OTHER_TYPES[type];
  if (row !== undefined) throw unsupported(`${flag} type=${type}`, { row });
  if (type !== "registry" && type !== "local") {
    const state = type === "" ? "it has no type" : `unexpected type "${type}"`;
    throw usageError(`Cannot read ${flag} "${text}": ${state}; wanted type=registry, type=local or, for --cache-to, type=inline`);
  }
  const known = keys[type];
  const unknown = [...attributes.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const guess = closest(unknown, known);
    const hint = guess === undefined ? `It has ${known.join(", ")}` : `Did you mean ${guess}?`;
    throw usageError(`Cannot use ${flag} "${text}": type=${type} has no attribute "${unknown}"`, hint);
  }
  const needed = (name: string): string => {
    const value = attributes.get(name) ?? "";
    if (value === "") throw usageError(`Cannot use ${flag} "${text}": it has no ${name}; wanted type=${type},${name}=…`);
    return value;
  };
  return { type, attributes, needed };
}
