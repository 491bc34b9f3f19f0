/** What every network-facing file of the debian room works with: the store, the options of the caller, and one `Shared` per kind of work. */
import { createShared, type Shared } from "../async.ts";
import { hexOf, shortDigest, sizeMismatch, type Expected } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { type Emit, noEvents } from "../events.ts";
import type { Filled } from "../given.ts";
import { createNetwork, type Network } from "../net/index.ts";
import type { Store } from "../store/index.ts";
import { archiveError } from "./errors.ts";
import { download, type HttpOptions } from "./http.ts";
import { type Keyring, loadKeyring } from "./keyring.ts";
import type { SortedLines } from "./sorted-lines.ts";
import { watchTransfer } from "./watch-transfer.ts";

/** Options of `createArchive`. */
export interface ArchiveOptions {
  /** For sources that have none of their own. Default: the one of debian-archive-keyring, read when it is needed. */
  readonly keyring?: Keyring | undefined;
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined;
  /** Use only what the store has. Default false. */
  readonly offline?: boolean | undefined;
  /** Accept releases past their Valid-Until, and keys that have expired since they signed. Default false. */
  readonly acceptExpired?: boolean | undefined;
  /** A release file that was fetched less than this many milliseconds ago is not asked for again. Default 0. */
  readonly maxAgeMs?: number | undefined;
  /** What requests go by, borrowed. Default: one of its own. */
  readonly network?: Network | undefined;
  /** Transfers and warnings. */
  readonly emit?: Emit | undefined;
  /** The vertex that events belong to. Default "debian". */
  readonly vertex?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `ArchiveOptions` with defaults, and the store. */
export interface ArchiveContext extends Filled<Omit<ArchiveOptions, "signal" | "network" | "keyring">> {
  readonly keyring: () => Promise<Keyring>;
  readonly store: Store;
  readonly http: HttpOptions;
  readonly signal: AbortSignal | undefined;
  readonly blobs: Shared<string, void>;
  readonly tables: Shared<string, SortedLines>;
}

/** Fills in the defaults. */
export function archiveContext(store: Store, options: ArchiveOptions): ArchiveContext {
  let keyring: Promise<Keyring> | undefined;
  return {
    store,
    keyring: () => (keyring ??= options.keyring === undefined ? loadKeyring() : Promise.resolve(options.keyring)),
    now: options.now ?? ((): Date => new Date()),
    offline: options.offline ?? false,
    acceptExpired: options.acceptExpired ?? false,
    maxAgeMs: options.maxAgeMs ?? 0,
    emit: options.emit ?? noEvents,
    vertex: options.vertex ?? "debian",
    signal: options.signal,
    blobs: createShared({ cancel: "never" }),
    tables: createShared({ cancel: "never" }),
    http: {
      fail: (url, why, extra) => archiveError(url, why, extra),
      network: options.network ?? createNetwork(),
      signal: options.signal,
    },
  };
}

/** Space of the records that keep downloaded files alive: id is the digest, the value where it came from. */
const FILES = "debian-file";

/**
 * Makes sure that the store has the file with this hash: from the first of `urls` that has it. Hash and size are checked before it is visible.
 * Requests for one file are joined, in this process and between processes. Throws `DEBIAN_ARCHIVE`.
 */
export async function fetchFile(context: ArchiveContext, urls: readonly string[], expected: Expected): Promise<void> {
  const { store } = context;
  await context.blobs.run(expected.digest, async () => {
    if (isHere(context, expected)) return;
    if (context.offline) throw offlineError(urls.at(-1) ?? expected.digest);
    await using _lock = await store.locks.acquire(`debian-${hexOf(expected.digest)}`, { signal: context.signal });
    if (isHere(context, expected)) return;
    const url = await fetchFirst(context, urls, expected);
    store.records.put(FILES, expected.digest, { url, size: expected.size }, [{ kind: "blob", id: expected.digest }]);
  });
}

function isHere({ store }: ArchiveContext, expected: Expected): boolean {
  return store.blobs.size(expected.digest) === expected.size;
}

async function fetchFirst(context: ArchiveContext, urls: readonly string[], expected: Expected): Promise<string> {
  // The last address is the plain one, not by hash.
  const failures: unknown[] = [];
  for (const url of urls) {
    try {
      await download(
        url,
        async (body, sizeBytes) => {
          // An old mirror's file need not be fetched to see that it is another one.
          if (sizeBytes !== undefined && sizeBytes !== expected.size) throw sizeMismatch(expected, sizeBytes);
          await context.store.blobs.write(watchTransfer(context, urls.at(-1) ?? url, body, expected.size), expected);
        },
        context.http,
      );
      return url;
    } catch (error) {
      context.signal?.throwIfAborted();
      // The next address may have what this one lacks; anything but a missing or wrong file is not about the address.
      if (!isDecantError(error) || !["DEBIAN_ARCHIVE", "BLOB_DIGEST", "BLOB_SIZE"].includes(error.code)) throw error;
      failures.push(error.code === "DEBIAN_ARCHIVE" ? error : wrongBytes(url, expected, error));
    }
  }
  // That a file is another one says more than that it is missing elsewhere.
  throw failures.find((error) => isDecantError(error) && isDecantError(error.cause)) ?? failures[0];
}

function wrongBytes(url: string, expected: Expected, cause: Error): Error {
  return archiveError(
    url,
    `the server gave other bytes than the signed index lists (${shortDigest(expected.digest)}, ${expected.size} bytes)`,
    {
      cause,
      hint: "Try again in a few minutes when the mirror is being updated; otherwise do not use this mirror",
    },
  );
}

/** Why something is unavailable without network. */
export function offlineError(what: string): Error {
  return archiveError(what, "it is not in the store, and --offline forbids the network", { hint: "Run it once without --offline" });
}
