/**
 * A store that cannot be written to, for those who look only: what they must work out on the way (an index, an unpacked blob) goes into a store
 * of its own in the folder for temporary files, and away with them. Prunes of other processes do not know of it.
 */
import { makeTemporaryFolder } from "../sys/index.ts";
import { openedReadOnly } from "./errors.ts";
import { openStore, type StoreOptions } from "./store.ts";
import type { BlobStore, Directories, ImageNames, Records, Store } from "./types.ts";

/** Opens the store at `root` to look only. Throws `STORE` when there is none, `STORE_CORRUPT`, and what making a temporary folder throws. */
export async function openStoreToLook(options: Omit<StoreOptions, "readOnly">): Promise<Store> {
  await using opening = new AsyncDisposableStack();
  const base = opening.use(await openStore({ ...options, readOnly: true }));
  const folder = opening.use(makeTemporaryFolder("look"));
  const own = opening.use(await openStore({ ...options, root: folder.path }));
  const resources = opening.move();
  return {
    root: base.root,
    blobs: blobsOver(base.blobs, own.blobs),
    records: recordsOver(base.records, own.records),
    dirs: directoriesOver(base.dirs, own.dirs),
    locks: own.locks,
    images: imagesOver(base.images, own.images),
    announcements: base.announcements,
    history: {
      ...own.history,
      list: (limit) => base.history.list(limit),
      log: (build, name) => base.history.log(build, name),
      kept: (build) => base.history.kept(build),
    },
    scratch: () => own.scratch(),
    measure: (signal) => base.measure(signal),
    entries: (entryOptions) => base.entries(entryOptions),
    verify: (verifyOptions) =>
      verifyOptions?.repair === true ? Promise.reject(openedReadOnly("repair", base.root)) : base.verify(verifyOptions),
    prune: () => Promise.reject(openedReadOnly("prune", base.root)),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function blobsOver(base: BlobStore, own: BlobStore): BlobStore {
  const holder = (digest: Parameters<BlobStore["size"]>[0]): BlobStore =>
    own.size(digest) === undefined && base.size(digest) !== undefined ? base : own;
  return {
    ...own,
    size: (digest) => holder(digest).size(digest),
    path: (digest) => holder(digest).path(digest),
    open: (digest, range) => holder(digest).open(digest, range),
    read: (digest, maxBytes) => holder(digest).read(digest, maxBytes),
    write: (source, expected) => (expected === undefined ? own : holder(expected.digest)).write(source, expected),
  };
}

function recordsOver(base: Records, own: Records): Records {
  return {
    ...own,
    get: (space, id) => own.get(space, id) ?? base.get(space, id),
    removedAt: (space, id) => base.removedAt(space, id),
    ids: (space) => [...new Set([...own.ids(space), ...base.ids(space)])],
  };
}

/** A damaged directory of `base` stays: the one that takes its place is found first. */
function directoriesOver(base: Directories, own: Directories): Directories {
  const holder = (space: string, id: string): Directories => (own.find(space, id) === undefined ? base : own);
  return {
    ...own,
    find: (space, id) => holder(space, id).find(space, id),
    isSuspect: (space, id) => holder(space, id).isSuspect(space, id),
    confirm(space, id) {
      if (holder(space, id) === own) own.confirm(space, id);
    },
  };
}

function imagesOver(base: ImageNames, own: ImageNames): ImageNames {
  return { ...own, get: (name) => own.get(name) ?? base.get(name), list: () => [...own.list(), ...base.list()] };
}
