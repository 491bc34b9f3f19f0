/** Opens a store: joins blobs, database, directories, locks and history under one root. Costs a few milliseconds, whatever is in it. */
import { existsSync, mkdirSync } from "node:fs";
import { openAnnouncements } from "./announcements.ts";
import { makeFolders } from "../sys/index.ts";
import { openBlobs } from "./blobs.ts";
import { openDatabase } from "./database.ts";
import { openDirectories } from "./directories.ts";
import { noStore, openedReadOnly, writeFailure } from "./errors.ts";
import { openHistory } from "./history.ts";
import { openImageNames } from "./images.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { storeEntries } from "./entries.ts";
import { keptBytes } from "./kept-bytes.ts";
import { openLocks, sweepLocks } from "./locks.ts";
import { enter, sweepDead } from "./presence.ts";
import { verify } from "./verify.ts";
import { prune } from "./prune.ts";
import { openRecords } from "./records.ts";
import { removeTree } from "./remove-tree.ts";
import { keepReserve, useReserve } from "./reserve.ts";
import type { Store } from "./types.ts";
import { createUsage, neverBack } from "./usage.ts";
import { fromWorkingDirectory } from "../working-directory.ts";

/** Options of `openStore`. */
export interface StoreOptions {
  /** The directory; made when it is missing, for its owner alone. See `defaultStoreRoot`. */
  readonly root: string;
  /** Opens what is there and writes nothing. Such a process is unknown to a prune in another one. Default false. */
  readonly readOnly?: boolean | undefined;
  /** How long a call of the database waits for another process's transaction. Default 10 s. */
  readonly busyTimeoutMs?: number | undefined;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Another one marks all directories as suspect. Default: the kernel's boot id. */
  readonly bootId?: (() => string) | undefined;
  /** Frees the reserve first, for who means to prune: so that it can be done on a full disk. Default false. */
  readonly useReserve?: boolean | undefined;
  /**
   * For a process that stays, such as a server: it does not keep what was used since it began from prunes of others. It must not rely on a blob, record or
   * directory that it has found. Default false.
   */
  readonly holdsNothing?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BUSY_TIMEOUT_MS = 10_000;
/** A start after all others: the year 2286. */
const HOLDS_NOTHING = 9_999_999_999_999;

/**
 * Opens the store, and takes over what dead processes left in it. Throws `STORE_READ_ONLY` when it cannot be written to and `readOnly` is
 * not set, `STORE_FULL`, `STORE_CORRUPT`, `STORE_LOCKED`, `STORE` (a newer schema; nothing there to read).
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const layout = layoutOf(fromWorkingDirectory(options.root));
  const { readOnly = false, busyTimeoutMs = BUSY_TIMEOUT_MS, signal } = options;
  if (!readOnly && options.useReserve === true) freeReserve(layout);
  if (!readOnly) makeLayout(layout);
  else if (!existsSync(layout.database)) throw noStore(layout.root);

  await using opening = new AsyncDisposableStack();
  if (!readOnly && options.useReserve === true) opening.defer(() => keepReserve(layout.reserve));
  else if (!readOnly) keepReserve(layout.reserve);
  const now = neverBack(options.now ?? Date.now);
  // Before anything is read: whoever prunes from now on knows of us.
  const presence = readOnly ? undefined : opening.use(enter(layout.tmp, options.holdsNothing === true ? HOLDS_NOTHING : now()));
  // After that: what was used before we were known counts as unused.
  const usage = createUsage(now);
  const database = opening.use(await openDatabase(layout.database, { readOnly, busyTimeoutMs, signal }));
  const records = openRecords(database, usage, presence);
  opening.defer(() => records.flushUses());
  if (presence !== undefined) {
    const closing = new AbortController();
    sweepDead(layout.tmp, presence, () => sweepLocks(layout.locks));
    // Beside the work of this process, as far as it gets: the next one goes on.
    const emptying = presence.emptyTrash(closing.signal).catch(() => {});
    opening.defer(async () => {
      closing.abort();
      await emptying;
    });
  }
  const locks = openLocks(layout.locks, { readOnly, onLeft: () => presence?.leaveMark() });
  const parts = { layout, database, usage, presence };
  const resources = opening.move();
  const images = openImageNames(database, usage);
  return {
    root: layout.root,
    blobs: openBlobs({ ...parts, locks }),
    records,
    dirs: openDirectories({ ...parts, bootId: options.bootId }),
    locks,
    images,
    history: openHistory(parts),
    announcements: openAnnouncements(layout.tmp, presence),
    async scratch() {
      if (presence === undefined) throw openedReadOnly("make a directory", layout.root);
      const path = presence.fresh("scratch");
      try {
        mkdirSync(path, { mode: 0o700 });
      } catch (error) {
        throw writeFailure(error, "make a directory", path);
      }
      return {
        path,
        async [Symbol.asyncDispose]() {
          await removeTree(path);
        },
      };
    },
    verify: (verifyOptions) => verify({ layout, database, records, images, canWrite: presence !== undefined }, verifyOptions),
    measure: (signal) => keptBytes({ layout, database, signal }),
    entries: (entryOptions) => storeEntries({ layout, database, usage, presence }, entryOptions),
    prune: (pruneOptions) => prune({ ...parts, records, locks }, pruneOptions),
    async [Symbol.asyncDispose]() {
      await resources.disposeAsync();
    },
  };
}

function freeReserve({ reserve }: Layout): void {
  try {
    useReserve(reserve);
  } catch (error) {
    throw writeFailure(error, "open the store", reserve);
  }
}

function makeLayout(layout: Layout): void {
  for (const folder of [layout.root, layout.blobs, `${layout.blobs}/sha256`, layout.dirs, layout.locks, layout.logs, layout.tmp]) {
    try {
      // For the owner alone: layers may hold what others must not read.
      makeFolders(folder, { mode: 0o700 });
    } catch (error) {
      throw writeFailure(error, "open the store", folder);
    }
  }
}
