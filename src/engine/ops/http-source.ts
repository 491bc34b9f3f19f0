/** http(s)://…: one file as a layer, re-validated by ETag or Last-Modified (rule S91), checked against `--checksum` where given. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { algorithmOf, createHasher, type Digest, framedDigest, hexOf, isDigest, parseDigest } from "../../digest.ts";
import { DecantError } from "../../errors.ts";
import { type SourceOp, withoutCredentials } from "../../graph/index.ts";
import { treePath } from "../../paths.ts";
import { type Authority, type FetchArrival, fetchFollowing, splitUserInfo } from "../../net/index.ts";
import type { Store } from "../../store/index.ts";
import { type Layer, layerSource, openLayer, writeLayer } from "../../tree/index.ts";
import type { SourceProvider } from "../types.ts";
import { httpAuthorization, type SourceAccess } from "./source-secrets.ts";

/** What is remembered of a URL. */
interface Remembered {
  readonly layer: Digest;
  readonly checksum: Digest;
  readonly etag?: string;
  readonly lastModified?: string;
}

interface Download {
  readonly layer: Layer;
  readonly checksum: Digest;
}

/** A provider for http and https, with what the caller lends for it. */
export function httpSources(store: Store, access: Pick<SourceAccess, "secret">): SourceProvider {
  return {
    schemes: ["http", "https"],
    async resolve(op, _platform, signal) {
      const { layer, checksum } = await download(store, op, access, signal);
      const material = { uri: withoutCredentials(op.identifier), digest: { [algorithmOf(checksum)]: hexOf(checksum) } };
      return { kind: "layers", layers: [layerSource(layer)], materials: [material] };
    },
  };
}

/** Where to ask, as whom, and what messages call it. */
interface Access {
  readonly url: URL;
  readonly shown: string;
  readonly authority: Authority | undefined;
}

async function download(store: Store, op: SourceOp, { secret }: Pick<SourceAccess, "secret">, signal: AbortSignal): Promise<Download> {
  const filename = op.attrs["http.filename"] ?? "__unnamed__";
  const wanted = op.attrs["http.checksum"] === undefined ? undefined : parseDigest(op.attrs["http.checksum"]);
  const id = framedDigest(["http", op.identifier, filename]);
  const known = asRemembered(store.records.get("http", id));
  const kept = known === undefined ? undefined : openLayer(store, known.layer);
  if (kept !== undefined && known !== undefined && wanted !== undefined && known.checksum === wanted)
    return { layer: kept, checksum: wanted };

  const conditions: Record<string, string> = {};
  if (kept !== undefined && known?.etag !== undefined) conditions["if-none-match"] = known.etag;
  else if (kept !== undefined && known?.lastModified !== undefined) conditions["if-modified-since"] = known.lastModified;
  const access = await accessTo(op.identifier, secret, signal);
  const arrival = await request(access, conditions, signal);
  const { response } = arrival;
  if (response.status === 304 && kept !== undefined && known !== undefined && wanted === undefined) {
    return { layer: kept, checksum: known.checksum };
  }
  if (!response.ok || response.body === null) throw statusError(access, arrival);
  const lastModified = response.headers.get("last-modified") ?? undefined;
  const etag = response.headers.get("etag") ?? undefined;
  const { layer, checksum } = await save(store, response.body, {
    filename,
    lastModified,
    algorithm: wanted === undefined ? "sha256" : algorithmOf(wanted),
  });
  if (wanted !== undefined && checksum !== wanted) {
    throw new DecantError(
      "CHECKSUM",
      `Cannot use "${withoutCredentials(op.identifier)}": its digest is "${checksum}"; --checksum wants "${wanted}" (digest mismatch)`,
    );
  }
  store.records.put(
    "http",
    id,
    { layer: layer.id, checksum, ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) },
    [{ kind: "record", space: "layer", id: layer.id }],
  );
  return { layer, checksum };
}

/** Who we are for a URL: a secret of the build, or else the user and password that it has. */
async function accessTo(text: string, secret: SourceAccess["secret"], signal: AbortSignal): Promise<Access> {
  const shown = withoutCredentials(text);
  const parsed = URL.parse(text);
  if (parsed === null) throw new DecantError("HTTP_SOURCE", `Cannot fetch "${shown}": it is no URL`);
  const { url, authority } = splitUserInfo(parsed);
  return { url, shown, authority: (await httpAuthorization(text, secret, signal)) ?? authority };
}

async function request(
  { url, shown, authority }: Access,
  conditions: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<FetchArrival> {
  try {
    return await fetchFollowing({
      url,
      headers: { "user-agent": "decant", "accept-encoding": "identity", ...conditions },
      authority,
      signal,
      refuse: (_from, state) =>
        new DecantError("HTTP_SOURCE", `Cannot fetch "${shown}": its redirect cannot be followed: ${state}`, {
          hint: "Give the address that it leads to, if you trust that one",
        }),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DecantError) throw error;
    throw new DecantError("HTTP_SOURCE", `Cannot fetch "${shown}": ${reasonOf(error)}`, { cause: error });
  }
}

function statusError({ shown, authority }: Access, { response, url, strayed }: FetchArrival): DecantError {
  const { status, statusText } = response;
  const who = strayed ? `"${url.host}", where it leads,` : "the server";
  const said = `answered ${status} ${authority?.hide(statusText) ?? statusText}`.trimEnd();
  const hint = `Credentials for "${authority?.origin}" are not sent to other hosts. If they belong there, give that address`;
  return new DecantError("HTTP_SOURCE", `Cannot fetch "${shown}": ${who} ${said}`, {
    details: { status },
    ...(strayed && authority !== undefined ? { hint } : {}),
  });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

async function save(
  store: Store,
  body: ReadableStream<Uint8Array>,
  options: { readonly filename: string; readonly lastModified: string | undefined; readonly algorithm: string },
): Promise<Download> {
  await using scratch = await store.scratch();
  const path = join(scratch.path, "download");
  const hasher = createHasher(options.algorithm);
  let size = 0;
  {
    await using file = await open(path, "wx", 0o600);
    for await (const chunk of body) {
      hasher.update(chunk);
      size += chunk.byteLength;
      await file.writeFile(chunk);
    }
  }
  const modified = options.lastModified === undefined ? Number.NaN : Date.parse(options.lastModified);
  const mtimeSec = Number.isNaN(modified) ? 0 : Math.floor(modified / 1000);
  const entry = { path: treePath(options.filename), kind: "file", mode: 0o600, uid: 0, gid: 0, size, mtimeSec, mtimeNsec: 0 } as const;
  const layer = await writeLayer(store, [{ entry, data: { kind: "host", path } }]);
  return { layer, checksum: hasher.digest() };
}

function asRemembered(value: unknown): Remembered | undefined {
  if (typeof value !== "object" || value === null || !("layer" in value) || !("checksum" in value)) return undefined;
  const { layer, checksum } = value;
  if (typeof layer !== "string" || !isDigest(layer) || typeof checksum !== "string" || !isDigest(checksum)) return undefined;
  const text = (field: unknown): string | undefined => (typeof field === "string" ? field : undefined);
  const etag = "etag" in value ? text(value.etag) : undefined;
  const lastModified = "lastModified" in value ? text(value.lastModified) : undefined;
  return { layer, checksum, ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) };
}
