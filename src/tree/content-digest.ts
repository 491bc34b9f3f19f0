/** The content digest of a layer: framed over all entries without mtimes (rule S132). */
import { createHash } from "node:crypto";
import type { Digest } from "../digest.ts";
import { hexOf } from "../digest.ts";
import { KIND_CODE, encodeXattrs } from "./index-format.ts";
import type { Entry, LayerIndex, RootOwner } from "./types.ts";

const CHUNK = 64 * 1024;

/** Collects framed parts and hashes them in large pieces. */
interface FrameHasher {
  /** Adds an entry under the path given; never its mtime. `digestHex`: its content's, for files. */
  entry(entry: Entry, path: string, digestHex: string): void;
  digest(): Digest;
}

/** Starts one; `domain` keeps digests of different things apart. */
export function createFrameHasher(domain: string): FrameHasher {
  const running = createHash("sha256");
  let out = Buffer.allocUnsafe(CHUNK);
  let used = 0;
  const reserve = (size: number): void => {
    if (used + size <= out.byteLength) return;
    running.update(out.subarray(0, used));
    used = 0;
    if (size > out.byteLength) out = Buffer.allocUnsafe(size);
  };
  const string = (text: string): void => {
    out.writeUInt32LE(text.length, used);
    out.write(text, used + 4, "latin1");
    used += 4 + text.length;
  };
  reserve(domain.length + 4);
  string(domain);
  return {
    entry(entry, path, digestHex) {
      const xattrs = entry.xattrs === undefined || entry.xattrs.size === 0 ? undefined : encodeXattrs(entry.xattrs);
      const link = entry.link ?? "";
      reserve(64 + path.length + link.length + digestHex.length + (xattrs?.byteLength ?? 0));
      string(path);
      out[used] = KIND_CODE[entry.kind] | (entry.opaque === true ? 0x80 : 0);
      out.writeUInt32LE(entry.mode, used + 1);
      out.writeUInt32LE(entry.uid, used + 5);
      out.writeUInt32LE(entry.gid, used + 9);
      out.writeUInt32LE(entry.major ?? 0, used + 13);
      out.writeUInt32LE(entry.minor ?? 0, used + 17);
      used += 21;
      string(link);
      string(digestHex);
      out.writeUInt32LE(xattrs?.byteLength ?? 0, used);
      used += 4;
      if (xattrs !== undefined) {
        out.set(xattrs, used);
        used += xattrs.byteLength;
      }
    },
    digest() {
      running.update(out.subarray(0, used));
      used = 0;
      return `sha256:${running.digest("hex")}` as Digest;
    },
  };
}

/** The content digest of a layer: of its index, and of the owner that it gives the root. */
export function contentDigest(index: LayerIndex, rootOwner?: RootOwner): Digest {
  const hasher = createFrameHasher(rootOwner === undefined ? "decant.layer" : `decant.layer root ${rootOwner.uid}:${rootOwner.gid}`);
  for (let position = 0; position < index.count; position += 1) {
    const entry = index.at(position);
    hasher.entry(entry, entry.path, entry.digest === undefined ? "" : hexOf(entry.digest));
  }
  return hasher.digest();
}
