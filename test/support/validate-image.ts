/**
 * Checks an OCI layout (directory or tar), or a docker archive, from the bytes up, sharing nothing with the code under test but
 * the specs: digests, sizes, media types, diffIds, and every tar header of every layer. image-spec 1.1.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { readTar, type TarEntry } from "./read-tar.ts";

/** What was found: the documents of the one image, and everything that is wrong. */
export interface ValidatedImage {
  readonly problems: readonly string[];
  readonly index: JsonObject;
  readonly manifest: JsonObject;
  readonly manifestDigest: string;
  readonly config: JsonObject;
  readonly configDigest: string;
  readonly layers: readonly ValidatedLayer[];
  /** All names in the layout, sorted. */
  readonly files: readonly string[];
}

/** A layer, uncompressed and read. */
export interface ValidatedLayer {
  readonly mediaType: string;
  /** Of its blob. */
  readonly digest: string;
  /** One line for each of `items`: "file 0644 0:0 5 etc/motd". */
  readonly entries: readonly string[];
  readonly items: readonly TarEntry[];
}

/** A parsed JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

interface Files {
  readonly names: readonly string[];
  read(name: string): Buffer;
}

const LAYER = /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar(?:\+(gzip|zstd))?|docker\.image\.rootfs\.diff\.tar(?:\.(gzip|zstd))?)$/;
const MANIFEST = /^application\/vnd\.(?:oci\.image\.manifest\.v1|docker\.distribution\.manifest\.v2)\+json$/;
const CONFIG = /^application\/vnd\.(?:oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/;

/** Validates the layout at `path`. Throws only when there is no image to look at. */
export function validateImage(path: string): ValidatedImage {
  const files = statSync(path).isDirectory() ? directoryFiles(path) : tarFiles(readFileSync(path));
  const problems: string[] = [];
  const check = (fine: boolean, problem: string): void => {
    if (!fine) problems.push(problem);
  };
  check(object(JSON.parse(text(files, "oci-layout")))["imageLayoutVersion"] === "1.0.0", "oci-layout has another version");
  const index = object(JSON.parse(text(files, "index.json")));
  check(index["schemaVersion"] === 2, "index.json: schemaVersion is not 2");
  const entries = list(index["manifests"]).map(object);
  if (entries.length === 0) throw new Error("index.json names no image");
  const digests = new Set(entries.map((entry) => entry["digest"]));
  check(digests.size === 1, `index.json names ${digests.size} images`);

  const used = new Set<string>();
  const blob = (descriptor: JsonObject, what: string): Buffer => {
    const digest = string(descriptor["digest"]);
    const name = `blobs/${digest.replace(":", "/")}`;
    if (!files.names.includes(name)) throw new Error(`${what}: ${name} is missing`);
    used.add(name);
    const bytes = files.read(name);
    check(
      bytes.byteLength === descriptor["size"],
      `${what}: has ${bytes.byteLength} bytes, its descriptor says ${String(descriptor["size"])}`,
    );
    check(sha256(bytes) === digest, `${what}: has digest ${sha256(bytes)}, not ${digest}`);
    return bytes;
  };
  const [entry = {}] = entries;
  check(MANIFEST.test(string(entry["mediaType"])), `manifest: media type ${String(entry["mediaType"])}`);
  const manifest = object(JSON.parse(blob(entry, "manifest").toString("utf8")));
  check(manifest["mediaType"] === entry["mediaType"], "manifest: its own media type differs from its descriptor's");
  const configDescriptor = object(manifest["config"]);
  check(CONFIG.test(string(configDescriptor["mediaType"])), `config: media type ${String(configDescriptor["mediaType"])}`);
  const configBytes = blob(configDescriptor, "config");
  const config = object(JSON.parse(configBytes.toString("utf8")));
  for (const key of ["architecture", "os"]) check(typeof config[key] === "string", `config: no ${key}`);

  const lists = (value: unknown, what: string): unknown[] => {
    // An image without layers has BuildKit's digest only if its empty lists are null (L4).
    check(!Array.isArray(value) || value.length > 0, `${what} is empty, not null`);
    return list(value ?? []);
  };
  const diffIds = lists(object(config["rootfs"])["diff_ids"], "config: rootfs.diff_ids").map(string);
  const descriptors = lists(manifest["layers"], "manifest: layers").map(object);
  check(diffIds.length === descriptors.length, `config has ${diffIds.length} diffIds, the manifest ${descriptors.length} layers`);
  const history = list(config["history"] ?? []).map(object);
  const filled = history.filter((line) => line["empty_layer"] !== true).length;
  check(filled === descriptors.length, `history has ${filled} layers, the manifest ${descriptors.length}`);

  const layers = descriptors.map((descriptor, at) => {
    const mediaType = string(descriptor["mediaType"]);
    const packing = LAYER.exec(mediaType);
    check(packing !== null, `layer ${at}: media type ${mediaType}`);
    const tar = unpacked(blob(descriptor, `layer ${at}`), packing?.[1] ?? packing?.[2]);
    check(sha256(tar) === diffIds[at], `layer ${at}: its tar has digest ${sha256(tar)}, its diffId is ${String(diffIds[at])}`);
    const read = readTar(tar);
    problems.push(...read.problems.map((problem) => `layer ${at}: ${problem}`));
    return { mediaType, digest: string(descriptor["digest"]), entries: read.entries.map(line), items: read.entries };
  });
  for (const name of files.names.filter((known) => known.startsWith("blobs/"))) check(used.has(name), `${name} is used by nothing`);
  if (files.names.includes("manifest.json")) checkDockerManifest(files, { config: configDescriptor, layers: descriptors }, check);
  return {
    problems,
    index,
    manifest,
    manifestDigest: string(entry["digest"]),
    config,
    configDigest: sha256(configBytes),
    layers,
    files: files.names,
  };
}

