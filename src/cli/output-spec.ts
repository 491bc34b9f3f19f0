/**
 * `-o` of docker buildx → `OutputSpec`: `-o DIR`, `-o -`, `-o type=oci,dest=x.tar,name=…,compression=zstd`.
 * What BuildKit knows and Decant does not have is refused by name.
 */
import { unsupported, usageError, type DecantError } from "../errors.ts";
import { given } from "../given.ts";
import type {
  AnnotationSpec,
  BuildResult,
  CompressionOptions,
  FileOptions,
  ImageOptions,
  KeepOptions,
  OutputSpec,
  RegistryOptions,
} from "../index.ts";
import { loadTargetOf } from "../daemon/index.ts";
import type { SupportId } from "../support-row.ts";
import { parseAnnotationAttribute } from "./annotations.ts";
import type { RepeatedOption } from "./command.ts";
import type { CliContext, OutputStream } from "./context.ts";
import { booleanField, parseFields } from "./attributes.ts";
import { parseCsvLine } from "./csv.ts";
import { closest } from "./suggest.ts";

/** `-o` of the commands that make images. */
export const OUTPUT_OPTION: RepeatedOption = {
  type: "string",
  multiple: true,
  short: "o",
  value: "OUTPUT",
  help: "Where the result goes: type=image, registry, oci, docker, local, tar or cacheonly; or a folder; or - for a tar",
};

type Attributes = Map<string, string>;

const OUTPUT_FLAG = "--output";

const TYPES = ["image", "registry", "oci", "docker", "local", "tar", "cacheonly"] as const;
const COMPRESSION_KEYS = ["compression", "compression-level", "force-compression", "rewrite-timestamp"] as const;
const OF_IMAGES = [
  "name",
  "oci-mediatypes",
  "oci-artifact",
  "prefer-nondist-layers",
  "attestations",
  "attestation-inline",
  "prefer-image-digest",
  "source-date-epoch",
] as const;
const IMAGE_KEYS = [...OF_IMAGES, ...COMPRESSION_KEYS] as const;
const FILE_KEYS = ["dest", "platform-split", "attestations", "attestation-prefix", "source-date-epoch"] as const;
/** Names are found with their digests in any case, and files are unpacked when something needs them: name-canonical and unpack change nothing. */
const PUSH_KEYS = ["push", "push-by-digest", "name-canonical", "registry.insecure", "store", "unpack", "dangling-name-prefix"] as const;
/** Attributes by type; all others that BuildKit has are in USUAL and NOT_YET. */
const KEYS: Readonly<Record<(typeof TYPES)[number], readonly string[]>> = {
  image: [...IMAGE_KEYS, ...PUSH_KEYS],
  registry: [...IMAGE_KEYS, ...PUSH_KEYS],
  oci: [...IMAGE_KEYS, "dest", "tar"],
  docker: [...IMAGE_KEYS, "dest", "tar", "context"],
  local: [...FILE_KEYS, "mode"],
  tar: FILE_KEYS,
  cacheonly: [],
};
/** Attributes of which Decant has the one value that BuildKit has where it is not told otherwise. */
const USUAL: Readonly<Record<string, { readonly value: boolean | string; readonly row: SupportId; readonly types: readonly string[] }>> = {
  mode: { value: "copy", row: "F115", types: ["tar"] },
};
const NOT_YET: Readonly<Record<string, SupportId>> = {
  buildinfo: "F132",
  "force-inline-attestations": "F132",
  lazy: "F107",
  "nydus-fs-version": "F117",
  "nydus-chunk-dict-image": "F117",
};

/** Parses one `-o` value; `tags` name the image where the value does not. Throws `USAGE`, `UNSUPPORTED`. */
export function parseOutput(text: string, tags: readonly string[]): OutputSpec {
  const fields = parseCsvLine(text, OUTPUT_FLAG);
  if (fields.length === 1 && fields[0] === text && !text.startsWith("type="))
    return text === "-" ? { type: "tar", dest: "-" } : { type: "local", dest: text };
  const attributes: Attributes = new Map();
  const annotations: AnnotationSpec[] = [];
  for (const [written, value] of parseFields(text, OUTPUT_FLAG)) {
    const name = written.trim();
    // Keys of annotations have upper and lower case.
    const annotation = parseAnnotationAttribute(name, value);
    if (annotation === undefined) attributes.set(name.toLowerCase(), value);
    else annotations.push(annotation);
  }
  const wanted = attributes.get("type");
  attributes.delete("type");
  if (wanted === undefined) throw usageError(`Cannot read --output "${text}": it has no type; wanted type=${TYPES.join("|")}`);
  const type = TYPES.find((known) => known === wanted);
  if (type === undefined) throw unknownType(wanted);
  for (const key of attributes.keys()) if (!KEYS[type].includes(key) && !isUsual(type, key, attributes)) throw unknownKey(type, key);
  const output = outputOf(type, attributes, tags);
  if (annotations.length === 0) return output;
  if (output.type === "local" || output.type === "tar" || output.type === "cacheonly")
    throw usageError(`Cannot use annotations of --output type=${type}: it writes no image`);
  return { ...output, annotations };
}

