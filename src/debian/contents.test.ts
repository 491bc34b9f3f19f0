import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { type FileServer, makeKey, serveFiles } from "../../test/support/archive.ts";
import { suiteFiles } from "../../test/support/archive-suite.ts";
import { openStore, type Store } from "../store/index.ts";
import { type Archive, createArchive } from "./archive.ts";
import { contentsLines } from "./contents-file.ts";

const date = new Date("2026-03-01T00:00:00Z");
const now = (): Date => new Date("2026-03-02T00:00:00Z");
const AMD64 = [
  "bin/dash                        shells/dash",
  "lib/x86_64-linux-gnu/libc.so.6  libs/libc6",
  "lib64/ld-linux-x86-64.so.2      libs/libc6",
  "usr/bin/a b\t\t\tnon-free/games/blank",
  "usr/bin/vi                      editors/vim,contrib/editors/nvi",
  "usr/lib/x86_64-linux-gnu/libpq.so.5  libs/libpq5",
  "usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon.so  libs/libpulse0",
  "usr/x86_64-linux-gnux32/lib/libc.so.6  libs/libc6-x32-cross",
  "usr/share/misc/magic.mgc  libs/libmagic-mgc",
  "",
].join("\n");
const ALL = ["usr/bin/pip3  python/python3-pip", "usr/share/zoneinfo/UTC  localization/tzdata", ""].join("\n");

interface World extends AsyncDisposable {
  readonly server: FileServer;
  readonly store: Store;
  archive(offline?: boolean): Archive;
}

async function world(contents: Readonly<Record<string, string>>): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-contents-")));
  const store = stack.use(await openStore({ root: join(dir.path, "store") }));
  const key = await makeKey();
  const files = await suiteFiles({ packages: [], key, date, contents });
  const security = await suiteFiles({ suite: "bookworm-security", packages: [], key, date, contents: { amd64: "" } });
  const server = stack.use(await serveFiles(new Map([...files, ...security])));
  const sources = [server.source(), server.source("bookworm-security")];
  const owned = stack.move();
  return {
    server,
    store,
    archive: (offline = false) => createArchive(store, sources, { keyring: key.keyring, now, offline }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("whoHas()", () => {
  const rows: readonly { name: string; query: string; want: readonly string[] }[] = [
    { name: "a library by its name", query: "libpq.so.5", want: ["libpq5"] },
    { name: "a library in a directory that the loader searches, not one for another architecture", query: "libc.so.6", want: ["libc6"] },
    { name: "no private library by its name", query: "libpulsecommon.so", want: [] },
    { name: "a private library by its path", query: "/usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon.so", want: ["libpulse0"] },
    { name: "an interpreter", query: "/lib64/ld-linux-x86-64.so.2", want: ["libc6"] },
    { name: "a program by its path after the /usr merge", query: "/usr/bin/dash", want: ["dash"] },
    { name: "a program by its path before the /usr merge", query: "/bin/vi", want: ["nvi", "vim"] },
    { name: "a path with blanks", query: "/usr/bin/a b", want: ["blank"] },
    { name: "a program of architecture all", query: "/usr/bin/pip3", want: ["python3-pip"] },
    { name: "any other path", query: "/usr/share/misc/magic.mgc", want: ["libmagic-mgc"] },
    { name: "any other path of architecture all", query: "/usr/share/zoneinfo/UTC", want: ["tzdata"] },
    { name: "nobody for what nobody brings", query: "/nowhere", want: [] },
    { name: "no program by its name alone", query: "dash", want: [] },
  ];
  for (const row of rows) {
    it(`names ${row.name}`, async () => {
      await using w = await world({ amd64: AMD64, all: ALL });
      assert.deepEqual([...(await w.archive().whoHas([row.query], "amd64"))], [[row.query, row.want]]);
    });
  }

  it("answers all at once, and again offline without the files", async () => {
    await using w = await world({ amd64: AMD64, all: ALL });
    const queries = rows.map((row) => row.query);
    const first = await w.archive().whoHas(queries, "amd64");
    assert.deepEqual([...first.values()], rows.map((row) => row.want)); // prettier-ignore
    const [release] = await w.archive().releases();
    for (const { digest } of release?.release.files.values() ?? []) w.store.blobs.remove(digest);
    assert.deepEqual(await w.archive(true).whoHas(queries, "amd64"), first);
  });

  it("reads the file of architecture all only for paths that nobody else brings", async () => {
    await using w = await world({ amd64: AMD64, all: ALL });
    await w.archive().whoHas(["libpq.so.5", "libnope.so.1", "/bin/vi"], "amd64");
    const [release] = await w.archive().releases();
    const all = release?.release.files.get("main/Contents-all.gz");
    assert.equal(
      w.server.requests.some((path) => path.endsWith(all?.digest.slice("sha256:".length) ?? "")),
      false,
    );
  });

  it("answers nothing for archives without Contents", async () => {
    await using w = await world({});
    assert.deepEqual([...(await w.archive().whoHas(["libc.so.6"], "amd64"))], [["libc.so.6", []]]);
  });

  it("refuses a file that is not the one of the release, and to fetch it offline", async () => {
    await using w = await world({ amd64: AMD64 });
    await w.archive().releases();
    await assert.rejects(w.archive(true).whoHas(["libc.so.6"], "amd64"), {
      code: "DEBIAN_ARCHIVE",
      message: /--offline forbids the network/,
    });
    for (const [path, bytes] of w.server.files) if (!path.endsWith("InRelease")) w.server.files.set(path, Buffer.alloc(bytes.length, 1));
    await assert.rejects(w.archive().whoHas(["libc.so.6"], "amd64"), { code: "DEBIAN_ARCHIVE", message: /gave other bytes/ });
  });
});

describe("contentsLines()", () => {
  async function* chunked(text: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
  }

  it("gives the same lines whatever the chunks are", async () => {
    const whole = await Array.fromAsync(contentsLines(chunked(AMD64, 10_000), "t", () => true));
    assert.equal(whole.length, 9);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), async (size) => {
        assert.deepEqual(await Array.fromAsync(contentsLines(chunked(AMD64.trimEnd(), size), "t", () => true)), whole);
      }),
      { numRuns: 40 },
    );
  });

  it("passes over what is no line, and refuses one without end", async () => {
    assert.deepEqual(await Array.fromAsync(contentsLines(chunked("FILE LOCATION\n\nalone\n", 7), "t", () => true)), [
      { path: "FILE", packages: ["LOCATION"] },
    ]);
    await assert.rejects(Array.fromAsync(contentsLines(chunked("x".repeat(2 * 1024 * 1024), 65_536), "t", () => true)), {
      code: "DEBIAN_ARCHIVE",
      message: /it has a line of more than/,
    });
  });
});
