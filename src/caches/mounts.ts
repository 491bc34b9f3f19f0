/**
 * Cache mounts that travel: the files of a mount as packs, which are layers of files that lie beside each other. Where a pack ends is decided by the names
 * in it, so a file that is new changes one pack, and only that one moves.
 */
import { formatSize } from "../bytes.ts";
import { hash } from "node:crypto";
import type { Digest } from "../digest.ts";
import { DecantError, errnoOf, isDecantError } from "../errors.ts";
import { heldCacheMount, type UsedMount } from "../engine/index.ts";
import type { ImageContext } from "../image/index.ts";
import { baseName, displayPath, ROOT } from "../paths.ts";
import { ownerInside, ownIdMaps } from "../sys/index.ts";
import { type Entry, hostTree, layerSource, type LayerItem, type LayerSource, walk, writeLayer } from "../tree/index.ts";
import type { PlaceContext } from "./place.ts";
import type { MountSettings } from "./types.ts";

/** The packs of a mount. */
interface PackedMount {
  readonly key: Digest;
  readonly id: string;
  readonly packs: readonly LayerSource[];
}

const DEFAULT_MAX_BYTES = 1024 ** 3;
/** Where the files are in the directory that is packed. */
const MOUNT_FILES = "content";
/** A cache does without sockets and devices. */
const KINDS: readonly string[] = ["file", "dir", "symlink"];
const MAX_PACK_BYTES = 32 * 1024 * 1024;
/** On average so many files are one pack. */
const PACK_FILES = 256;

/** What packing needs. `guard`: knows the secrets that no pack may have. */
type PackContext = ImageContext & Pick<PlaceContext, "guard">;

/** Packs the mounts that a build has used and that are wanted. What cannot be packed is a warning. Throws `SECRET_IN_IMAGE`. */
export async function packMounts(ctx: PackContext, used: ReadonlyMap<Digest, UsedMount>, settings: MountSettings): Promise<PackedMount[]> {
  const { mounts = false, mountsMaxBytes = DEFAULT_MAX_BYTES } = settings;
  const packed: PackedMount[] = [];
  for (const [key, { id, slot }] of used) {
    const name = id.replace(/^\//, "");
    if (mounts === false || (mounts !== true && !mounts.some((wanted) => wanted.replace(/^\//, "") === name))) continue;
    const warn = (why: string): void =>
      ctx.emit({ type: "warning", code: "CacheMountNotWritten", message: `The cache mount "${name}" was left out of the cache: ${why}` });
    await using held = await heldCacheMount(ctx.store, slot);
    if (held === undefined) {
      warn("another build uses it now");
      continue;
    }
    try {
      const packs = await packsOf(ctx, held.path, mountsMaxBytes);
      for (const pack of packs ?? []) await checkPack(ctx, name, pack);
      if (packs === undefined) warn(`its files have more than ${formatSize(mountsMaxBytes)}; mounts-max-size= sets another size`);
      else packed.push({ key, id, packs });
    } catch (error) {
      ctx.signal.throwIfAborted();
      // Steps may share it without a lock, and change it meanwhile; without root, files of others may be closed to us.
      if (error instanceof Error && (isDecantError(error, "CONTEXT") || errnoOf(error) === "EACCES")) warn(error.message);
      else throw error;
    }
  }
  return packed;
}

async function packsOf({ store, signal }: ImageContext, folder: string, maxBytes: number): Promise<LayerSource[] | undefined> {
  const tree = hostTree(folder);
  const ids = ownIdMaps();
  const groups: LayerItem[][] = [];
  let bytes = 0;
  let inPack = 0;
  for (const entry of walk(tree, ROOT)) {
    // A layer would take such a name as the mark of something that is gone.
    if (entry.path === ROOT || !KINDS.includes(entry.kind) || entry.path.split("/").some((name) => name.startsWith(".wh."))) continue;
    bytes += entry.size;
    if (bytes > maxBytes) return undefined;
    const last = groups.at(-1);
    const owner = ownerInside(ids, entry);
    if (owner === undefined) throw foreignOwner(entry);
    const owned = { ...entry, ...owner };
    const item: LayerItem = entry.kind === "file" ? { entry: owned, data: await tree.data(entry) } : { entry: owned };
    if (last === undefined || endsPack(entry) || inPack + entry.size > MAX_PACK_BYTES) {
      groups.push([item]);
      inPack = entry.size;
    } else {
      last.push(item);
      inPack += entry.size;
    }
  }
  const packs: LayerSource[] = [];
  for (const items of groups) packs.push(layerSource(await writeLayer(store, items, { signal })));
  return packs;
}

/** A step may have written a secret of its build into its cache. */
async function checkPack({ guard, signal }: PackContext, mount: string, pack: LayerSource): Promise<void> {
  if (guard === undefined) return;
  try {
    await guard.checkLayer(await pack.load(signal), signal, MOUNT_FILES);
  } catch (error) {
    if (!isDecantError(error, "SECRET_IN_IMAGE")) throw error;
    const { path, secret } = error.details;
    throw new DecantError(
      "SECRET_IN_IMAGE",
      `Cannot write the cache: "${String(path)}" in the cache mount "${mount}" holds ${String(secret)}`,
      {
        hint: `Take it out of there in the step that writes it, or leave the mount out of --cache-to. If it has to be there: --allow-secret-in ${String(path)}`,
        details: error.details,
      },
    );
  }
}

/** Who builds has lost the ids that he had when the step ran. */
function foreignOwner({ path, uid, gid }: Entry): DecantError {
  return new DecantError("CONTEXT", `Cannot read "${displayPath(path)}": its owner ${uid}:${gid} is none that the user who builds may be`);
}

function endsPack({ path }: Entry): boolean {
  return Number.parseInt(hash("sha256", baseName(path), "hex").slice(0, 6), 16) % PACK_FILES === 0;
}
