/** Digests of the files of an archive, one after the other as their bytes come. */
import type { Hash } from "node:crypto";
import { createHash, hash } from "node:crypto";

/** Hashes one file at a time. */
interface ContentHasher {
  /** A file of so many bytes starts. */
  begin(sizeBytes: number): void;
  data(chunk: Uint8Array): void;
  /** sha256 of the file, in hex. */
  end(): string;
}

const EMPTY_HEX = hash("sha256", "", "hex");

/** Makes one. */
export function createContentHasher(): ContentHasher {
  let size = 0;
  let digestHex: string | undefined;
  let running: Hash | undefined;
  return {
    begin(sizeBytes) {
      size = sizeBytes;
      digestHex = undefined;
      running = undefined;
    },
    data(chunk) {
      // Most files come in one piece, and one call is cheaper than an object.
      if (running === undefined && chunk.byteLength === size) digestHex = hash("sha256", chunk, "hex");
      else {
        running ??= createHash("sha256");
        running.update(chunk);
      }
    },
    end: () => digestHex ?? running?.digest("hex") ?? EMPTY_HEX,
  };
}
