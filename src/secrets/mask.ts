/** Puts "***" in the place of secrets, in text that comes in pieces. */
import type { SecretSearch } from "./found.ts";

const MASK = Buffer.from("***");

/** Masks a stream of output. */
export interface MaskedStream {
  /** Gives what can be shown now: an end that may be the beginning of a secret waits for what follows. */
  write(chunk: Uint8Array): Buffer;
  /** The rest. */
  end(): Buffer;
}

/** Starts a stream. `search`: asked for at each piece, because a build may learn more secrets meanwhile. */
export function maskedStream(search: () => SecretSearch): MaskedStream {
  let held: Buffer = Buffer.alloc(0);
  return {
    write(chunk) {
      const now = search();
      if (now.longest === 0 && held.byteLength === 0) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const bytes = masked(Buffer.concat([held, chunk]), now);
      const keep = beginningAtEnd(bytes, now);
      held = bytes.subarray(bytes.length - keep);
      return bytes.subarray(0, bytes.length - keep);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      return rest;
    },
  };
}

/** The bytes with "***" for each secret. */
export function masked(bytes: Buffer, { longestFirst, find }: SecretSearch): Buffer {
  if (find(bytes) === undefined) return bytes;
  let result = bytes;
  for (const { bytes: secret } of longestFirst) {
    const parts: Buffer[] = [];
    let from = 0;
    for (let at = result.indexOf(secret); at >= 0; at = result.indexOf(secret, from)) {
      parts.push(result.subarray(from, at), MASK);
      from = at + secret.length;
    }
    if (parts.length > 0) result = Buffer.concat([...parts, result.subarray(from)]);
  }
  return result;
}

/** How many bytes at the end may be the beginning of a secret. */
function beginningAtEnd(bytes: Buffer, { longestFirst, longest }: SecretSearch): number {
  for (let length = Math.min(longest - 1, bytes.length); length > 0; length -= 1) {
    const end = bytes.subarray(bytes.length - length);
    if (longestFirst.some(({ bytes: secret }) => secret.length > length && secret[0] === end[0] && secret.subarray(0, length).equals(end)))
      return length;
  }
  return 0;
}