function outputOf(type: (typeof TYPES)[number], attributes: Attributes, tags: readonly string[]): OutputSpec {
  const dest = attributes.get("dest");
  const names = splitNames(attributes.get("name")) ?? tags;
  const ofImage = (): ImageOptions => imageOptions(attributes);
  switch (type) {
    case "image":
      return { type, names, push: booleanOf(attributes, "push") ?? false, ...keepOptions(attributes), ...ofImage() };
    case "registry":
      if (booleanOf(attributes, "push") === false)
        throw usageError("Cannot use --output type=registry with push=false: it always pushes; wanted type=image,push=false");
      if (names.length === 0) throw usageError("Cannot push the image: it has no name", "Name it with --tag NAME or name=NAME");
      if (booleanOf(attributes, "store") === true) return { type: "image", names, push: true, ...pushOptions(attributes), ...ofImage() };
      return { type, names, ...pushOptions(attributes), ...ofImage() };
    case "oci":
      return { type, dest: dest ?? "-", tar: booleanOf(attributes, "tar") ?? true, names, ...ofImage() };
    case "docker":
      return { type, names, ...given({ dest, tar: booleanOf(attributes, "tar"), context: attributes.get("context") }), ...ofImage() };
    case "local":
      if (dest === undefined) throw usageError("Cannot use --output type=local: it has no dest; wanted dest=FOLDER");
      return { type, dest, ...given({ mode: modeOf(attributes) }), ...filesOf(attributes) };
    case "tar":
      return { type, dest: dest ?? "-", ...filesOf(attributes) };
    case "cacheonly":
      return { type };
  }
}

/** `--load`, which may say where: the output that it means, or none. Throws `USAGE`. */
export function parseLoad(value: string | undefined, tags: readonly string[]): OutputSpec[] {
  // docker's flag is a boolean, in the spellings of Go.
  if (value === undefined || /^(?:0|f|false)$/i.test(value)) return [];
  const output = { type: "docker", names: tags } as const;
  if (/^(?:1|t|true)$/i.test(value)) return [output];
  const into = loadTargetOf(value);
  if (into === undefined) throw usageError(`Cannot use --load "${value}": wanted auto, docker, podman, containerd or store`);
  return [{ ...output, into }];
}

/** Throws `USAGE` for an archive that would go to a terminal. `hint`: what to do instead. */
export function refuseTerminal(
  outputs: readonly (OutputSpec | { readonly dest: string })[],
  { isTerminal }: OutputStream,
  hint = "Give dest=FILE, or redirect standard output",
): void {
  if (isTerminal && outputs.some(isToStdout)) throw usageError("Cannot write an archive to the terminal: wanted a file", hint);
}

function isToStdout(output: OutputSpec | { readonly dest: string }): boolean {
  return "dest" in output && output.dest === "-";
}

/** Prints the image ID, or a line for each of several targets, unless an output has gone to standard output: then it would end up in that. */
export async function tellImageId(
  { outputs, targets, configDigest }: Pick<BuildResult, "configDigest" | "outputs" | "targets">,
  { stdout }: CliContext,
): Promise<void> {
  if (outputs.some(({ output }) => isToStdout(output))) return;
  for (const one of targets ?? [{ configDigest }]) if (one.configDigest !== undefined) await stdout.write(`${one.configDigest}\n`);
}

function filesOf(attributes: Attributes): FileOptions {
  return given({
    attestations: booleanOf(attributes, "attestations"),
    platformSplit: booleanOf(attributes, "platform-split"),
    attestationPrefix: attributes.get("attestation-prefix"),
    sourceDateEpoch: epochOf(attributes),
  });
}

