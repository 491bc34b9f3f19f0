/** An index file that a signed release lists, in whichever compression is best: chosen, fetched by its hash, and read. */
import type { ByteStream } from "../bytes.ts";
import { type Digest, hexOf, type Expected } from "../digest.ts";
import { findTool } from "../sys/index.ts";
import { decompress } from "../tree/index.ts";
import { type ArchiveContext, fetchFile } from "./context.ts";
import { archiveError } from "./errors.ts";
import type { CurrentRelease } from "./releases.ts";
import { suiteUrl } from "./sources.ts";

/** A file that is to be read, as the release lists it. */
export interface ListedFile extends Expected {
  readonly release: CurrentRelease;
  /** Its address, for messages. */
  readonly url: string;
  /** Names its content, whatever the compression: what is made of the file is kept under this. */
  readonly content: Digest;
  /** Of the uncompressed file. */
  readonly maxBytes: number;
}

/** `path` (without suffix) in the best compression that the release lists; undefined when it lists none, or an empty one. */
export function listedFile({ store }: ArchiveContext, release: CurrentRelease, path: string, maxBytes: number): ListedFile | undefined {
  const { files } = release.release;
  const plain = files.get(path);
  // Archives list indexes that they do not make with size 0.
  if (plain?.size === 0) return undefined;
  // Without the program, gzip is much faster to read than xz.
  const order = findTool("xz") === undefined ? [".zst", ".gz", ".xz", ""] : [".zst", ".xz", ".gz", ""];
  const listed = order.flatMap((suffix) => {
    const file = files.get(path + suffix);
    return file === undefined ? [] : [{ ...file, path: path + suffix }];
  });
  const best = listed.find((one) => store.blobs.size(one.digest) === one.size) ?? listed[0];
  if (best === undefined) return undefined;
  return {
    release,
    digest: best.digest,
    size: best.size,
    url: suiteUrl(release.source, best.path),
    content: plain?.digest ?? best.digest,
    maxBytes: Math.min(plain?.size ?? maxBytes, maxBytes),
  };
}

/** Its plain bytes; fetched when the store does not have it. Throws `DEBIAN_ARCHIVE`. */
export async function* readListed(context: ArchiveContext, file: ListedFile): AsyncGenerator<Uint8Array, void, undefined> {
  const { url, digest, maxBytes, release } = file;
  const folder = url.slice(0, url.lastIndexOf("/"));
  await fetchFile(context, [...(release.release.byHash ? [`${folder}/by-hash/SHA256/${hexOf(digest)}`] : []), url], file);
  let sizeBytes = 0;
  const plain: ByteStream = decompress(context.store.blobs.open(digest), { signal: context.signal });
  for await (const chunk of plain) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) throw archiveError(url, `it unpacks to more than ${maxBytes} bytes, the size that the release lists`);
    yield chunk;
  }
}
