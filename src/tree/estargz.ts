/**
 * eStargz (stargz-snapshotter, docs/estargz.md): a gzip layer whose files can be fetched one by one. Each file with content is a gzip member of its
 * own, in chunks; the last file of the tar is a table of contents (TOC), and a footer says where it is. Other readers see a gzip layer with two more
 * files, so its diffId is another than that of the tar that it is made of. No files are marked for prefetching.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { ByteStream } from "../bytes.ts";
import { createHasher, type Digest, sha256 } from "../digest.ts";
import { DecantError, unreachable } from "../errors.ts";
import { given } from "../given.ts";
import { displayPath, fromText, toText, treePath } from "../paths.ts";
import { readTar } from "./tar-read.ts";
import { tarHeaders, tarName, tarPadded } from "./tar-write.ts";
import type { Entry } from "./types.ts";

/** What an eStargz blob is known by, besides its bytes. */
export interface EstargzFacts {
  /** Of the tar that a reader unpacks. */
  readonly diffId: Digest;
  /** For the annotation by which a snapshotter trusts the TOC. */
  readonly tocDigest: Digest;
  /** Bytes of that tar. */
  readonly uncompressedBytes: number;
}

/** An entry of the TOC; its keys are those of the specification. */
interface TocEntry {
  readonly name: string;
  readonly type: "dir" | "reg" | "symlink" | "hardlink" | "char" | "block" | "fifo" | "chunk";
  readonly size?: number;
  readonly modtime?: string;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly devMajor?: number;
  readonly devMinor?: number;
  readonly xattrs?: Readonly<Record<string, string>>;
  readonly offset?: number;
  readonly chunkOffset?: number;
  readonly chunkSize?: number;
  readonly chunkDigest?: string;
  readonly digest?: string;
}

const TOC_NAME = "stargz.index.json";
const NO_PREFETCH = ".no.prefetch.landmark";
/** What an eStargz blob holds besides the files of its layer: a tar that was one already has them. */
const OWN_NAMES: ReadonlySet<string> = new Set([TOC_NAME, NO_PREFETCH, ".prefetch.landmark"]);
/** As other writers have it. */
const CHUNK_BYTES = 4 * 1024 * 1024;
const END = Buffer.alloc(1024);

const compressed = promisify<Buffer, { readonly level: number }, Buffer>(gzip);

/** Writes the uncompressed `tar` as eStargz by `write`. Throws what reading throws, and `EXPORT` for names that JSON cannot hold. */
export async function writeEstargz(
  tar: ByteStream,
  write: (bytes: Uint8Array) => Promise<void>,
  { level, signal }: { readonly level: number; readonly signal?: AbortSignal | undefined },
): Promise<EstargzFacts> {
  const plain = createHasher();
  const toc: TocEntry[] = [];
  let offset = 0;
  let uncompressedBytes = 0;
  /** Headers that wait for the end of their member: the next content. */
  let waiting: Buffer[] = [];
  const member = async (parts: readonly Buffer[]): Promise<number> => {
    const [only] = parts;
    const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
    plain.update(bytes);
    uncompressedBytes += bytes.byteLength;
    const packed = await compressed(bytes, { level });
    const start = offset;
    await write(packed);
    offset += packed.byteLength;
    return start;
  };
  const header = (entry: Entry): void => {
    const headers = tarHeaders(entry, () => true);
    const block = Buffer.alloc(headers.size);
    headers.write(block, 0);
    waiting.push(block);
  };
  const content = async (entry: Entry, data: ByteStream): Promise<void> => {
    await member(waiting);
    const whole = createHash("sha256");
    const at = toc.length;
    let chunkOffset = 0;
    for await (const chunk of chunksOf(data, entry.size)) {
      whole.update(chunk);
      const isLast = chunkOffset + chunk.byteLength >= entry.size;
      const place = {
        offset: await member([chunk]),
        ...(isLast ? {} : { chunkSize: chunk.byteLength }),
        chunkDigest: sha256(chunk),
      };
      if (chunkOffset === 0) toc.push({ ...tocEntry(entry), ...place });
      else toc.push({ name: textOf(tarName(entry), entry), type: "chunk", chunkOffset, ...place });
      chunkOffset += chunk.byteLength;
    }
    const first = toc[at];
    if (first !== undefined) toc[at] = { ...first, digest: `sha256:${whole.digest("hex")}` };
    waiting = [Buffer.alloc(tarPadded(entry.size) - entry.size)];
  };

  const landmark: Entry = { ...plainFile(NO_PREFETCH), size: 1 };
  header(landmark);
  await content(landmark, bytesOf(Buffer.from([0xf])));
  for await (const { entry, data } of readTar(tar, { signal })) {
    if (OWN_NAMES.has(entry.path)) continue;
    header(entry);
    if (entry.kind === "file" && entry.size > 0) await content(entry, data);
    else toc.push(tocEntry(entry));
  }
  await member(waiting);
  waiting = [];
  const json = Buffer.from(JSON.stringify({ version: 1, entries: toc }), "utf8");
  header({ ...plainFile(TOC_NAME), size: json.byteLength });
  const tocOffset = await member([...waiting, json, Buffer.alloc(tarPadded(json.byteLength) - json.byteLength), END]);
  await write(footer(tocOffset));
  return { diffId: plain.digest(), tocDigest: sha256(json), uncompressedBytes };
}

