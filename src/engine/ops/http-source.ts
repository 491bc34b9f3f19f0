/** http(s)://…: one file as a layer, re-validated by ETag or Last-Modified (rule S91), checked against `--checksum` where given. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ByteStream } from "../../bytes.ts";
import { algorithmOf, createHasher, type Digest, framedDigest, hexOf, isDigest, parseDigest } from "../../digest.ts";
import { DecantError, usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import { type SourceOp, withoutCredentials } from "../../graph/index.ts";
import { treePath } from "../../paths.ts";
import { publicUrl } from "../../url-secrets.ts";
import { type Authority, download, type DownloadFailure, type Network, splitUserInfo } from "../../net/index.ts";
import type { Store } from "../../store/index.ts";
import { type Entry, type Layer, layerSource, openLayer, writeLayer } from "../../tree/index.ts";
import type { SourceProvider } from "../types.ts";
import { httpAuthorization, type SourceAccess } from "./source-secrets.ts";

/** How a server knows that a file is still the same. */
interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** What is remembered of a URL. */
interface Remembered extends Validators {
  readonly layer: Digest;
  readonly checksum: Digest;
}

interface Download {
  readonly layer: Layer;
  readonly checksum: Digest;
}

/** What HTTP sources need of their surroundings. */
interface HttpSurroundings extends Pick<SourceAccess, "secret"> {
  /** What requests go by, borrowed. */
  readonly network: Network;
  /** Refuse a longer file. Default: any length. */
  readonly maxBytes?: number;
}

/** Owner and mode that a source op gives its file: "http.perm", "http.uid", "http.gid". Throws `USAGE`. */
export function blobMode({ attrs }: SourceOp): Pick<Entry, "mode" | "uid" | "gid"> {
  const number = (name: string, base: number, text = attrs[name] ?? ""): number => {
    if (!/^\d{1,10}$/.test(text) && text !== "")
      throw usageError(`Cannot read the attribute "${name}" of a source: "${text}" is no number`);
    return text === "" ? 0 : Number.parseInt(text, base);
  };
  return { mode: number("http.perm", 8) & 0o777 || 0o600, uid: number("http.uid", 10), gid: number("http.gid", 10) };
}

/** A provider for http and https, with what the caller lends for it. */
export function httpSources(store: Store, surroundings: HttpSurroundings): SourceProvider {
  return {
    schemes: ["http", "https"],
    async resolve(op, _platform, signal) {
      const { layer, checksum } = await fetchFile(store, op, surroundings, signal);
      const material = { uri: publicUrl(op.identifier), digest: { [algorithmOf(checksum)]: hexOf(checksum) } };
      return { kind: "layers", layers: [layerSource(layer)], materials: [material] };
    },
  };
}

async function fetchFile(
  store: Store,
  op: SourceOp,
  { network, secret, maxBytes }: HttpSurroundings,
  signal: AbortSignal,
): Promise<Download> {
  const shown = publicUrl(op.identifier);
  const filename = op.attrs["http.filename"] ?? "__unnamed__";
  const wanted = op.attrs["http.checksum"] === undefined ? undefined : parseDigest(op.attrs["http.checksum"]);
  const algorithm = wanted === undefined ? "sha256" : algorithmOf(wanted);
  // Without the password: who guesses it must not find it by its digest.
  const owned = Object.keys(op.attrs).some((name) => /^http\.(?:perm|uid|gid)$/.test(name)) ? [JSON.stringify(blobMode(op))] : [];
  const id = framedDigest(["http", withoutCredentials(op.identifier), URL.parse(op.identifier)?.username ?? "", filename, ...owned]);
  const kept = keptOf(store, id);
  if (kept !== undefined && kept.checksum === wanted) return kept;

  // A digest by another algorithm cannot be compared with the one that is wanted: then the file must come again.
  const comparable = kept !== undefined && algorithmOf(kept.checksum) === algorithm ? kept : undefined;
  const conditions = conditionsOf(comparable);
  const mayBeSame = Object.keys(conditions).length > 0;
  const { url, authority } = await accessTo(op.identifier, secret, signal);
  const request = {
    url,
    authority,
    signal,
    headers: conditions,
    ...given({ maxBytes }),
    takes: (status: number) => (status >= 200 && status < 300) || (status === 304 && mayBeSame),
    fail: ({ why, hint, details, cause }: DownloadFailure): DecantError =>
      new DecantError("HTTP_SOURCE", `Cannot fetch "${shown}": ${why}`, {
        details,
        hint,
        cause,
      }),
  };
  const found = await download(network, request, async (response): Promise<Download & Validators> => {
    if (response.status === 304 && comparable !== undefined) {
      response.discard();
      return comparable;
    }
    const lastModified = response.header("last-modified");
    const etag = response.header("etag");
    const saved = await save(store, response.body, { filename, lastModified, algorithm, mode: blobMode(op) });
    return { ...saved, ...given({ etag, lastModified }) };
  });
  if (wanted !== undefined && found.checksum !== wanted)
    throw new DecantError(
      "CHECKSUM",
      `Cannot use "${shown}": its digest is "${found.checksum}"; the build wants "${wanted}" (digest mismatch)`,
      { hint: "If the new file is right, change --checksum, or with --locked run: decant update" },
    );
  const { layer, ...remembered } = found;
  store.records.put("http", id, { ...remembered, layer: layer.id }, [{ kind: "record", space: "layer", id: layer.id }]);
  return found;
}

function keptOf(store: Store, id: Digest): (Download & Validators) | undefined {
  const known = asRemembered(store.records.get("http", id));
  const layer = known === undefined ? undefined : openLayer(store, known.layer);
  return known === undefined || layer === undefined ? undefined : { ...known, layer };
}

function conditionsOf(kept: Validators | undefined): Readonly<Record<string, string>> {
  if (kept?.etag !== undefined) return { "if-none-match": kept.etag };
  return kept?.lastModified === undefined ? {} : { "if-modified-since": kept.lastModified };
}

/** Where to ask, and as whom: by a secret of the build, or else the user and password that the URL has. */
async function accessTo(
  text: string,
  secret: SourceAccess["secret"],
  signal: AbortSignal,
): Promise<{ readonly url: URL; readonly authority: Authority | undefined }> {
  const parsed = URL.parse(text);
  if (parsed === null) throw new DecantError("HTTP_SOURCE", `Cannot fetch "${publicUrl(text)}": it is no URL`);
  const { url, authority } = splitUserInfo(parsed);
  return { url, authority: (await httpAuthorization(text, secret, signal)) ?? authority };
}

async function save(
  store: Store,
  body: ByteStream,
  options: {
    readonly filename: string;
    readonly lastModified: string | undefined;
    readonly algorithm: string;
    readonly mode: Pick<Entry, "mode" | "uid" | "gid">;
  },
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
  const entry = { path: treePath(options.filename), kind: "file", ...options.mode, size, mtimeSec, mtimeNsec: 0 } as const;
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
  return { layer, checksum, ...given({ etag, lastModified }) };
}
