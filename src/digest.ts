/**
 * Content digests (image-spec descriptor.md, "Digests") and the one place where bytes are checked against them.
 * Knows nothing of where bytes come from or go to.
 */
import { createHash, hash } from "node:crypto";
import { DecantError } from "./errors.ts";

/** "sha256:<64 hex>" or "sha512:<128 hex>", checked. */
export type Digest = string & { readonly __digest: true };
/** The digest of a layer's uncompressed tar. */
export type DiffId = Digest;
/** What is known of a blob before it is read. */
export interface Expected {
  readonly digest: Digest;
  readonly size: number;
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** True for a well-formed digest of a supported algorithm. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** Parses a digest. Throws `DIGEST`. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new DecantError("DIGEST", `Cannot use digest "${text}": wanted sha256: and 64, or sha512: and 128, lower-case hexadecimal digits`);
}

/** The sha256 digest of bytes or of UTF-8 text. */
export function sha256(data: Uint8Array | string): Digest {
  return `sha256:${hash("sha256", data, "hex")}` as Digest;
}

/** "sha256" or "sha512". */
export function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(":"));
}

/** The hexadecimal part. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The first 12 hexadecimal digits, for display. */
export function shortDigest(digest: Digest): string {
  return hexOf(digest).slice(0, 12);
}

/** A running digest. */
interface Hasher {
  update(chunk: Uint8Array): void;
  /** Ends it; call once. */
  digest(): Digest;
}

/** Starts a running digest; `algorithm` defaults to sha256. */
export function createHasher(algorithm = "sha256"): Hasher {
  const running = createHash(algorithm);
  return {
    update: (chunk) => void running.update(chunk),
    digest: () => `${algorithm}:${running.digest("hex")}` as Digest,
  };
}

/**
 * The digest of a list of parts, each framed by its length, so that no two different lists share one (rule S132).
 * Strings count as UTF-8.
 */
export function framedDigest(parts: Iterable<string | Uint8Array>): Digest {
  const running = createHash("sha256");
  const frame = Buffer.alloc(8);
  for (const part of parts) {
    const bytes = typeof part === "string" ? Buffer.from(part, "utf8") : part;
    frame.writeBigUInt64LE(BigInt(bytes.byteLength));
    running.update(frame).update(bytes);
  }
  return `sha256:${running.digest("hex")}` as Digest;
}

/**
 * Passes `source` through. Throws `BLOB_SIZE` as soon as there are more bytes than expected, and `BLOB_SIZE`
 * or `BLOB_DIGEST` at the end, so a consumer must not publish what it wrote before its loop has ended.
 */
export async function* verified(source: AsyncIterable<Uint8Array>, expected: Expected): AsyncGenerator<Uint8Array, void, undefined> {
  const running = createHash(algorithmOf(expected.digest));
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength;
    // Before yielding: a lying registry must not fill the disk.
    if (sizeBytes > expected.size) throw sizeMismatch(expected, sizeBytes);
    running.update(chunk);
    yield chunk;
  }
  if (sizeBytes < expected.size) throw sizeMismatch(expected, sizeBytes);
  const actual = `${algorithmOf(expected.digest)}:${running.digest("hex")}`;
  if (actual !== expected.digest) throw digestMismatch(expected, actual);
}

/** Bytes that are not as many as their descriptor says. */
export function sizeMismatch(expected: Expected, sizeBytes: number): DecantError {
  const more = sizeBytes > expected.size ? " or more" : "";
  return new DecantError(
    "BLOB_SIZE",
    `Cannot accept blob "${expected.digest}": it has ${sizeBytes} bytes${more}; its descriptor says ${expected.size}`,
    {
      details: { digest: expected.digest, expectedSize: expected.size, actualSize: sizeBytes },
    },
  );
}

/** Bytes whose digest is another. */
export function digestMismatch(expected: Expected, actual: string): DecantError {
  return new DecantError("BLOB_DIGEST", `Cannot accept blob "${expected.digest}": its content has digest "${actual}"`, {
    hint: "The source is damaged or hostile: fetch it again, or from another place",
    details: { digest: expected.digest, actual },
  });
}