function plainFile(name: string): Entry {
  return { path: treePath(name), kind: "file", mode: 0, uid: 0, gid: 0, size: 0, mtimeSec: 0, mtimeNsec: 0 };
}

function tocEntry(entry: Entry): TocEntry {
  const name = textOf(tarName(entry), entry);
  const { kind, xattrs } = entry;
  const type = typeOf(kind);
  const isDevice = kind === "char" || kind === "block";
  return {
    name,
    type,
    ...(entry.size > 0 ? { size: entry.size } : {}),
    modtime: new Date(entry.mtimeSec * 1000).toISOString().replace(".000Z", "Z"),
    ...(entry.link === undefined ? {} : { linkName: textOf(entry.link, entry) }),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    ...(isDevice ? given({ devMajor: entry.major ?? 0, devMinor: entry.minor ?? 0 }) : {}),
    ...(xattrs === undefined || xattrs.size === 0
      ? {}
      : { xattrs: Object.fromEntries(Array.from(xattrs, ([key, value]) => [key, Buffer.from(value).toString("base64")])) }),
  };
}

function typeOf(kind: Entry["kind"]): TocEntry["type"] {
  switch (kind) {
    case "file":
    case "whiteout":
    case "opaque":
      return "reg";
    case "dir":
    case "symlink":
    case "hardlink":
    case "char":
    case "block":
    case "fifo":
      return kind;
    default:
      return unreachable(kind);
  }
}

/** The TOC is JSON: bytes that are no UTF-8 would become another name. */
function textOf(bytes: string, { path }: Entry): string {
  const text = toText(bytes);
  if (fromText(text) === bytes) return text;
  throw new DecantError("EXPORT", `Cannot write layer as estargz: the name "${displayPath(path)}" is not UTF-8`, {
    hint: "Use compression=gzip or zstd",
  });
}

/** `sizeBytes` in chunks of the same size; the last may be shorter. Pieces are copied: those of a tar that is being made do not last. */
async function* chunksOf(data: ByteStream, sizeBytes: number): AsyncGenerator<Buffer, void, undefined> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, sizeBytes));
  let used = 0;
  for await (const piece of data) {
    for (let at = 0; at < piece.byteLength;) {
      const part = piece.subarray(at, at + chunk.byteLength - used);
      chunk.set(part, used);
      used += part.byteLength;
      at += part.byteLength;
      if (used < chunk.byteLength) continue;
      yield chunk;
      used = 0;
    }
  }
  if (used > 0) yield chunk.subarray(0, used);
}

async function* bytesOf(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** An empty gzip member, in whose extra field "SG" stands where the TOC is (RFC 1952, 2.3.1.1). */
function footer(tocOffset: number): Buffer {
  const subfield = Buffer.from(`${tocOffset.toString(16).padStart(16, "0")}STARGZ`, "latin1");
  const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 26, 0, 0x53, 0x47, subfield.byteLength, 0]);
  const empty = Buffer.from([1, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([head, subfield, empty]);
}
