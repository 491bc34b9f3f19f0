/**
 * An OCI layout as a directory (buildx: type=oci,tar=false). Blobs come first, each by rename; index.json is last, by rename: a reader
 * sees the old image or the new one. Other images in the layout stay.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, isDecantError } from "../../errors.ts";
import { type Descriptor, MAX_MANIFEST_BYTES, parseIndex } from "../../oci/index.ts";
import { makeFolders, readNamedFile } from "../../sys/index.ts";
import { exportError, writeError } from "../errors.ts";
import { createOutputFile } from "../output-file.ts";
import { startProgress } from "../../transfer.ts";
import type { ExportContext } from "../types.ts";
import { destinationFolder } from "./destination.ts";
import {
  type BlobEntry,
  IMAGE_NAME_ANNOTATION,
  OCI_LAYOUT_TEXT,
  REF_NAME_ANNOTATION,
  foldersOf,
  indexText,
  sizeOfEntry,
} from "./layout.ts";

/** What goes into it. */
interface LayoutDirectory {
  readonly blobs: readonly BlobEntry[];
  /** The entries of index.json. */
  readonly index: readonly Descriptor[];
  /** The text of manifest.json, for type=docker. */
  readonly dockerManifest?: string | undefined;
}

/** Writes what is missing and moves the names to the new manifest. Gives the absolute path. Throws `EXPORT`. */
export async function writeLayoutDirectory(
  ctx: ExportContext,
  output: { readonly type: string; readonly dest: string },
  { blobs, index, dockerManifest }: LayoutDirectory,
): Promise<string> {
  const path = destinationFolder(ctx, output);
  // Two builds that write to one layout must not lose each other's names.
  await using _lock = await ctx.store.locks.acquire(`layout:${path}`, { signal: ctx.signal });
  try {
    for (const folder of foldersOf(blobs)) makeFolders(join(path, folder));
    const before = await readIndex(path);
    for (const blob of blobs) {
      ctx.signal.throwIfAborted();
      await writeBlob(ctx, path, blob);
    }
    await writeChanged(join(path, "oci-layout"), OCI_LAYOUT_TEXT, ctx.signal);
    if (dockerManifest !== undefined) await writeChanged(join(path, "manifest.json"), dockerManifest, ctx.signal);
    await writeChanged(join(path, "index.json"), indexText(updated(before, index)), ctx.signal);
  } catch (error) {
    throw writeError("write OCI layout", path, error);
  }
  return path;
}

/** Which blobs the layout in the folder `path` has: those need not even be fetched. */
export async function layoutBlobs(path: string): Promise<{ has(descriptor: Descriptor): boolean }> {
  const sizes = new Map<string, number>();
  const folder = join(path, "blobs", "sha256");
  for (const name of await namesIn(folder)) {
    const size = await sizeOf(join(folder, name));
    if (size !== undefined) sizes.set(`sha256:${name}`, size);
  }
  return { has: ({ digest, size }) => sizes.get(digest) === size };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    // What is no layout is told when it is written to.
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return [];
    throw writeError("read OCI layout", folder, error);
  }
}

async function readIndex(path: string): Promise<readonly Descriptor[]> {
  const file = join(path, "index.json");
  const read = await readNamedFile({ path: file }, { maxBytes: MAX_MANIFEST_BYTES });
  if ("problem" in read) {
    if (read.isMissing) return [];
    throw exportError("update", file, read.problem);
  }
  try {
    return parseIndex(read.bytes).manifests;
  } catch (error) {
    if (!isDecantError(error, "MANIFEST")) throw error;
    throw exportError("update", file, "it is no OCI index", { hint: "Remove it, or choose another destination", cause: error });
  }
}

/**
 * A name belongs to one image of a layout, and keeps its place in the list. What has no name at all stands for "the image", so a
 * nameless result takes its place.
 */
function updated(before: readonly Descriptor[], entries: readonly Descriptor[]): Descriptor[] {
  const taken = before.map((old) => entries.find((entry) => nameIn(entry) === nameIn(old) && samePlatform(entry, old)) ?? old);
  return [...new Set([...taken, ...entries])];
}

function nameIn({ annotations }: Descriptor): string | undefined {
  return annotations?.[IMAGE_NAME_ANNOTATION] ?? annotations?.[REF_NAME_ANNOTATION];
}

function samePlatform(a: Descriptor, b: Descriptor): boolean {
  const unknown = a.platform === undefined || b.platform === undefined;
  return (
    unknown ||
    (a.platform.os === b.platform.os && a.platform.architecture === b.platform.architecture && a.platform.variant === b.platform.variant)
  );
}

async function writeBlob(ctx: ExportContext, root: string, blob: BlobEntry): Promise<void> {
  const target = join(root, blob.name);
  const size = sizeOfEntry(blob);
  // Blobs appear by rename only, so the right size means the right bytes.
  if ((await sizeOf(target)) === size) return;
  const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: blob.name, action: "write", totalBytes: size });
  await using file = await createOutputFile(target, ctx.signal);
  if (blob.kind === "file") await file.copyFile(blob.path, size, progress.add);
  else await file.write(blob.bytes);
  await file.commit();
  progress.at(size);
  progress.end();
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Leaves a file alone that says the same already: file watchers and rsync see no change. */
async function writeChanged(path: string, text: string, signal: AbortSignal): Promise<void> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_MANIFEST_BYTES });
  if ("bytes" in read && read.bytes.toString("utf8") === text) return;
  await using file = await createOutputFile(path, signal);
  await file.write(Buffer.from(text, "utf8"));
  await file.commit();
}
