/** The cache service of GitHub Actions, version 2: Twirp as JSON, entries that never change, and bytes behind signed addresses. */
import type { Answer } from "./faults.ts";
import { type Heard, startServer, type TestServer } from "./server.ts";

/** What a workflow's token is here. */
export const ACTIONS_TOKEN = "actions-token-value";
const SIGNATURE = "signature-value";

interface Entry {
  readonly key: string;
  readonly version: string;
  readonly blocks: Map<string, Buffer>;
  bytes: Buffer | undefined;
  done: boolean;
}

/** A running service. */
export interface FakeActionsCache extends TestServer {
  readonly entries: Entry[];
  /** The variables of a workflow. */
  readonly env: Readonly<Record<string, string>>;
}

/** Starts one. */
export async function startFakeActionsCache(): Promise<FakeActionsCache> {
  const entries: Entry[] = [];
  const server = await startServer((request) => {
    const url = new URL(request.path, `http://${request.headers["host"]}`);
    return url.pathname.startsWith("/blob/") ? blob(request, url, entries) : api(request, url, entries);
  });
  const env = { ACTIONS_RESULTS_URL: `${server.origin}/`, ACTIONS_RUNTIME_TOKEN: ACTIONS_TOKEN };
  return Object.assign(server, { entries, env });
}

function api({ method, headers, body }: Heard, url: URL, entries: Entry[]): Answer {
  const name = /^\/twirp\/github\.actions\.results\.api\.v1\.CacheService\/(\w+)$/.exec(url.pathname)?.[1];
  if (method !== "POST" || name === undefined) return twirp(404, "bad_route", "no such method");
  if (headers["authorization"] !== `Bearer ${ACTIONS_TOKEN}`) return twirp(401, "unauthenticated", "invalid token");
  if (headers["content-type"] !== "application/json") return twirp(400, "malformed", "unexpected Content-Type");
  const given = JSON.parse(body.toString()) as { key: string; version: string; restore_keys?: string[]; size_bytes?: string };
  const same = entries.filter(({ version }) => version === given.version);
  const own = same.find(({ key }) => key === given.key);
  const addressOf = (entry: Entry): string => `${url.origin}/blob/${entries.indexOf(entry)}?sig=${SIGNATURE}`;
  switch (name) {
    case "CreateCacheEntry": {
      if (own !== undefined) return twirp(409, "already_exists", "cache entry with the same key, version, and scope already exists");
      const entry: Entry = { key: given.key, version: given.version, blocks: new Map(), bytes: undefined, done: false };
      entries.push(entry);
      return json({ ok: true, signed_upload_url: addressOf(entry) });
    }
    case "FinalizeCacheEntryUpload":
      if (own?.bytes === undefined || String(own.bytes.byteLength) !== given.size_bytes) return json({ ok: false, entry_id: "0" });
      own.done = true;
      return json({ ok: true, entry_id: String(entries.indexOf(own)) });
    case "GetCacheEntryDownloadURL": {
      const done = same.filter((entry) => entry.done);
      const found =
        done.find(({ key }) => key === given.key) ??
        given.restore_keys?.map((prefix) => done.findLast(({ key }) => key.startsWith(prefix))).find((entry) => entry !== undefined);
      return json(found === undefined ? { ok: false } : { ok: true, signed_download_url: addressOf(found), matched_key: found.key });
    }
    default:
      return twirp(404, "bad_route", "no such method");
  }
}

function blob({ method, headers, body }: Heard, url: URL, entries: Entry[]): Answer {
  const entry = entries[Number(url.pathname.slice("/blob/".length))];
  // Azure must not see the token of the workflow.
  if (entry === undefined || url.searchParams.get("sig") !== SIGNATURE || headers["authorization"] !== undefined) return { status: 403 };
  if (method === "GET") return entry.bytes === undefined ? { status: 404 } : { body: entry.bytes };
  const kind = url.searchParams.get("comp");
  if (kind === "block") entry.blocks.set(url.searchParams.get("blockid") ?? "", body);
  else if (kind === "blocklist") {
    const ids = Array.from(body.toString().matchAll(/<Latest>([^<]*)<\/Latest>/g), ([, id = ""]) => id);
    entry.bytes = Buffer.concat(ids.map((id) => entry.blocks.get(id) ?? Buffer.alloc(0)));
  } else {
    if (headers["x-ms-blob-type"] !== "BlockBlob") return { status: 400 };
    entry.bytes = body;
  }
  return { status: 201 };
}

function json(value: object): Answer {
  return { headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

function twirp(status: number, code: string, msg: string): Answer {
  return { status, body: JSON.stringify({ code, msg }) };
}
