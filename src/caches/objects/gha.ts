/**
 * The cache of GitHub Actions (F100), by version 2 of its service: JSON requests for signed addresses, behind which Azure keeps the bytes. Its entries
 * never change, so each version of a cache is an entry of its own: "…#1", "…#2". Two writers cannot make the same one, so none replaces another.
 */
import * as v from "valibot";
import { type ByteStream, bytesOf, collect } from "../../bytes.ts";
import { hexOf, sha256 } from "../../digest.ts";
import { DecantError, usageError } from "../../errors.ts";
import type { ArtifactObjects } from "../../image/index.ts";
import { createAuthority, hiding } from "../../net/index.ts";
import { MAX_MANIFEST_BYTES } from "../document.ts";
import type { GhaPlace } from "../types.ts";
import { counted, type ServiceSurroundings } from "./s3.ts";
import { createService } from "./service.ts";

const API = "twirp/github.actions.results.api.v1.CacheService/";
const DEFAULT_SCOPE = "decant";
/** Entries of another version are invisible: it stands for our format. */
const VERSION = hexOf(sha256("decant-cache-1"));
const MAX_ANSWER_BYTES = 64 * 1024;
const DEFAULT_TIMEOUT_MS = 10 * 60 * 1000;
/** Azure takes as many blocks as 50,000. */
const BLOCK_BYTES = 32 * 1024 * 1024;
/** A writer that died has reserved an entry that never comes: later ones leave it out. */
const MAX_TAKEN = 20;

const answers = {
  CreateCacheEntry: v.object({ ok: v.optional(v.boolean(), false), signed_upload_url: v.optional(v.string()) }),
  FinalizeCacheEntryUpload: v.object({ ok: v.optional(v.boolean(), false) }),
  GetCacheEntryDownloadURL: v.object({
    ok: v.optional(v.boolean(), false),
    signed_download_url: v.optional(v.string()),
    matched_key: v.optional(v.string()),
  }),
} as const;

type Method = keyof typeof answers;
type AnswerOf<Name extends Method> = v.InferOutput<(typeof answers)[Name]>;

/** Opens the cache; asks nothing yet. Throws `USAGE` outside of a workflow. */
export function ghaObjects(place: GhaPlace, { network, env }: ServiceSurroundings): ArtifactObjects {
  const base = apiOf(place, env);
  const token = place.token ?? env["ACTIONS_RUNTIME_TOKEN"] ?? "";
  if (token === "")
    throw usageError(
      "Cannot use the cache type=gha: it has no token",
      "Give token=…, or let the workflow export ACTIONS_RUNTIME_TOKEN and ACTIONS_RESULTS_URL",
    );
  const { scope = DEFAULT_SCOPE, timeoutMs = DEFAULT_TIMEOUT_MS } = place;
  const name = `GitHub Actions, scope ${scope}`;
  const service = createService(network, { name, timeoutMs, hide: hiding([token]) });
  const authority = createAuthority(base, `Bearer ${token}`);
  const prefix = `decant-index-${scope}#`;
  const blobKey = ({ digest }: { readonly digest: string }): string => `decant-blob-${digest}`;

  const call = async <Name extends Method>(method: Name, body: object, signal: AbortSignal): Promise<AnswerOf<Name> | undefined> => {
    const text = JSON.stringify({ ...body, version: VERSION });
    return await service.ask(
      {
        method: "POST",
        url: new URL(API + method, base),
        headers: { "content-type": "application/json" },
        body: { size: Buffer.byteLength(text), open: () => bytesOf(text) },
        authority: () => ({ authority }),
        does: method === "GetCacheEntryDownloadURL" ? "look" : "write",
        // Twirp: an entry that is there already, or none.
        takes: [200, 404, 409],
      },
      async (response) => {
        const bytes = await collect(response.body, MAX_ANSWER_BYTES, "answer of the cache service");
        return response.status === 200 ? answerOf(method, bytes, name) : undefined;
      },
      signal,
    );
  };
  const find = async (key: string, restoreKeys: readonly string[], signal: AbortSignal): Promise<Found | undefined> => {
    const answer = await call("GetCacheEntryDownloadURL", { key, restore_keys: restoreKeys }, signal);
    const { ok, signed_download_url: url, matched_key: matched } = answer ?? {};
    return ok === true && url !== undefined && matched !== undefined ? { url: addressOf(url, name), key: matched } : undefined;
  };
  const download = (url: URL, signal: AbortSignal): ByteStream =>
    service.stream({ method: "GET", url, ledFrom: base, does: "read an entry", takes: [200] }, signal);
  const send = async (url: URL, options: Sent, signal: AbortSignal): Promise<void> =>
    await service.ask(
      { method: "PUT", url, ledFrom: base, does: "write an entry", takes: [201], headers: { ...options.headers }, body: options.body },
      async (response) => response.discard(),
      signal,
    );

  /** Writes an entry; false where somebody has it, or is about to. */
  const write = async (
    key: string,
    size: number,
    open: (start: number, length: number) => ByteStream,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const reserved = await call("CreateCacheEntry", { key }, signal);
    if (reserved?.ok !== true || reserved.signed_upload_url === undefined) return false;
    const url = addressOf(reserved.signed_upload_url, name);
    if (size <= BLOCK_BYTES) {
      const headers = { "x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream" };
      await send(url, { headers, body: { size, open: () => open(0, size) } }, signal);
    } else await sendBlocks(url, size, open, (to, options) => send(to, options, signal));
    const done = await call("FinalizeCacheEntryUpload", { key, size_bytes: String(size) }, signal);
    if (done?.ok !== true) throw refused(name, "it did not take an entry that was sent");
    return true;
  };

  /** The number of the newest entry that was seen, and how often the next one was taken already. */
  const seen = { number: 0, taken: 0 };
  return {
    name,
    async manifest(signal) {
      const found = await find(prefix, [prefix], signal);
      const number = found?.key.startsWith(prefix) === true ? Number(found.key.slice(prefix.length)) : 0;
      if (found === undefined || !Number.isSafeInteger(number) || number < 1) return undefined;
      if (number !== seen.number) Object.assign(seen, { number, taken: 0 });
      return await collect(download(found.url, signal), MAX_MANIFEST_BYTES, "manifest of a cache");
    },
    async setManifest(bytes, signal) {
      const skipped = seen.taken < MAX_TAKEN ? 0 : seen.taken - MAX_TAKEN + 1;
      const key = `${prefix}${seen.number + 1 + skipped}`;
      const isSet = await write(key, bytes.byteLength, (start, length) => bytesOf(bytes.subarray(start, start + length)), signal);
      if (!isSet) seen.taken += 1;
      return isSet;
    },
    has: async (blob, signal) => (await find(blobKey(blob), [], signal))?.key === blobKey(blob),
    async *open(blob, { signal, onProgress }) {
      const found = await find(blobKey(blob), [], signal);
      if (found?.key !== blobKey(blob)) throw refused(name, `it has no entry for ${blob.digest} any more`);
      yield* counted(download(found.url, signal), onProgress);
    },
    async put(blob, open, { signal, onProgress }) {
      // False: another build sends the same bytes now.
      await write(blobKey(blob), blob.size, (start, length) => counted(open(start, length), (bytes) => onProgress(start + bytes)), signal);
    },
  };
}

