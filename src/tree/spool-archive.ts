/** An archive that is to be unpacked over something else: its members in their order, their contents in a temporary file of the store. */
import type { ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { fromText } from "../paths.ts";
import type { Store } from "../store/index.ts";
import { createContentHasher } from "./content-hasher.ts";
import { decompress } from "./decompress.ts";
import { feedTar } from "./feed-tar.ts";
import { createSparseContents } from "./sparse-contents.ts";
import { createTarParser } from "./tar-parser.ts";
import type { DataSource, Entry } from "./types.ts";
import { createFileSink } from "./write-all.ts";

/** Called for each member, when all of it was read; what it throws ends the reading. `data`: of files that are not empty. */
type OnMember = (entry: Entry, data: DataSource | undefined) => void;

/**
 * Reads a tar, plain or compressed, and gives its members to `onMember`: files with their digest, hard links as "hardlink". Their contents are
 * there until the result is disposed. Throws `ARCHIVE`, `TAR`, `PATH_ESCAPE`, `STORE_FULL`, and what `onMember` throws.
 */
export async function spoolArchive(
  store: Store,
  stream: ByteStream,
  onMember: OnMember,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<AsyncDisposable> {
  const { signal } = options;
  signal?.throwIfAborted();
  await using opened = new AsyncDisposableStack();
  const file = opened.use(await store.blobs.create());
  await using sink = createFileSink(file.fd, "an archive");
  const path = fromText(file.path);
  const spare = opened.use(await store.blobs.create());
  const sparse = createSparseContents(spare.fd);
  const hasher = createContentHasher();
  let open: { readonly entry: Entry; readonly data: DataSource; readonly isSparse: boolean } | undefined;
  const parser = createTarParser({
    entry(entry, offset) {
      if (entry.kind !== "file") {
        onMember(entry, undefined);
        return;
      }
      const isSparse = entry.size > 0 && offset < 0;
      const place = isSparse ? { path: fromText(spare.path), offset: sparse.begin() } : { path, offset };
      open = { entry, data: { kind: "slice", ...place }, isSparse };
      hasher.begin(entry.size);
    },
    data(chunk) {
      hasher.data(chunk);
      if (open?.isSparse === true) sparse.data(chunk);
    },
    end() {
      if (open === undefined) return;
      const { entry, data } = open;
      open = undefined;
      const digest = `sha256:${hasher.end()}` as Digest;
      onMember({ ...entry, digest }, entry.size === 0 ? undefined : data);
    },
  });
  // What follows the end mark may be anything, as for BuildKit and tar.
  const plain = decompress(stream, { mayTrail: () => parser.ended, signal });
  await feedTar(plain, parser, { signal, onChunk: (chunk) => sink.write(chunk) });
  await sink.flush();
  sparse.finish();
  return opened.move();
}
