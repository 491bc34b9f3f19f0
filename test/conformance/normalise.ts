/**
 * An image as plain data that can be compared: configuration, history, number of layers, and one line for each path of the merged tree. What
 * two builders may decide on their own is left out: times, digests, compression, and how layers are cut.
 */
import { createHash } from "node:crypto";
import type { TarEntry } from "../support/read-tar.ts";
import { type JsonObject, validateImage } from "../support/validate-image.ts";

/** What a build decides. */
export interface NormalImage {
  /** Fields of the configuration file that are not empty. */
  readonly config: JsonObject;
  /** "+" for a layer, "-" for none, then `created_by`; comment and author where they are not BuildKit's usual. */
  readonly history: readonly string[];
  readonly layers: number;
  /** Path → "file 0644 0:0 …". */
  readonly tree: Readonly<Record<string, string>>;
  /** Paths of the known root file system that are gone. Absent: it is not there. */
  readonly busyboxWithout?: readonly string[];
}

/** What is known of a case's image. */
export interface NormaliseOptions {
  /** Lines that are too many to record: taken out of `tree` where they are as said here. */
  readonly busybox?: Readonly<Record<string, string>>;
  /** Paths whose modification time counts; "*": all. */
  readonly times?: readonly string[];
  /** Texts that differ from run to run → what stands for them. */
  readonly placeholders?: Readonly<Record<string, string>>;
  /** Somebody else's image, whose flaws are not our subject. */
  readonly trusted?: boolean;
}

const TOP_FIELDS = ["architecture", "os", "variant", "os.version", "os.features", "author"];
const CONFIG_FIELDS = [
  "User",
  "ExposedPorts",
  "Env",
  "Entrypoint",
  "Cmd",
  "Volumes",
  "WorkingDir",
  "Labels",
  "StopSignal",
  "ArgsEscaped",
  "Healthcheck",
  "Shell",
  "OnBuild",
];
/** What git keeps for itself and writes as its version likes; HEAD, the names and where history is cut are what people see. */
const GIT_INTERNAL = /(?:^|\/)\.git\/(?:modules\/.*?\/)?(?:objects|logs|hooks|info|branches|index|config|description)(?:\/|$)/;
const USUAL_COMMENT = "buildkit.dockerfile.v0";
const TEXT_MAX_BYTES = 400;

/** Reads the OCI layout at `path`, and checks it. Throws for an image that is not valid, unless it is `trusted`. */
export function normaliseImage(path: string, options: NormaliseOptions = {}): NormalImage {
  const image = validateImage(path);
  if (options.trusted !== true && image.problems.length > 0) throw new Error(`the image is not valid:\n${image.problems.join("\n")}`);
  const hide = (text: string): string =>
    Object.entries(options.placeholders ?? {})
      .reduce((shown, [from, to]) => shown.replaceAll(from, to), text)
      // A layer that several cases have may have come with another one's image.
      .replaceAll(/127\.0\.0\.1:\d+\/case-\d+\/(\w+)/g, "@{$1}");
  const tree = treeLines(mergeLayers(image.layers.map(({ items }) => items)), new Set(options.times ?? []));
  const { busybox } = options;
  const without = Object.keys(busybox ?? {}).filter((known) => tree[known] === undefined);
  const installed = busybox !== undefined && without.length < Object.keys(busybox).length;
  return {
    config: normalConfig(image.config),
    history: historyOf(image.config).map((entry) => hide(historyLine(entry))),
    layers: image.layers.length,
    tree: Object.fromEntries(
      Object.entries(tree)
        .filter(([known, line]) => (!installed || busybox[known] !== line) && !GIT_INTERNAL.test(known))
        .map(([known, line]) => [known, hide(line)]),
    ),
    ...(installed ? { busyboxWithout: without } : {}),
  };
}

function normalConfig(document: JsonObject): JsonObject {
  const fields = document["config"];
  const config = typeof fields === "object" && fields !== null ? Object.fromEntries(Object.entries(fields)) : {};
  return Object.fromEntries([
    ...TOP_FIELDS.filter((name) => !isEmpty(document[name])).map((name) => [name, document[name]]),
    ...CONFIG_FIELDS.filter((name) => !isEmpty(config[name])).map((name) => [name, sorted(config[name])]),
    // S62: what the specification does not know survives.
    ...Object.keys({ ...document, ...config })
      .filter((name) => name.startsWith("x-"))
      .map((name) => [name, document[name] ?? config[name]]),
  ]);
}

