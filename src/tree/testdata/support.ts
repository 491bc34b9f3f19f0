/** What the tests of this room share: temporary stores, entries and tars from values. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ErrorCode } from "../../errors.ts";
import { isDecantError } from "../../errors.ts";
import { treePath } from "../../paths.ts";
import { type Store, openStore } from "../../store/index.ts";
import { runProcess } from "../../sys/index.ts";
import { createIndexBuilder } from "../index-builder.ts";
import { NO_DATA } from "../index-format.ts";
import type { StoredIndex } from "../layer-index.ts";
import type { LayerItem } from "../tar-chunks.ts";
import type { Entry, Layer } from "../types.ts";
import { writeLayer } from "../write-layer.ts";

/** A folder of the test's own. */
interface Temp extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder that is gone afterwards. */
export async function temp(): Promise<Temp> {
  const path = await mkdtemp(join(tmpdir(), "decant-tree-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A store in a folder of its own. */
export interface TempStore extends Temp {
  readonly store: Store;
}

/** Opens a store that is gone afterwards; `path` is a folder for the test's files. */
export async function tempStore(): Promise<TempStore> {
  const folder = await temp();
  const store = await openStore({ root: join(folder.path, "store") });
  return {
    path: folder.path,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** An entry with what a test does not care about filled in. */
export function entry(path: string, kind: Entry["kind"], fields: Partial<Entry> = {}): Entry {
  const mode = kind === "dir" ? 0o755 : kind === "symlink" ? 0o777 : kind === "whiteout" || kind === "opaque" ? 0 : 0o644;
  return { path: treePath(path), kind, mode, uid: 0, gid: 0, size: 0, mtimeSec: kind === "whiteout" ? 0 : 1000, mtimeNsec: 0, ...fields };
}

/** A file as an item of a layer. */
export function file(path: string, content: string | Uint8Array, fields: Partial<Entry> = {}): LayerItem {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { entry: entry(path, "file", { size: bytes.byteLength, ...fields }), data: { kind: "bytes", bytes } };
}

/** Anything else as an item. */
export function item(path: string, kind: Entry["kind"], fields: Partial<Entry> = {}): LayerItem {
  return { entry: entry(path, kind, fields) };
}

/** Writes a layer of items that are in order. */
export function layerOf(store: Store, ...items: readonly LayerItem[]): Promise<Layer> {
  return writeLayer(store, items);
}

/** Runs a program that must succeed; its output as text. */
export async function run(...argv: readonly string[]): Promise<string> {
  const result = await runProcess({ argv });
  assert.equal(result.exitCode, 0, `${argv.join(" ")}: ${result.stderr.toString()}`);
  return result.stdout.toString();
}

/** Matches our errors by code. */
export function failsWith(code: ErrorCode): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isDecantError(error), `wanted ${code}, got ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** One header block of a tar, with any bytes a test wants; the checksum is right unless given. */
export function rawHeader(fields: {
  readonly name?: string;
  readonly type?: string;
  readonly size?: string | number;
  readonly link?: string;
  readonly mode?: string;
  readonly uid?: Buffer | string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly checksum?: string;
}): Buffer {
  const block = Buffer.alloc(512);
  block.write(fields.name ?? "file", 0, 100, "latin1");
  block.write(fields.mode ?? "0000644", 100, "latin1");
  if (Buffer.isBuffer(fields.uid)) fields.uid.copy(block, 108);
  else block.write(fields.uid ?? "0000000", 108, "latin1");
  block.write("0000000", 116, "latin1");
  const size = fields.size ?? 0;
  block.write(typeof size === "number" ? size.toString(8).padStart(11, "0") : size, 124, 12, "latin1");
  block.write("00000001750", 136, "latin1");
  block.write(fields.type ?? "0", 156, "latin1");
  block.write(fields.link ?? "", 157, 100, "latin1");
  block.write(fields.magic ?? "ustar\x0000", 257, "latin1");
  block.write((fields.major ?? 0).toString(8).padStart(7, "0"), 329, "latin1");
  block.write((fields.minor ?? 0).toString(8).padStart(7, "0"), 337, "latin1");
  block.write(fields.prefix ?? "", 345, 155, "latin1");
  block.fill(32, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(fields.checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Content padded to whole blocks. */
export function padded(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)]);
}

/** Blocks and the two zero blocks at the end. */
export function rawTar(...blocks: readonly Buffer[]): Buffer {
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** A PAX header with records, as "key=value". */
export function paxHeader(...records: readonly string[]): Buffer {
  const body = records
    .map((record) => {
      const rest = Buffer.byteLength(record, "latin1") + 2;
      let length = rest + String(rest).length;
      if (rest + String(length).length !== length) length = rest + String(length).length;
      return `${length} ${record}\n`;
    })
    .join("");
  const bytes = Buffer.from(body, "latin1");
  return Buffer.concat([rawHeader({ name: "pax", type: "x", size: bytes.byteLength }), padded(bytes)]);
}

/** Entries that are known to be sorted and free of contradictions. */
export function encodeIndex(entries: Iterable<Entry>): StoredIndex {
  const builder = createIndexBuilder();
  for (const entry of entries) {
    if (entry.path === "" && entry.kind !== "dir" && entry.kind !== "opaque") throw new Error("the root is not a directory");
    builder.add(entry, NO_DATA);
  }
  return builder.finish().index;
}