/** "copy" is what is done without it. */
function modeOf(attributes: Attributes): "delete" | undefined {
  const mode = attributes.get("mode") ?? "copy";
  if (mode === "copy" || mode === "delete") return mode === "delete" ? mode : undefined;
  throw usageError(`Cannot use --output type=local with mode=${mode}: wanted copy or delete`);
}

function pushOptions(attributes: Attributes): RegistryOptions {
  for (const key of ["name-canonical", "unpack"]) booleanOf(attributes, key);
  return given({ pushByDigest: booleanOf(attributes, "push-by-digest"), insecure: booleanOf(attributes, "registry.insecure") });
}

function keepOptions(attributes: Attributes): KeepOptions {
  const [store, danglingNamePrefix] = [booleanOf(attributes, "store"), attributes.get("dangling-name-prefix")];
  return { ...pushOptions(attributes), ...given({ store, danglingNamePrefix }) };
}

function imageOptions(attributes: Attributes): ImageOptions {
  booleanOf(attributes, "prefer-nondist-layers");
  return given({
    ociMediaTypes: booleanOf(attributes, "oci-mediatypes"),
    ociArtifact: booleanOf(attributes, "oci-artifact"),
    attestations: booleanOf(attributes, "attestations"),
    attestationInline: booleanOf(attributes, "attestation-inline"),
    preferImageDigest: booleanOf(attributes, "prefer-image-digest"),
    sourceDateEpoch: epochOf(attributes),
    ...compressionOf(attributes),
  });
}

/** Nothing is no epoch, as in BuildKit. */
function epochOf(attributes: Attributes): number | "none" | undefined {
  const value = attributes.get("source-date-epoch");
  if (value === undefined) return undefined;
  if (value === "") return "none";
  if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
  throw usageError(`Cannot use --output with source-date-epoch=${value}: wanted seconds since 1970`);
}

/** Is it what would be done anyway? Throws for another value. */
function isUsual(type: string, key: string, attributes: Attributes): boolean {
  const usual = Object.hasOwn(USUAL, key) ? USUAL[key] : undefined;
  if (usual === undefined || !usual.types.includes(type)) return false;
  const value = typeof usual.value === "boolean" ? booleanOf(attributes, key) : attributes.get(key);
  if (value === usual.value) return true;
  throw unsupported(`--output type=${type} with ${key}=${attributes.get(key) ?? ""}`, { row: usual.row });
}

/** compression, compression-level, force-compression and rewrite-timestamp; `flag`: what has them. Throws `USAGE`, `UNSUPPORTED`. */
export function compressionOf(attributes: Attributes, flag: string = OUTPUT_FLAG): CompressionOptions {
  const compression = attributes.get("compression");
  const level = attributes.get("compression-level");
  const force = booleanField(attributes, "force-compression", flag);
  const rewriteTimestamp = booleanField(attributes, "rewrite-timestamp", flag);
  const known = (["uncompressed", "gzip", "estargz", "zstd"] as const).find((one) => one === compression);
  if (compression !== undefined && known === undefined)
    throw usageError(`Cannot use compression "${compression}": wanted uncompressed, gzip, estargz or zstd`);
  if (level !== undefined && !/^\d{1,2}$/.test(level)) throw usageError(`Cannot use compression-level "${level}": wanted a whole number`);
  return given({ compression: known, level: level === undefined ? undefined : Number(level), force, rewriteTimestamp });
}

function splitNames(value: string | undefined): string[] | undefined {
  const names = value?.split(",").map((name) => name.trim());
  return names?.filter((name) => name !== "");
}

function booleanOf(attributes: Attributes, key: string): boolean | undefined {
  return booleanField(attributes, key, OUTPUT_FLAG);
}

function unknownType(wanted: string): DecantError {
  const guess = closest(wanted, TYPES);
  return usageError(
    `Cannot use --output type=${wanted}: there is no such type; wanted ${TYPES.join(", ")}`,
    guess === undefined ? undefined : `Did you mean type=${guess}?`,
  );
}

function unknownKey(type: keyof typeof KEYS, key: string): DecantError {
  const row = Object.hasOwn(NOT_YET, key) ? NOT_YET[key] : undefined;
  if (row !== undefined) return unsupported(`Attribute "${key}" of --output type=${type}`, { row });
  const guess = closest(key, KEYS[type]);
  return usageError(
    `Cannot use attribute "${key}" of --output type=${type}: there is no such attribute`,
    guess === undefined ? undefined : `Did you mean "${guess}"?`,
  );
}