/** Builders write an empty field or leave it out as they like. */
function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === "" ||
    value === false ||
    (typeof value === "object" && Object.keys(value).length === 0)
  );
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function historyOf(document: JsonObject): JsonObject[] {
  const { history } = { history: [], ...document };
  return Array.isArray(history) ? history.map((entry: unknown) => Object.fromEntries(Object.entries(entry ?? {}))) : [];
}

function historyLine(entry: JsonObject): string {
  const mark = entry["empty_layer"] === true ? "-" : "+";
  const text = (key: string): string => (typeof entry[key] === "string" ? entry[key] : "");
  const comment = text("comment") === USUAL_COMMENT ? "" : ` (${text("comment") || "no comment"})`;
  const author = text("author") === "" ? "" : ` by ${text("author")}`;
  return `${mark} ${text("created_by")}${comment}${author}`;
}

/** A path of the merged tree; hard links share their node. */
interface Node {
  readonly entry: TarEntry;
}

/** Applies layers in order, as a container runtime would (image-spec layer.md). */
function mergeLayers(layers: readonly (readonly TarEntry[])[]): Map<string, Node> {
  const tree = new Map<string, Node>();
  const removeBelow = (path: string): void => {
    for (const known of tree.keys()) if (path === "" || known.startsWith(`${path}/`)) tree.delete(known);
  };
  for (const entries of layers) {
    for (const { name } of entries) {
      const [folder, base] = splitPath(name);
      if (base === ".wh..wh..opq") removeBelow(folder);
      else if (base.startsWith(".wh.")) {
        const gone = folder === "" ? base.slice(4) : `${folder}/${base.slice(4)}`;
        tree.delete(gone);
        removeBelow(gone);
      }
    }
    for (const entry of entries) {
      if (splitPath(entry.name)[1].startsWith(".wh.")) continue;
      if (entry.kind !== "dir") removeBelow(entry.name);
      const target = entry.kind === "hardlink" ? tree.get(entry.link) : undefined;
      if (entry.kind === "hardlink" && target === undefined) throw new Error(`${entry.name} links to ${entry.link}, which is not there`);
      tree.set(entry.name, target ?? { entry });
    }
  }
  return tree;
}

function splitPath(path: string): [folder: string, base: string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, Math.max(at, 0)), path.slice(at + 1)];
}

function treeLines(tree: ReadonlyMap<string, Node>, times: ReadonlySet<string>): Record<string, string> {
  const paths = [...tree.keys()].toSorted();
  const first = new Map<Node, string>();
  const lines: Record<string, string> = {};
  for (const path of paths) {
    const node = tree.get(path);
    if (node === undefined) continue;
    const linked = first.get(node);
    if (linked === undefined) first.set(node, path);
    const time = times.has(path) || times.has("*") ? ` @${timeOf(node.entry)}` : "";
    lines[path] = linked === undefined ? `${describeEntry(node.entry)}${time}` : `same as ${linked}`;
  }
  return lines;
}

/** Nothing that a case brings along is younger: what is got its time from the step. */
const YOUNGEST_FIXTURE_SEC = 1_700_000_000;

function timeOf({ mtime }: TarEntry): string {
  return mtime > YOUNGEST_FIXTURE_SEC ? "step" : String(Math.floor(mtime));
}

/** "file 0644 0:0 "text"", "dir 0755 0:0", "symlink 0:0 -> target", "char 0644 0:0 1:3". */
export function describeEntry(entry: Pick<TarEntry, "kind" | "mode" | "uid" | "gid" | "link" | "device" | "content" | "xattrs">): string {
  const words = [entry.kind, ...(entry.kind === "symlink" ? [] : [(entry.mode & 0o7777).toString(8).padStart(4, "0")])];
  words.push(`${entry.uid}:${entry.gid}`);
  if (entry.kind === "file") words.push(describeContent(entry.content));
  if (entry.kind === "symlink") words.push(`-> ${entry.link}`);
  if (entry.device !== "") words.push(entry.device);
  for (const [name, value] of Object.entries(entry.xattrs)) words.push(`${name}=${value}`);
  return words.join(" ");
}

/** Small texts as they are, so that a recording can be read; anything else by size and digest. */
function describeContent(content: Buffer): string {
  const text = content.toString("utf8");
  if (content.byteLength <= TEXT_MAX_BYTES && Buffer.from(text, "utf8").equals(content)) return JSON.stringify(text);
  return `${content.byteLength} sha256:${createHash("sha256").update(content).digest("hex").slice(0, 16)}`;
}
