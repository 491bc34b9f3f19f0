/** Archives of every make: compressions, layouts, keyrings, times. */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type ArchiveFiles, type FakeKey, type FakePackage, type FileServer, makeKey, serveFiles } from "../../test/support/archive.ts";
import { type FakeSuite, suiteFiles } from "../../test/support/archive-suite.ts";
import { openStore, type Store } from "../store/index.ts";
import { createArchive } from "./archive.ts";
import type { ArchiveOptions } from "./context.ts";
import { joinKeyrings } from "./keyring.ts";
import { type ArchiveSource, debianSources } from "./sources.ts";

const date = new Date("2026-03-01T00:00:00Z");
const now = (): Date => new Date("2026-03-02T00:00:00Z");
const packages: FakePackage[] = [
  { name: "a", fields: { Depends: "b" } },
  { name: "b", architecture: "all" },
];

interface World extends AsyncDisposable {
  readonly server: FileServer;
  readonly store: Store;
}

async function world(files: ArchiveFiles): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-archive-")));
  const store = stack.use(await openStore({ root: join(dir.path, "store") }));
  const server = stack.use(await serveFiles(files));
  const owned = stack.move();
  return { server, store, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe("createArchive() of any Debian-style archive", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey();
  });

  async function use(w: World, sources: readonly ArchiveSource[], options: Partial<ArchiveOptions> = {}): Promise<string[]> {
    const archive = createArchive(w.store, sources, { keyring: key.keyring, now, ...options });
    const { packages: chosen } = await archive.resolve({ names: ["a"], architecture: "amd64" });
    for (const one of chosen) await archive.open(one);
    return chosen.map((one) => one.name);
  }

  const layouts: readonly { name: string; suite: Partial<FakeSuite>; source?: Partial<ArchiveSource> }[] = [
    { name: "with Packages.gz", suite: { compression: ".gz" } },
    { name: "with Packages.xz", suite: { compression: ".xz" } },
    { name: "with Packages.zst", suite: { compression: ".zst" } },
    { name: "with plain Packages", suite: { compression: "" } },
    { name: "without by-hash folders", suite: { byHash: false } },
    { name: "with an index of its own for architecture all", suite: { separateAll: true } },
    { name: "that calls all an architecture and has no index for it", suite: { listsAll: true } },
    { name: "with Release and Release.gpg", suite: { detached: true } },
    { name: "without dists and components", suite: { suite: "x86_64/" }, source: { suite: "x86_64/", components: [] } },
    {
      name: "of a vendor without Valid-Until or by-hash",
      suite: { suite: "stable", byHash: false, detached: true },
      source: { suite: "stable" },
    },
  ];
  for (const row of layouts) {
    it(`reads an archive ${row.name}, and again offline`, async () => {
      await using w = await world(await suiteFiles({ packages, key, date, ...row.suite }));
      const sources = [{ ...w.server.source(), ...row.source }];
      assert.deepEqual(await use(w, sources), ["a", "b"]);
      const asked = w.server.requests.length;
      assert.deepEqual(await use(w, sources, { offline: true }), ["a", "b"]);
      assert.equal(w.server.requests.length, asked);
    });
  }

  it("refuses a detached signature of another text", async () => {
    const files = await suiteFiles({ packages, key, date, detached: true });
    files.set("dists/bookworm/Release", Buffer.from(String(files.get("dists/bookworm/Release")).replace("Origin: Fake", "Origin: Evil")));
    await using w = await world(files);
    await assert.rejects(use(w, [w.server.source()]), { code: "DEBIAN_SIGNATURE", message: /Signed digest did not match/ });
  });

  it("refuses a release without any signature", async () => {
    const files = await suiteFiles({ packages, key, date, detached: true });
    files.delete("dists/bookworm/Release.gpg");
    await using w = await world(files);
    await assert.rejects(use(w, [w.server.source()]), { code: "DEBIAN_ARCHIVE", message: /InRelease": the server answered 404/ });
  });

  it("checks each source with its own keyring", async () => {
    const other = await makeKey("vendor");
    const vendor = await suiteFiles({ suite: "vendor", packages: [{ name: "b" }], key: other, date });
    await using w = await world(new Map([...(await suiteFiles({ packages: packages.slice(0, 1), key, date })), ...vendor]));
    const sources = [w.server.source(), { ...w.server.source("vendor"), keyring: other.keyring }];
    assert.deepEqual(await use(w, sources), ["a", "b"]);
    assert.deepEqual(
      await use(w, [w.server.source(), w.server.source("vendor")], { keyring: joinKeyrings([key.keyring, other.keyring]) }),
      ["a", "b"],
    );
    const swapped = [{ ...w.server.source(), keyring: other.keyring }, ...sources.slice(1)];
    await assert.rejects(use(w, swapped), {
      code: "DEBIAN_SIGNATURE",
      message: /bookworm\/InRelease": no signature is right by the keys of "vendor.gpg"/,
    });
  });

  it("takes backports only for what nothing else will do", async () => {
    const stable: FakePackage[] = [{ name: "a", fields: { Depends: "b, c (>= 2)" } }, { name: "b" }, { name: "c" }];
    const backports: FakePackage[] = ["a", "b", "c", "d"].map((name) => ({ name, version: "2.0-1~bpo12+1" }));
    const later = await suiteFiles({ suite: "bookworm-backports", packages: backports, key, date, notAutomatic: true });
    await using w = await world(new Map([...(await suiteFiles({ packages: stable, key, date })), ...later]));
    const archive = createArchive(w.store, [w.server.source(), w.server.source("bookworm-backports")], { keyring: key.keyring, now });
    const { packages: chosen } = await archive.resolve({ names: ["a", "d"], architecture: "amd64" });
    const versions = ["a 1.0-1", "d 2.0-1~bpo12+1", "b 1.0-1", "c 2.0-1~bpo12+1"];
    assert.deepEqual(chosen.map((one) => `${one.name} ${one.version}`), versions); // prettier-ignore
    const selected = await archive.select(["a", "d"], { architecture: "amd64" });
    assert.deepEqual(selected.map((one) => `${one.name} ${one.version}`), versions.slice(0, 2)); // prettier-ignore
  });

  describe("of a past time", () => {
    const snapshot = "20260215T000000Z";
    const then = new Date("2026-02-14T00:00:00Z");
    async function snapshots(over: Partial<FakeSuite> = {}): Promise<ArchiveFiles> {
      const files: ArchiveFiles = new Map();
      for (const [root, suite, list] of [
        ["debian", "bookworm", packages],
        ["debian", "bookworm-updates", []],
        ["debian-security", "bookworm-security", [{ name: "a", version: "1.0-1+deb12u1", fields: { Depends: "b" } }]],
      ] as const) {
        const made = await suiteFiles({
          root: `archive/${root}/${snapshot}/`,
          suite,
          packages: list,
          key,
          date: then,
          validUntil: new Date("2026-02-21T00:00:00Z"),
          ...over,
        });
        for (const [path, bytes] of made) files.set(path, bytes);
      }
      return files;
    }
    const sourcesOf = ({ server }: World): ArchiveSource[] =>
      debianSources("bookworm", { debian: `${server.url}/archive/debian`, security: `${server.url}/archive/debian-security`, snapshot });

    it("uses releases that were valid then, and never asks for them again", async () => {
      await using w = await world(await snapshots());
      const archive = createArchive(w.store, sourcesOf(w), { keyring: key.keyring, now });
      const { packages: chosen } = await archive.resolve({ names: ["a"], architecture: "amd64" });
      assert.deepEqual(chosen.map((one) => `${one.name} ${one.version} ${one.suite}`), ["a 1.0-1+deb12u1 bookworm-security", "b 1.0-1 bookworm"]); // prettier-ignore
      const asked = w.server.requests.length;
      await createArchive(w.store, sourcesOf(w), { keyring: key.keyring, now }).resolve({ names: ["a"], architecture: "amd64" });
      assert.equal(w.server.requests.length, asked);
    });

    it("refuses a release that was no longer valid then", async () => {
      await using w = await world(await snapshots({ validUntil: new Date("2026-02-14T12:00:00Z") }));
      await assert.rejects(use(w, sourcesOf(w)), {
        code: "DEBIAN_EXPIRED",
        message: /it was valid until 2026-02-14T12:00:00.000Z; now is 2026-02-15/,
      });
    });

    it("refuses a release of a later time", async () => {
      await using w = await world(await snapshots({ date: new Date("2026-02-16T00:00:00Z") }));
      await assert.rejects(use(w, sourcesOf(w)), { code: "DEBIAN_SIGNATURE", message: /Signature creation time is in the future/ });
    });
  });

  it("gets a package from elsewhere when its own mirror no longer has it, and only with its hash", async () => {
    const files = await suiteFiles({ packages, key, date });
    const pool = "pool/main/b_1.0-1_all.deb";
    await using w = await world(files);
    const archive = createArchive(w.store, [w.server.source()], { keyring: key.keyring, now });
    const [b] = await archive.select(["b"], { architecture: "amd64" });
    assert.ok(b);
    const deb = files.get(pool) ?? Buffer.alloc(0);
    w.server.files.delete(pool);
    await assert.rejects(archive.open(b), { code: "DEBIAN_ARCHIVE", message: /404/ });
    w.server.files.set(`kept/${pool}`, Buffer.alloc(deb.length));
    await assert.rejects(archive.open(b, [`${w.server.url}/kept`]), { code: "DEBIAN_ARCHIVE", message: /kept\/pool.* gave other bytes/ });
    w.server.files.set(`kept/${pool}`, deb);
    assert.equal((await archive.open(b, [`${w.server.url}/kept`])).control.get("package"), "b");
  });
});
