import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type ArchiveFiles, serveFiles } from "../../test/support/archive.ts";
import { CONTENT, netSuite } from "../../test/support/net-suite.ts";
import { testNetwork } from "../../test/support/network.ts";
import { startStranger, type Stranger } from "../../test/support/stranger.ts";
import { trustLocalhost } from "../../test/support/tls.ts";
import type { ByteStream } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { openStore } from "../store/index.ts";
import { fetchNpmPackage, type NpmOptions, type NpmPackage, npmRegistry } from "./npm.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const tarball = Buffer.from("the tarball");
const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
const keyid = "SHA256:test";

function signatureOf(message: string): string {
  return sign("sha256", Buffer.from(message), privateKey).toString("base64");
}

interface Registry {
  readonly integrity?: string;
  readonly tarball?: Buffer;
  readonly signature?: string | null;
  readonly keys?: readonly { readonly expires: string | null; readonly keyid: string }[] | null;
  readonly publishedAt?: string;
  readonly version?: string;
}

async function fetchFrom(
  registry: Registry,
  options: { readonly pinned?: string; readonly again?: boolean } = {},
): Promise<NpmPackage & { readonly requests: number }> {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-npm-"));
  await using store = await openStore({ root: join(dir.path, "store") });
  const files: ArchiveFiles = new Map();
  await using server = await serveFiles(files);
  const said = registry.integrity ?? integrity;
  const version = registry.version ?? "18.20.8";
  const sig = registry.signature === undefined ? signatureOf(`node-x@18.20.8:${said}`) : registry.signature;
  const dist = { integrity: said, tarball: `${server.url}/n.tgz`, ...(sig === null ? {} : { signatures: [{ keyid, sig }] }) };
  const json = (path: string, value: unknown): void => void files.set(path, Buffer.from(JSON.stringify(value)));
  json("node-x/18.20.8", { name: "node-x", version, dist });
  json("node-x", { time: { "18.20.8": registry.publishedAt ?? "2025-03-27T00:00:00Z" } });
  files.set("n.tgz", registry.tarball ?? tarball);
  const key = publicKey.export({ format: "der", type: "spki" }).toString("base64");
  const keys = registry.keys === undefined ? [{ keyid, expires: null }] : registry.keys;
  if (keys !== null) json("-/npm/v1/keys", { keys: keys.map((one) => ({ ...one, keytype: "ecdsa-sha2-nistp256", key })) });
  const npm: NpmOptions = {
    registry: server.url,
    offline: false,
    now: new Date("2026-03-01T00:00:00Z"),
    network: testNetwork(),
    watch: (_url, body) => body,
  };
  const wanted = { name: "node-x", version: "18.20.8", ...given({ pinned: options.pinned }) };
  const found = await fetchNpmPackage(store, wanted, npm);
  const requests = server.requests.length;
  if (options.again === true) {
    assert.deepEqual(await fetchNpmPackage(store, wanted, { ...npm, offline: true }), found);
    assert.equal(server.requests.length, requests);
    await assert.rejects(fetchNpmPackage(store, { ...wanted, pinned: "sha512-other" }, npm), { code: "NODE_PACKAGE" });
  }
  return { ...found, requests };
}

