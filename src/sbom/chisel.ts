/**
 * Slices of Debian packages, as chisel cuts them from Ubuntu: /var/lib/chisel/manifest.wall, JSON lines in zstd. Such images have no other record,
 * and scanners that do not read it see no package at all.
 */
import * as v from "valibot";
import { bytesOf, collect } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import type { OsRelease } from "../facts/index.ts";
import { given } from "../given.ts";
import { cleanTreePath, compareTreePaths, fromText, type TreePath, treePath } from "../paths.ts";
import { decompress, sniffCompression } from "../tree/index.ts";
import { debPurl, type DebRecord } from "./dpkg.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { UnreadRecord } from "./types.ts";

const MANIFEST = treePath("var/lib/chisel/manifest.wall");
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_TEXT_BYTES = 128 * 1024 * 1024;
const lineSchema = v.variant("kind", [
  v.object({
    kind: v.literal("package"),
    name: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9+._-]*$/)),
    version: v.pipe(v.string(), v.nonEmpty()),
    arch: v.optional(v.string()),
  }),
  // "libc6_libs" is the slice libs of libc6: names of packages have no underscore.
  v.object({ kind: v.literal("content"), slice: v.string(), path: v.string() }),
]);

/** The packages that slices were cut from, with those of their files that are in the tree. A damaged manifest goes to `unread`. */
export async function readChisel(files: TreeFiles, os: OsRelease | undefined, unread: UnreadRecord[]): Promise<readonly DebRecord[]> {
  const bytes = await files.read(MANIFEST, MAX_BYTES, unread);
  const text = bytes === undefined ? undefined : await textOf(bytes);
  if (bytes === undefined) return [];
  if (text === undefined) {
    unread.push({ path: MANIFEST, why: "it is no manifest of chisel in zstd" });
    return [];
  }
  const lines = text.split("\n").flatMap((line) => parsed(line) ?? []);
  const contents = new Map<string, Set<TreePath>>();
  for (const line of lines) {
    if (line.kind !== "content") continue;
    const entry = files.locate(cleanTreePath(fromText(line.path)));
    if (entry === undefined || entry.kind === "dir") continue;
    const owner = line.slice.split("_", 1)[0] ?? "";
    contents.set(owner, (contents.get(owner) ?? new Set()).add(entry.path));
  }
  return lines.flatMap((line): DebRecord[] => {
    if (line.kind !== "package") return [];
    const { name, version, arch } = line;
    return [
      {
        kind: "deb",
        name,
        version,
        ...given({ architecture: arch }),
        purl: debPurl({ name, version, architecture: arch ?? "" }, os),
        files: [...(contents.get(name) ?? [])].toSorted(compareTreePaths),
        location: MANIFEST,
        requires: [],
        provides: [],
      },
    ];
  });
}

async function textOf(bytes: Buffer): Promise<string | undefined> {
  try {
    if (sniffCompression(bytes) !== "zstd") return undefined;
    return (await collect(decompress(bytesOf(bytes)), MAX_TEXT_BYTES)).toString("utf8");
  } catch (error) {
    // Damaged, or too large.
    if (isDecantError(error)) return undefined;
    throw error;
  }
}

/** The first line and lines of other kinds say nothing of packages. */
function parsed(line: string): v.InferOutput<typeof lineSchema> | undefined {
  try {
    const result = v.safeParse(lineSchema, JSON.parse(line));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
