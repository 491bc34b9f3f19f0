import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { clearsign, type FakeKey, type FakePackage, type FileServer, makeKey, serveFiles } from "../../test/support/archive.ts";
import { suiteFiles } from "../../test/support/archive-suite.ts";
import { openStore, type Store } from "../store/index.ts";
import { type Archive, createArchive } from "./archive.ts";
import type { ArchiveOptions } from "./context.ts";

const date = new Date("2026-03-01T00:00:00Z");
const now = (): Date => new Date("2026-03-02T00:00:00Z");
const packages: FakePackage[] = [
  { name: "a", version: "1.0-1", files: [{ path: "./a", content: "one" }] },
  { name: "b", architecture: "all", files: [{ path: "./b", content: "two" }] },
];
const IN_RELEASE = "dists/bookworm/InRelease";

interface World extends AsyncDisposable {
  readonly server: FileServer;
  readonly store: Store;
  archive(options?: Partial<ArchiveOptions>): Archive;
}

describe("createArchive()", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey();
  });

  async function world(files?: Map<string, Buffer>): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-archive-")));
    const store = stack.use(await openStore({ root: join(dir.path, "store") }));
    const server = stack.use(await serveFiles(files ?? (await suiteFiles({ packages, key, date }))));
    const owned = stack.move();
    return {
      server,
      store,
      archive: (options = {}) => createArchive(store, [server.source()], { keyring: key.keyring, now, ...options }),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }

  it("selects packages by the signed index and opens them", async () => {
    await using w = await world();
    const archive = w.archive();
    const [a, b] = await archive.select(["a", "b"], { architecture: "amd64" });
    assert.deepEqual([a?.version, a?.filename, b?.architecture], ["1.0-1", "pool/main/a_1.0-1_amd64.deb", "all"]);
    assert.ok(a);
    assert.equal((await archive.open(a)).control.get("package"), "a");
    const [release] = await archive.releases();
    assert.equal(release?.signers[0]?.userId, "test <test@example.org>");
    assert.match(w.server.requests[1] ?? "", /by-hash\/SHA256\/[0-9a-f]{64}$/);
  });

  it("asks for nothing twice, and for nothing at all while the release is fresh", async () => {
    await using w = await world();
    const use = async (options?: Partial<ArchiveOptions>): Promise<number> => {
      const start = w.server.requests.length;
      const archive = w.archive(options);
      const chosen = await Promise.all([
        archive.select(["a"], { architecture: "amd64" }),
        archive.select(["a"], { architecture: "amd64" }),
      ]);
      await Promise.all(chosen.flat().map((one) => archive.open(one)));
      return w.server.requests.length - start;
    };
    assert.equal(await use(), 3);
    assert.equal(await use(), 1);
    assert.equal(await use({ maxAgeMs: 60_000 }), 0);
    assert.equal(await use({ offline: true }), 0);
  });

  it("keeps what it read of an index", async () => {
    await using w = await world();
    await assert.rejects(w.archive().select(["a", "nowhere"], { architecture: "amd64" }), { code: "DEBIAN_DEPENDENCY" });
    for (const path of w.server.files.keys()) if (path !== IN_RELEASE) w.server.files.delete(path);
    const [index] = await w.archive().releases();
    for (const { digest } of index?.release.files.values() ?? []) w.store.blobs.remove(digest);
    assert.equal((await w.archive().select(["a", "b"], { architecture: "amd64" })).length, 2);
    await assert.rejects(w.archive().select(["nowhere"], { architecture: "amd64" }), { code: "DEBIAN_DEPENDENCY" });
  });

  it("refuses to go to the network when it must not", async () => {
    await using w = await world();
    await assert.rejects(w.archive({ offline: true }).releases(), {
      code: "DEBIAN_ARCHIVE",
      message: /InRelease": it is not in the store, and --offline forbids the network/,
    });
    assert.deepEqual(w.server.requests, []);
  });

  it("takes the highest version of all sources", async () => {
    const files = await suiteFiles({ packages, key, date });
    const updates = await suiteFiles({ suite: "bookworm-updates", packages: [{ name: "a", version: "1.0-1+deb12u1" }], key, date });
    await using w = await world(new Map([...files, ...updates]));
    const archive = createArchive(w.store, [w.server.source(), w.server.source("bookworm-updates")], { keyring: key.keyring, now });
    assert.deepEqual(
      (await archive.select(["a", "b"], { architecture: "amd64" })).map((one) => `${one.version} ${one.suite}`),
      ["1.0-1+deb12u1 bookworm-updates", "1.0-1 bookworm"],
    );
  });

  it("falls back to the plain path when the mirror has no by-hash folder", async () => {
    await using w = await world();
    for (const path of w.server.files.keys()) if (path.includes("by-hash")) w.server.files.delete(path);
    assert.equal((await w.archive().select(["a"], { architecture: "amd64" })).length, 1);
  });

  it("accepts an expired release when told so", async () => {
    await using w = await world(await suiteFiles({ packages, key, date, validUntil: new Date("2026-03-01T12:00:00Z") }));
    assert.equal((await w.archive({ acceptExpired: true }).releases()).length, 1);
    await assert.rejects(w.archive({ maxAgeMs: 60_000 }).releases(), { code: "DEBIAN_EXPIRED" });
  });

  it("does not take another keyring's word for a verified release", async () => {
    await using w = await world();
    await w.archive().releases();
    await assert.rejects(w.archive({ keyring: (await makeKey("other")).keyring, maxAgeMs: 60_000 }).releases(), {
      code: "DEBIAN_SIGNATURE",
    });
  });

  it("uses nothing of a mirror that is cut off in the middle, and works when it is back", async () => {
    await using w = await world();
    const deb = "pool/main/a_1.0-1_amd64.deb";
    const whole = w.server.files.get(deb) ?? Buffer.alloc(0);
    const archive = w.archive();
    const [a] = await archive.select(["a"], { architecture: "amd64" });
    assert.ok(a);
    w.server.files.set(deb, whole.subarray(0, 100));
    await assert.rejects(archive.open(a), { code: "DEBIAN_ARCHIVE" });
    assert.equal(w.store.blobs.size(a.digest), undefined);
    w.server.files.set(deb, whole);
    assert.equal((await archive.open(a)).control.get("package"), "a");
  });

  it("refuses weak hashes", async () => {
    const openpgp = await import("openpgp");
    const rsa = await makeKey("rsa", { rsa: true });
    await using w = await world();
    w.server.files.set(IN_RELEASE, Buffer.from(await clearsign("Suite: bookworm\n", rsa, date, openpgp.enums.hash.sha1)));
    await assert.rejects(w.archive({ keyring: rsa.keyring }).releases(), { code: "DEBIAN_SIGNATURE", message: /SHA1/ });
  });
});
