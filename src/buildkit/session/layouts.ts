/** OCI layouts of clients: read from a store of theirs into a folder, and sent to one. */
import { readdir, rename, stat, writeFile } from "node:fs/promises";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { AT_ONCE, pool } from "../../async.ts";
import { type Digest, hexOf, parseDigest, verified } from "../../digest.ts";
import { type Descriptor, MAX_MANIFEST_BYTES, parseManifestOrIndex } from "../../oci/index.ts";
import { fromText } from "../../paths.ts";
import { makeFolders } from "../../sys/index.ts";
import { createEntryMaker, readData, writeAll } from "../../tree/index.ts";
import type { GrpcClient } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { Content } from "../wire/methods.ts";

/** A store of a client: of its outputs, caches or layouts. */
export interface ClientStore {
  readonly client: GrpcClient;
  /** "export", "local:PATH", "oci:NAME" */
  readonly id: string;
  readonly signal: AbortSignal;
}

const HEADER = "buildkit-attachable-store-id";
const STAT = 0;
const WRITE = 1;
const COMMIT = 2;
const PIECE_BYTES = 1024 * 1024;

/**
 * Reads what hangs at `root` into an empty folder, which becomes a layout. Every blob is checked against its digest. What an index names and the client
 * does not have is left out, as for platforms that were not copied. Throws `GrpcError`, and what `verified` and reading manifests throw.
 */
export async function pullLayout(store: ClientStore, root: Digest, folder: string): Promise<void> {
  makeFolders(join(folder, "blobs", "sha256"), { mode: 0o700 });
  const descriptor = await pullManifest(store, root, folder, undefined);
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}

async function pullManifest(store: ClientStore, digest: Digest, folder: string, mediaType: string | undefined): Promise<object> {
  const size = await sizeOf(store, digest);
  if (size === undefined) throw new GrpcError(CODE.notFound, `Cannot read ${digest} of the client: it is not in its store "${store.id}"`);
  if (size > MAX_MANIFEST_BYTES)
    throw new GrpcError(CODE.invalid, `Cannot read ${digest} of the client: a manifest has at most ${MAX_MANIFEST_BYTES} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of verified(read(store, digest, size), { digest, size })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  await writeFile(pathIn(folder, digest), bytes);
  const parsed = parseManifestOrIndex(bytes, mediaType);
  if (parsed.kind === "index") {
    for (const child of parsed.index.manifests) {
      if ((await sizeOf(store, child.digest)) !== undefined) await pullManifest(store, child.digest, folder, child.mediaType);
    }
  } else {
    const { config, layers } = parsed.manifest;
    const blobs = [...new Map([config, ...layers].map((blob) => [blob.digest, blob])).values()];
    await pool(AT_ONCE, blobs, (blob) => pullBlob(store, blob, folder), store.signal);
  }
  return { mediaType: parsed.mediaType, digest, size };
}

async function pullBlob(store: ClientStore, { digest, size }: Descriptor, folder: string): Promise<void> {
  const path = pathIn(folder, digest);
  if ((await stat(path).catch(() => undefined)) !== undefined) return;
  await writeBlob(store, { digest, size }, `${path}.part`);
  await rename(`${path}.part`, path);
}

/** Reads a blob into a new file; gives its size. Throws `GrpcError` for one that the client does not have, and what `verified` throws. */
export async function pullFile(store: ClientStore, digest: Digest, path: string): Promise<number> {
  const size = await sizeOf(store, digest);
  if (size === undefined) throw new GrpcError(CODE.notFound, `Cannot read ${digest} of the client: it is not in its store "${store.id}"`);
  await writeBlob(store, { digest, size }, path);
  return size;
}

async function writeBlob(store: ClientStore, blob: Pick<Descriptor, "digest" | "size">, path: string): Promise<void> {
  const fd = createEntryMaker().open(fromText(path));
  try {
    for await (const chunk of verified(read(store, blob.digest, blob.size), blob)) writeAll(fd, chunk, "a blob of the client");
  } finally {
    closeSync(fd);
  }
}

async function sizeOf({ client, id, signal }: ClientStore, digest: string): Promise<number | undefined> {
  try {
    const { info } = await client.unary(Content.method.info, { digest }, { metadata: { [HEADER]: id }, signal });
    return info === undefined ? undefined : Number(info.size);
  } catch (error) {
    if (error instanceof GrpcError && error.code === CODE.notFound) return undefined;
    throw error;
  }
}

async function* read({ client, id, signal }: ClientStore, digest: string, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  if (size === 0) return;
  using call = client.open(Content.method.read, { metadata: { [HEADER]: id }, signal });
  await call.send({ digest });
  call.end();
  for await (const { data } of call.responses) yield data;
}

/** Sends the blobs of a layout; manifests last, so that nothing names what is not there. The client writes the rest of its layout itself. */
export async function pushLayout(store: ClientStore, folder: string): Promise<void> {
  const blobs = join(folder, "blobs", "sha256");
  const sizes = new Map<string, number>();
  for (const name of await readdir(blobs)) sizes.set(name, (await stat(join(blobs, name))).size);
  const order = [...sizes].toSorted(([, one], [, other]) => other - one);
  for (const [name, size] of order) await pushBlob(store, parseDigest(`sha256:${name}`), join(blobs, name), size);
}

async function pushBlob({ client, id, signal }: ClientStore, digest: Digest, path: string, size: number): Promise<void> {
  using call = client.open(Content.method.write, { metadata: { [HEADER]: id }, signal });
  const facts = { ref: digest, total: BigInt(size), expected: digest };
  const answers = call.responses[Symbol.asyncIterator]();
  try {
    await call.send({ action: STAT, ...facts });
    await answers.next();
    let offset = 0;
    for await (const chunk of readData({ kind: "host", path }, size)) {
      for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
        const data = chunk.subarray(at, at + PIECE_BYTES);
        await call.send({ action: WRITE, ...facts, offset: BigInt(offset), data });
        await answers.next();
        offset += data.byteLength;
      }
    }
    await call.send({ action: COMMIT, ...facts, offset: BigInt(offset) });
    await answers.next();
    call.end();
  } catch (error) {
    // The client has it already.
    if (error instanceof GrpcError && error.code === CODE.alreadyExists) return;
    throw error;
  }
}

function pathIn(folder: string, digest: Digest): string {
  return join(folder, "blobs", "sha256", hexOf(digest));
}

/** The descriptor of the first image of a layout, as JSON. */
export function firstOf(index: string): string {
  const { manifests } = JSON.parse(index) as { readonly manifests: readonly unknown[] };
  return JSON.stringify(manifests[0]);
}
