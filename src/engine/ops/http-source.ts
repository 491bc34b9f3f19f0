/** http(s)://…: one file as a layer, re-validated by ETag or Last-Modified (rule S91), checked against `--checksum` where given. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { algorithmOf, createHasher, type Digest, framedDigest, hexOf, isDigest, parseDigest } from "../../digest.ts";
import { DecantError } from "../../errors.ts";
import type { SourceOp } from "../../graph/index.ts";
import { treePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { type Layer, layerSource, openLayer, writeLayer } from "../../tree/index.ts";
import type { SourceProvider } from "../types.ts";
import { type Authorization, httpAuthorization, type SourceAccess, withoutHidden } from "./source-secrets.ts";

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
      const material = { uri: shown(op.identifier), digest: { [algorithmOf(checksum)]: hexOf(checksum) } };
      return { kind: "layers", layers: [layerSource(layer)], materials: [material] };
    },
  };
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
  const authorization = await httpAuthorization(op.identifier, secret, signal);
  const response = await request(op.identifier, conditions, authorization, signal);
  if (response.status === 304 && kept !== undefined && known !== undefined && wanted === undefined) {
    return { layer: kept, checksum: known.checksum };
  }
  if (!response.ok || response.body === null) {
    throw new DecantError(
      "HTTP_SOURCE",
      `Cannot fetch "${shown(op.identifier)}": the server answered ${response.status} ${withoutHidden(response.statusText, authorization?.hidden ?? [])}`.trimEnd(),
      {
        details: { status: response.status },
      },
    );
  }
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
      `Cannot use "${shown(op.identifier)}": its digest is "${checksum}"; --checksum wants "${wanted}" (digest mismatch)`,
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

async function request(
  url: string,
  conditions: Readonly<Record<string, string>>,
  authorization: Authorization | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const { bare, own } = splitCredentials(url);
  const header = authorization?.header ?? own;
  try {
    // A redirect to another host goes without the authorization.
    return await fetch(bare, {
      headers: {
        "user-agent": "decant",
        "accept-encoding": "identity",
        ...(header === undefined ? {} : { authorization: header }),
        ...conditions,
      },
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new DecantError("HTTP_SOURCE", `Cannot fetch "${shown(url)}": ${reasonOf(error)}`, { cause: error });
  }
}

/** "https://user:password@host/": fetch takes them as a header only, and messages must not show them. */
function splitCredentials(url: string): { readonly bare: string; readonly own?: string } {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.username === "" && parsed.password === "")) return { bare: url };
  const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  parsed.username = "";
  parsed.password = "";
  return { bare: parsed.href, own: `Basic ${Buffer.from(pair).toString("base64")}` };
}

function shown(url: string): string {
  return splitCredentials(url).bare;
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
