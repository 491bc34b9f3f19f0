/**
 * Layers that their registry does not have, from the addresses in their descriptor (image-spec descriptor.md, "urls"): what licences forbid to upload.
 * No address gets credentials, and none may be nearer to this machine than the registry.
 */
import type { ByteStream } from "../bytes.ts";
import { shortDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { statusError } from "./errors.ts";
import type { RegistryNetwork } from "./registry-network.ts";
import type { Endpoint, ForeignBlob } from "./types.ts";

/** The bytes from `offset` on, from the first address that gives them. Throws `BLOB_MISSING` with what each said. */
export async function* foreignBytes(
  network: RegistryNetwork,
  endpoint: Endpoint,
  blob: ForeignBlob,
  { offset, signal }: { readonly offset: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  const failures: DecantError[] = [];
  for (const text of blob.urls ?? []) {
    let body: ByteStream;
    try {
      body = await openAt(network, endpoint, blob, { text, offset, signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof DecantError)) throw error;
      failures.push(error);
      continue;
    }
    yield* body;
    return;
  }
  const digest = shortDigest(blob.digest);
  throw new DecantError(
    "BLOB_MISSING",
    `Cannot read blob "${digest}": neither registry "${endpoint.registry}" nor its addresses have it (${failures.map(({ message }) => message).join("; ")})`,
    { details: { digest: blob.digest, urls: blob.urls }, cause: new AggregateError(failures, "every address failed") },
  );
}

async function openAt(
  network: RegistryNetwork,
  endpoint: Endpoint,
  blob: ForeignBlob,
  { text, offset, signal }: { readonly text: string; readonly offset: number; readonly signal: AbortSignal | undefined },
): Promise<ByteStream> {
  const url = URL.parse(text);
  const attempt = { action: `read blob "${shortDigest(blob.digest)}"`, registry: endpoint.registry, notFound: "BLOB_MISSING" } as const;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    throw new DecantError("REGISTRY", `Cannot ${attempt.action}: its manifest names an address that is no http(s) URL`);
  const response = await network.send({
    method: "GET",
    url,
    ledFrom: new URL(`https://${endpoint.host}`),
    // Not the registry's: it says nothing about our credentials.
    strayed: true,
    headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
    signal,
  });
  if (response.status !== 200 && response.status !== 206) throw await statusError(attempt, response);
  const from = response.status === 206 ? Number(/^bytes (\d{1,15})-/.exec(response.header("content-range") ?? "")?.[1] ?? Number.NaN) : 0;
  if (from <= offset) return without(response.body, offset - from);
  response.discard();
  throw new DecantError("REGISTRY", `Cannot ${attempt.action}: "${url.host}" sent another part of it than was asked for`);
}

/** A stream but for its first bytes. */
export async function* without(source: ByteStream, sizeBytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let skip = sizeBytes;
  for await (const chunk of source) {
    if (skip < chunk.byteLength) yield skip === 0 ? chunk : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.byteLength);
  }
}
