/** Looks for secrets in all that a layer brings: names, links, attributes, contents, and contents that gzip hides. */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { toBytes, type TreePath } from "../paths.ts";
import { type Entry, type Layer, readData } from "../tree/index.ts";
import { findInStream, type SecretSearch } from "./found.ts";
import type { Needle } from "./needles.ts";

/** Where a secret is. */
interface Leak {
  readonly secret: string;
  readonly path: TreePath;
  /** "its value, in base64, below gzip". */
  readonly form: string;
}

/** Of what a file unpacks to, more is not looked at: a bomb would never end. */
const MAX_UNPACKED = 256 * 1024 * 1024;

/** The first leak of a layer. `isAllowed`: paths that may have one. */
export async function leakInLayer(
  layer: Layer,
  search: SecretSearch,
  { isAllowed, signal }: { readonly isAllowed: (path: TreePath) => boolean; readonly signal: AbortSignal },
): Promise<Leak | undefined> {
  for (let position = 0; position < layer.index.count; position += 1) {
    signal.throwIfAborted();
    const entry = layer.index.at(position);
    if (isAllowed(entry.path)) continue;
    const found = leakOfMetadata(entry, search) ?? (await leakOfContent(layer, entry, search));
    if (found !== undefined) return { ...found, path: entry.path };
  }
  return undefined;
}

type Found = Pick<Needle, "secret" | "form">;

function leakOfMetadata(entry: Entry, search: SecretSearch): Found | undefined {
  const places: (readonly [string, Buffer])[] = [
    ["in its name", toBytes(entry.path)],
    ["in its target", toBytes(entry.link ?? "")],
    ...[...(entry.xattrs ?? [])].map(([name, value]) => [`in its attribute ${name}`, Buffer.from(value)] as const),
  ];
  for (const [form, bytes] of places) {
    const found = search.find(bytes);
    if (found !== undefined) return { secret: found.secret, form: `${found.form}, ${form}` };
  }
  return undefined;
}

async function leakOfContent(layer: Layer, entry: Entry, search: SecretSearch): Promise<Found | undefined> {
  if (entry.kind !== "file" || entry.size === 0) return undefined;
  const data = await layer.data(entry);
  const found = await findInStream(search, readData(data, entry.size));
  if (found !== undefined) return { secret: found.secret, form: found.form };
  return await leakBelowGzip(search, readData(data, entry.size));
}

/** A file that begins as gzip does is searched unpacked, too. One that is broken has what could be unpacked. */
async function leakBelowGzip(search: SecretSearch, chunks: AsyncGenerator<Uint8Array, void, undefined>): Promise<Found | undefined> {
  const first = await chunks.next();
  if (first.done === true || first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
    await chunks.return();
    return undefined;
  }
  const unpacked = Readable.from(withFirst(first.value, chunks)).pipe(createGunzip());
  try {
    const found = await findInStream(search, bounded(unpacked));
    return found === undefined ? undefined : { secret: found.secret, form: `${found.form}, in gzip` };
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("Z_")) return undefined;
    throw error;
  } finally {
    unpacked.destroy();
    await chunks.return();
  }
}

async function* withFirst(first: Uint8Array, rest: AsyncGenerator<Uint8Array, void, undefined>): AsyncGenerator<Uint8Array> {
  yield first;
  yield* rest;
}

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = MAX_UNPACKED;
  for await (const chunk of chunks) {
    yield chunk;
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