interface Found {
  readonly url: URL;
  readonly key: string;
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly size: number; readonly open: () => ByteStream };
}

/** Azure's way for what is large: blocks by name, and then the list of them. */
async function sendBlocks(
  url: URL,
  size: number,
  open: (start: number, length: number) => ByteStream,
  send: (url: URL, options: Sent) => Promise<void>,
): Promise<void> {
  const names: string[] = [];
  for (let start = 0; start < size; start += BLOCK_BYTES) {
    const id = Buffer.from(String(names.length).padStart(8, "0")).toString("base64");
    const length = Math.min(BLOCK_BYTES, size - start);
    const at = start;
    await send(withQuery(url, { comp: "block", blockid: id }), { headers: {}, body: { size: length, open: () => open(at, length) } });
    names.push(id);
  }
  const list = `<?xml version="1.0" encoding="utf-8"?><BlockList>${names.map((id) => `<Latest>${id}</Latest>`).join("")}</BlockList>`;
  const body = { size: Buffer.byteLength(list), open: () => bytesOf(list) };
  await send(withQuery(url, { comp: "blocklist" }), { headers: { "content-type": "application/xml" }, body });
}

/** The signature is in the query: what it has stays as it is. */
function withQuery(url: URL, more: Readonly<Record<string, string>>): URL {
  const words = Object.entries(more).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  const changed = new URL(url);
  changed.search = [url.search.replace(/^\?/, ""), ...words].filter((word) => word !== "").join("&");
  return changed;
}

function apiOf({ urlV2 }: GhaPlace, env: ServiceSurroundings["env"]): URL {
  const text = urlV2 ?? env["ACTIONS_RESULTS_URL"] ?? "";
  if (text === "")
    throw usageError(
      "Cannot use the cache type=gha: it has no address",
      "Give url_v2=…, or let the workflow export ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN",
    );
  const url = URL.parse(text.endsWith("/") ? text : `${text}/`);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usageError("Cannot use the cache type=gha: its address is no URL of http or https");
  return url;
}

function addressOf(text: string, name: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw refused(name, "it gave an address that is none");
  return url;
}

function answerOf<Name extends Method>(method: Name, bytes: Buffer, name: string): AnswerOf<Name> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw refused(name, "its answer is no JSON");
  }
  const parsed = v.safeParse(answers[method], inSnakeCase(value));
  if (!parsed.success) throw refused(name, "its answer is not as wanted");
  return parsed.output as AnswerOf<Name>;
}

/** Twirp servers may write the names of fields in either way. */
function inSnakeCase(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key.replaceAll(/([a-z])(?:([A-Z]+))/g, (_, a: string, b: string) => `${a}_${b.toLowerCase()}`),
      field,
    ]),
  );
}

function refused(name: string, why: string): DecantError {
  return new DecantError("CACHE", `Cannot use the cache "${name}": ${why}`);
}