describe("fetchNpmPackage()", () => {
  it("verifies integrity and signature, and asks only once", async () => {
    const found = await fetchFrom({}, { pinned: integrity, again: true });
    assert.deepEqual([found.signature, found.integrity, found.size, found.requests], ["verified", integrity, tarball.length, 3]);
  });
  it("says that a registry without signatures gave none", async () => {
    assert.equal((await fetchFrom({ signature: null })).signature, "absent");
  });
  it("says so as well when there are no keys to check it with", async () => {
    assert.equal((await fetchFrom({ keys: null })).signature, "absent");
  });
  it("accepts a key that expired after the package was published", async () => {
    assert.equal((await fetchFrom({ keys: [{ keyid, expires: "2025-06-01T00:00:00Z" }] })).signature, "verified");
  });

  const other = `sha512-${createHash("sha512").update("other").digest("base64")}`;
  const rows: readonly { name: string; registry: Registry; pinned?: string; want: RegExp }[] = [
    { name: "a tarball of other bytes", registry: { tarball: Buffer.from("evil tarball") }, want: /the tarball's integrity is sha512-.*; wanted sha512-/ },
    { name: "a signature over another integrity", registry: { signature: signatureOf(`node-x@18.20.8:${other}`) }, want: /signature by the key "SHA256:test" is wrong/ },
    { name: "a key that the registry does not list", registry: { keys: [{ keyid: "SHA256:other", expires: null }] }, want: /signed by the key "SHA256:test", which the registry does not list/ },
    { name: "a key that had expired when the package was published", registry: { keys: [{ keyid, expires: "2025-01-01T00:00:00Z" }] }, want: /had expired \(2025-01-01T00:00:00Z\) when the package was published/ },
    { name: "what the recipe does not pin", registry: {}, pinned: other, want: /the registry's integrity is .*; the recipe pins sha512-/ },
    { name: "a weak integrity", registry: { integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }, want: /wanted sha512/ },
    { name: "an answer about another version", registry: { version: "18.0.0" }, want: /the registry answered with node-x@18.0.0/ },
  ]; // prettier-ignore
  for (const row of rows) {
    it(`refuses ${row.name}`, async () => {
      await assert.rejects(fetchFrom(row.registry, given({ pinned: row.pinned })), {
        code: "NODE_PACKAGE",
        message: row.want,
      });
    });
  }
});

const CONTENT_INTEGRITY = `sha512-${createHash("sha512").update(CONTENT).digest("base64")}`;

netSuite({
  name: "npm packages",
  codes: { unreachable: "NODE_PACKAGE", busy: "NODE_PACKAGE", forbidden: "NODE_PACKAGE" },
  path: "/n.tgz",
  others: (origin) => {
    const dist = { integrity: CONTENT_INTEGRITY, tarball: `${origin}/n.tgz` };
    return { "/node-x/18.20.8": JSON.stringify({ name: "node-x", version: "18.20.8", dist }) };
  },
  async read(origin, network, signal) {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-npm-"));
    await using store = await openStore({ root: join(dir.path, "store") });
    const { digest } = await fetchNpmPackage(
      store,
      { name: "node-x", version: "18.20.8" },
      {
        registry: origin,
        offline: false,
        now: new Date(),
        network,
        watch: (_url, body) => body,
        signal,
      },
    );
    return String(await store.blobs.read(digest, 1_000_000));
  },
});

describe("R1: redirects of fetchNpmPackage()", () => {
  before(trustLocalhost);

  /** Fetches from a registry whose answers `lead` may replace by an address. */
  async function fetchLed(
    lead: (path: string, stranger: Stranger) => string | undefined,
    user = "",
  ): Promise<{ error: unknown; stranger: Stranger }> {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-npm-"));
    await using store = await openStore({ root: join(dir.path, "store") });
    const served = (path: string): string | Buffer =>
      path.endsWith(".tgz")
        ? tarball
        : JSON.stringify({ name: "node-x", version: "18.20.8", dist: { integrity, tarball: `${stranger.secureOrigin}/n.tgz` } });
    await using stranger = await startStranger(({ path, secure }) => {
      if (!secure || path.startsWith("/401")) return { status: 401, headers: { "www-authenticate": "Basic" } };
      const location = path.startsWith("/moved") ? undefined : lead(path, stranger);
      return location === undefined ? { body: served(path) } : { status: 302, headers: { location } };
    });
    const registry = stranger.secureOrigin.replace("//", `//${user}`);
    const npm = { registry, offline: false, now: new Date(), network: testNetwork(), watch: (_url: string, body: ByteStream) => body };
    const error = await fetchNpmPackage(store, { name: "node-x", version: "18.20.8" }, npm).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    assert.ok(stranger.heard.every(({ headers }) => headers["authorization"] === undefined));
    return { error, stranger };
  }

  const rows: readonly { readonly name: string; readonly lead: Parameters<typeof fetchLed>[0]; readonly want: RegExp | undefined }[] = [
    { name: "follows one on https", lead: (path) => `/moved${path}`, want: undefined },
    { name: "refuses a document from plain http", lead: (path, { origin }) => origin + path, want: /from https to plain http/ },
    {
      name: "refuses a tarball from plain http",
      lead: (path, { origin }) => (path === "/n.tgz" ? origin + path : undefined),
      want: /n\.tgz: its redirect cannot be followed: it leads from https to plain http/,
    },
    { name: "takes 401 for a failure", lead: () => "/401", want: /the server answered 401/ },
  ];
  for (const { name, lead, want } of rows) {
    it(name, async () => {
      const { error, stranger } = await fetchLed(lead);
      if (want === undefined) assert.equal(error, undefined);
      else assert.match(String(error), want);
      assert.ok(stranger.heard.every(({ secure }) => secure));
    });
  }

  it("refuses a registry with a password, without showing it", async () => {
    const { error, stranger } = await fetchLed(() => undefined, "me:s3cret-word@");
    assert.ok(isDecantError(error, "NODE_PACKAGE"), String(error));
    assert.match(error.message, /it has a user or a password/);
    assert.doesNotMatch(error.message, /s3cret-word/);
    assert.deepEqual(stranger.heard, []);
  });
});

describe("npmRegistry()", () => {
  it("prefers the environment, then ~/.npmrc, then npm's own", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-npmrc-"));
    assert.equal(await npmRegistry({ HOME: dir.path }), "https://registry.npmjs.org");
    await writeFile(join(dir.path, ".npmrc"), "fund=false\nregistry = https://npm.example.org/\n");
    assert.equal(await npmRegistry({ HOME: dir.path }), "https://npm.example.org");
    assert.equal(await npmRegistry({ HOME: dir.path, npm_config_registry: "http://127.0.0.1:1/" }), "http://127.0.0.1:1");
  });
});
