/** Small blobs in memory. */
import { type Digest, sha256 } from "../../digest.ts";

/** What a connection was told of, and may read. Each blob is small. */
export class TextBlobs {
  readonly #blobs = new Map<string, Buffer>();

  /** Keeps a text, and gives its digest and size. */
  add(text: string | Uint8Array): { readonly digest: Digest; readonly size: bigint } {
    const bytes = Buffer.from(text);
    const digest = sha256(bytes);
    this.#blobs.set(digest, bytes);
    return { digest, size: BigInt(bytes.byteLength) };
  }

  get(digest: string): Buffer | undefined {
    return this.#blobs.get(digest);
  }
}
