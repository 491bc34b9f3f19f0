/**
 * Many directories of layers as fewer: the lowest ones become one plain directory, which shows what they show together. Nothing is below it, so
 * it has no whiteouts. Its files are hard links to those of the layers, which nobody writes to, so it costs names only.
 */
import { lstatSync, rmSync } from "node:fs";
import { createTurns } from "../async.ts";
import { framedDigest } from "../digest.ts";
import { fromText, parentOf, ROOT, type TreePath } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { writeFailure } from "./errors.ts";
import { fsPath } from "./host-files.ts";
import { createEntryMaker, type EntryMaker } from "./make-entry.ts";
import type { Entry, Layer } from "./types.ts";
import { attributesOf } from "./upper-scan.ts";

/** So many can be mounted: `mountOverlay` joins the lowest of them by an overlay of their own. */
const MOST = 900;
/** So many more are joined at a time: what was joined serves that many steps. */
const PART = 400;
const SPACE = "layer-joined";

/** A layer and its directory in overlayfs form. */
interface UnpackedLayer {
  readonly layer: Layer;
  readonly path: string;
}

/** How many of so many layers are to be joined into one directory. */
export function layersToJoin(count: number): number {
  return count <= MOST ? 0 : Math.ceil((count - MOST) / PART) * PART;
}

/**
 * The directory that shows what `lowest`, bottom first, show together. Made once in a store; nothing refers to it, so it goes with the next prune
 * after this process. Throws `STORE_FULL`.
 */
export async function joinedDirectory(store: Store, lowest: readonly UnpackedLayer[], signal?: AbortSignal): Promise<string> {
  const id = framedDigest([SPACE, ...lowest.map(({ layer }) => layer.id)]);
  await using _lock = await store.locks.acquire(`${SPACE}-${id}`, { signal });
  const known = store.dirs.isSuspect(SPACE, id) ? undefined : store.dirs.find(SPACE, id);
  if (known !== undefined) return known;
  await using staged = await store.dirs.create(SPACE);
  const root = fromText(staged.path);
  const joining: Joining = { maker: createEntryMaker(), root, folders: new Map() };
  const turns = createTurns(signal);
  try {
    for (const { layer, path } of lowest) {
      for (let position = 0; position < layer.index.count; position += 1) {
        const entry = layer.index.at(position);
        if (entry.path !== ROOT) put(joining, entry, `${fromText(path)}/${entry.path}`);
        if (turns.isDue) await turns.give();
      }
    }
    describe(joining);
  } catch (error) {
    throw writeFailure(error, "a directory of joined layers");
  }
  return await staged.publish(id);
}

interface Joining {
  readonly maker: EntryMaker;
  readonly root: string;
  /** Directories and what the highest layer says of them. Parents come first. */
  readonly folders: Map<TreePath, Folder>;
}

interface Folder {
  readonly entry: Entry;
  /** The directory of the highest layer that has it. */
  readonly original: string;
}

/** Puts an entry over what lower layers put there. Its parents are directories there: the layers are rebased. */
function put({ maker, root, folders }: Joining, entry: Entry, original: string): void {
  const path = `${root}/${entry.path}`;
  const isKept = entry.kind === "dir" && entry.opaque !== true && isFolder(path);
  if (!isKept) rmSync(fsPath(path), { recursive: true, force: true });
  if (entry.kind === "whiteout") return;
  // A device that could not be made is not there.
  if (isDevice(entry) && lstatSync(fsPath(original), { throwIfNoEntry: false }) === undefined) return;
  if (entry.kind !== "dir") maker.link(original, path);
  else {
    folders.set(entry.path, { entry, original });
    if (!isKept) maker.directory(path);
  }
}

/** Deepest first: what is put into a directory changes its time. */
function describe({ maker, root, folders }: Joining): void {
  // Of what was put, a higher layer may have put something else into its place: a symlink, below which nothing must be touched.
  const present = new Set([ROOT]);
  for (const path of folders.keys()) if (present.has(parentOf(path)) && isFolder(`${root}/${path}`)) present.add(path);
  for (const [path, { entry, original }] of [...folders].reverse())
    if (present.has(path)) maker.describe(`${root}/${path}`, { ...entry, xattrs: attributesOf(original) });
}

function isDevice({ kind }: Entry): boolean {
  return kind === "char" || kind === "block";
}

function isFolder(path: string): boolean {
  return lstatSync(fsPath(path), { throwIfNoEntry: false })?.isDirectory() === true;
}