function checkDockerManifest(
  files: Files,
  image: { readonly config: JsonObject; readonly layers: readonly JsonObject[] },
  check: (fine: boolean, problem: string) => void,
): void {
  const [first, ...more] = list(JSON.parse(text(files, "manifest.json"))).map(object);
  check(more.length === 0, "manifest.json names several images");
  const nameOf = ({ digest }: JsonObject): string => `blobs/${string(digest).replace(":", "/")}`;
  check(first?.["Config"] === nameOf(image.config), "manifest.json: Config is not the manifest's");
  check(JSON.stringify(first?.["Layers"]) === JSON.stringify(image.layers.map(nameOf)), "manifest.json: Layers are not the manifest's");
}

function directoryFiles(root: string): Files {
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.replace(/\/$/, "").length + 1));
  return { names: names.toSorted(), read: (name) => readFileSync(join(root, name)) };
}

function tarFiles(bytes: Buffer): Files {
  const { entries, problems } = readTar(bytes);
  if (problems.length > 0) throw new Error(`the archive itself: ${problems.join("; ")}`);
  const found = new Map(entries.filter((entry) => entry.kind === "file").map((entry) => [entry.name, entry.content]));
  return {
    names: [...found.keys()].toSorted(),
    read: (name) => {
      const content = found.get(name);
      if (content === undefined) throw new Error(`${name} is not in the archive`);
      return content;
    },
  };
}

function line({ kind, mode, uid, gid, content, name, link }: TarEntry): string {
  const fixed = `${kind} ${mode.toString(8).padStart(4, "0")} ${uid}:${gid}`;
  return `${fixed} ${content.byteLength} ${name}${link === "" ? "" : ` -> ${link}`}`;
}

function unpacked(bytes: Buffer, packing: string | undefined): Buffer {
  if (packing === "gzip") return gunzipSync(bytes);
  return packing === "zstd" ? zstdDecompressSync(bytes) : bytes;
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function text(files: Files, name: string): string {
  return files.read(name).toString("utf8");
}

function object(value: unknown): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`not an object: ${JSON.stringify(value)}`);
  return Object.fromEntries(Object.entries(value));
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Error(`not a list: ${JSON.stringify(value)}`);
  return value;
}

function string(value: unknown): string {
  if (typeof value !== "string") throw new Error(`not a string: ${JSON.stringify(value)}`);
  return value;
}
