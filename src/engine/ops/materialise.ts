/** A part of the build context as files of the store: what bind mounts of it are made of. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { type Digest, framedDigest } from "../../digest.ts";
import { DecantError } from "../../errors.ts";
import { displayPath, ROOT, treePath, type TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { isRootHere } from "../../sys/index.ts";
import { copyPart, type Entry, hostTree, subtreeDigest, type Tree, walk } from "../../tree/index.ts";

/** The name of what was selected, in the directory that `contextDirectory` gives. */
export const SELECTED: TreePath = treePath("selected");

const SPACE = "context-fs";

/**
 * A directory of the store that has a copy of what is at `path`, as `selected`: made once for the same files and times. Nothing refers to it,
 * so it goes with the next prune after this process. `digest` is what the key has of it; throws `CONTEXT` when the copy has another one.
 */
export async function contextDirectory(
  store: Store,
  tree: Tree,
  path: TreePath,
  { digest, signal, around = (copy) => copy() }: ContextDirectoryOptions,
): Promise<string> {
  const times = [...walk(tree, path)].map((entry) => `${entry.mtimeSec}.${entry.mtimeNsec}`);
  const id = framedDigest([SPACE, digest, times.join(" ")]);
  await using _lock = await store.locks.acquire(`${SPACE}-${id}`, { signal });
  const known = store.dirs.isSuspect(SPACE, id) ? undefined : store.dirs.find(SPACE, id);
  if (known !== undefined) return known;
  return await around(() => copyOfContext(store, tree, path, { id, digest, signal }));
}

interface ContextDirectoryOptions {
  readonly digest: Digest;
  readonly signal: AbortSignal;
  /** Runs `copy`, where there is something to copy: to tell of it. */
  readonly around?: ((copy: () => Promise<string>) => Promise<string>) | undefined;
}

async function copyOfContext(
  store: Store,
  tree: Tree,
  path: TreePath,
  { id, digest, signal }: { readonly id: string; readonly digest: Digest; readonly signal: AbortSignal },
): Promise<string> {
  await using staged = await store.dirs.create(SPACE);
  // Only what is inside is mounted: on the host, the files of a context are nobody else's.
  chmodSync(staged.path, 0o700);
  await copyPart(tree, path, staged.path, { name: SELECTED, signal });
  // A file that changed since it was hashed would give a result that is kept under the wrong key.
  if ((await copyDigest(staged.path, path, signal)) !== digest) {
    throw new DecantError("CONTEXT", `Cannot mount "${displayPath(path)}" of the context: it changed while it was read`, {
      hint: "Build again when nothing writes to it",
    });
  }
  return await staged.publish(id);
}

/** The root of a tree has no entry that its digest could have. */
function copyDigest(folder: string, path: TreePath, signal: AbortSignal): Promise<Digest> {
  if (path === ROOT) return subtreeDigest(copiedTree(join(folder, SELECTED)), ROOT, { signal });
  return subtreeDigest(copiedTree(folder), SELECTED, { signal });
}

/** A copy as it was made: files of a context belong to root, and without root to us. */
export function copiedTree(folder: string): Tree {
  const tree = hostTree(folder);
  if (isRootHere()) return tree;
  const owned = (entry: Entry): Entry => ({ ...entry, uid: 0, gid: 0 });
  return {
    ...tree,
    lookup(path) {
      const entry = tree.lookup(path);
      return entry && owned(entry);
    },
    readdir: (path) => tree.readdir(path).map(owned),
  };
}
