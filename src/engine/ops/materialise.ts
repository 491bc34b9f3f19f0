/** A part of a tree as files of the store: what bind mounts of the build context and new cache mounts are made of. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { type Digest, framedDigest } from "../../digest.ts";
import { DecantError, InternalError } from "../../errors.ts";
import { displayPath, joinTreePath, ROOT, treePath, type TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { type Entry, hostTree, subtreeDigest, type Tree, unpackTree, walk } from "../../tree/index.ts";

/** The name of what was selected, in the directory that `contextDirectory` gives. */
export const SELECTED: TreePath = treePath("selected");

const SPACE = "context-fs";

/** Writes what is at `path` to `folder`/`name`, with its owners. */
export async function materialise(
  tree: Tree,
  path: TreePath,
  folder: string,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<void> {
  await unpackTree(movedTree(tree, path, treePath(name)), folder, { keepOwners: true, signal });
}

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
  await materialise(tree, path, staged.path, { name: SELECTED, signal });
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
  if (path === ROOT) return subtreeDigest(hostTree(join(folder, SELECTED)), ROOT, { signal });
  return subtreeDigest(hostTree(folder), SELECTED, { signal });
}

/** `tree` with nothing but what is at `from`, which is at `to` (one name below the root) instead. */
function movedTree(tree: Tree, from: TreePath, to: TreePath): Tree {
  const inner = (path: TreePath): TreePath | undefined => {
    if (path === to) return from;
    return path.startsWith(`${to}/`) ? joinAll(from, path.slice(to.length + 1)) : undefined;
  };
  const outer = (entry: Entry): Entry => ({
    ...entry,
    path: entry.path === from ? to : joinAll(to, from === ROOT ? entry.path : entry.path.slice(from.length + 1)),
  });
  const original = (entry: Entry): Entry => {
    const path = inner(entry.path);
    if (path === undefined) throw new InternalError(`"${entry.path}" is not below "${to}"`);
    return { ...entry, path };
  };
  const lookup = (path: TreePath): Entry | undefined => {
    if (path === ROOT) return { path: ROOT, kind: "dir", mode: 0o700, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
    const at = inner(path);
    if (at === undefined) return undefined;
    // The root of an empty tree has no entry, and is a directory all the same.
    const entry = tree.lookup(at) ?? (at === ROOT ? emptyRoot() : undefined);
    return entry === undefined ? undefined : outer(entry);
  };
  return {
    lookup,
    readdir(path) {
      if (path === ROOT) return [lookup(to)].filter((entry) => entry !== undefined);
      const at = inner(path);
      return at === undefined ? [] : tree.readdir(at).map(outer);
    },
    data: (entry) => tree.data(original(entry)),
    digest: (entry) => tree.digest(original(entry)),
    linkGroup: (entry) => tree.linkGroup(original(entry)),
  };
}

function joinAll(parent: TreePath, rest: string): TreePath {
  return parent === ROOT ? joinTreePath(ROOT, rest) : joinTreePath(parent, rest);
}

function emptyRoot(): Entry {
  return { path: ROOT, kind: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
}
