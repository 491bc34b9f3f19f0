/** What a hostile mirror, a hostile signer of packages and a man in the middle can try, from the network to the files of a package. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { type ArchiveFiles, arOf, debOf, type FakeKey, makeKey, serveFiles, tarOf, type TarMember } from "../../test/support/archive.ts";
import { type FakeSuite, suiteFiles } from "../../test/support/archive-suite.ts";
import type { ErrorCode } from "../errors.ts";
import type { EventInput } from "../events.ts";
import { openStore } from "../store/index.ts";
import { createArchive } from "./archive.ts";

const date = new Date("2026-03-01T00:00:00Z");
const now = (): Date => new Date("2026-03-02T00:00:00Z");
const IN_RELEASE = "dists/bookworm/InRelease";
const DEB = "pool/main/a_1.0-1_amd64.deb";
const good: FakeSuite["packages"] = [{ name: "a", files: [{ path: "./a", content: "one" }] }];

interface Row {
  readonly name: string;
  /** What the mirror serves instead. */
  readonly edit: (files: ArchiveFiles, key: FakeKey) => Promise<void> | void;
  readonly code: ErrorCode;
  readonly message: RegExp;
}

async function again(files: ArchiveFiles, suite: FakeSuite): Promise<void> {
  for (const [path, bytes] of await suiteFiles(suite)) files.set(path, bytes);
}

function indexes(files: ArchiveFiles, edit: (bytes: Buffer) => Buffer | undefined): void {
  for (const [path, bytes] of files) {
    if (!path.includes("Packages") && !path.includes("by-hash")) continue;
    const edited = edit(bytes);
    if (edited === undefined) files.delete(path);
    else files.set(path, edited);
  }
}

const mirror: readonly Row[] = [
  {
    name: "a changed InRelease",
    edit: (files) => void files.set(IN_RELEASE, Buffer.from(String(files.get(IN_RELEASE)).replace("Origin: Fake", "Origin: Evil"))),
    code: "DEBIAN_SIGNATURE",
    message: /InRelease": no signature is right by the keys of "test.gpg": key [0-9A-F]+: Signed digest did not match/,
  },
  {
    name: "an InRelease with a line after the signature",
    edit: (files) => void files.set(IN_RELEASE, Buffer.concat([files.get(IN_RELEASE) ?? Buffer.alloc(0), Buffer.from("\nOrigin: Evil\n")])),
    code: "DEBIAN_SIGNATURE",
    message: /it is not one clearsigned text from its first to its last line/,
  },
  {
    name: "an InRelease without signature",
    edit: (files) => void files.set(IN_RELEASE, Buffer.from("Suite: bookworm\nDate: Sun, 01 Mar 2026 00:00:00 UTC\nSHA256:\n")),
    code: "DEBIAN_SIGNATURE",
    message: /it is not one clearsigned text/,
  },
  {
    name: "an InRelease of another key",
    edit: async (files) => await again(files, { packages: good, key: await makeKey("other"), date }),
    code: "DEBIAN_SIGNATURE",
    message: /is not in the keyring/,
  },
  {
    name: "an InRelease past its Valid-Until",
    edit: (files, key) => again(files, { packages: good, key, date, validUntil: new Date("2026-03-01T12:00:00Z") }),
    code: "DEBIAN_EXPIRED",
    message: /it was valid until 2026-03-01T12:00:00.000Z; now is 2026-03-02T00:00:00.000Z/,
  },
  {
    name: "an InRelease of the future",
    edit: (files, key) => again(files, { packages: good, key, date: new Date("2026-03-05T00:00:00Z") }),
    code: "DEBIAN_SIGNATURE",
    message: /in the future/,
  },
  {
    name: "the release of another suite",
    edit: async (files, key) => {
      const other = await suiteFiles({ suite: "trixie", packages: good, key, date });
      files.set(IN_RELEASE, other.get("dists/trixie/InRelease") ?? Buffer.alloc(0));
    },
    code: "DEBIAN_ARCHIVE",
    message: /it is for suite "trixie" \(codename "trixie"\); wanted "bookworm"/,
  },
  {
    name: "a changed index of the same size",
    edit: (files) => indexes(files, (bytes) => Buffer.alloc(bytes.length, 1)),
    code: "DEBIAN_ARCHIVE",
    message: /the server gave other bytes than the signed index lists/,
  },
  {
    name: "an index that is longer",
    edit: (files) => indexes(files, (bytes) => Buffer.concat([bytes, bytes])),
    code: "DEBIAN_ARCHIVE",
    message: /the server gave other bytes/,
  },
  {
    name: "an index that is missing",
    edit: (files) => indexes(files, () => undefined),
    code: "DEBIAN_ARCHIVE",
    message: /the server answered 404 Not Found/,
  },
  {
    name: "a changed package",
    edit: (files) => {
      const deb = Buffer.from(files.get(DEB) ?? []);
      deb[deb.length - 9] = (deb[deb.length - 9] ?? 0) ^ 1;
      files.set(DEB, deb);
    },
    code: "DEBIAN_ARCHIVE",
    message: /a_1.0-1_amd64.deb": the server gave other bytes/,
  },
  {
    name: "a package that is longer",
    edit: (files) => void files.set(DEB, Buffer.concat([files.get(DEB) ?? Buffer.alloc(0), Buffer.from("more")])),
    code: "DEBIAN_ARCHIVE",
    message: /a_1.0-1_amd64.deb": the server gave other bytes/,
  },
];

/** Of somebody whose release we trust: every hash is right. */
const signed: readonly (Omit<Row, "edit" | "code"> & { readonly deb: Buffer; readonly code?: ErrorCode })[] = [
  { name: "a package of another name", deb: debOf({ name: "evil" }), message: /its control file says Package "evil"; the index says "a"/ },
  { name: "a package of another version", deb: debOf({ name: "a", version: "9" }), message: /says Version "9"; the index says "1.0-1"/ },
  { name: "no package at all", deb: Buffer.from("hello"), message: /it has 5 bytes|it is not an ar archive/ },
  { name: "an ar header with a huge size", deb: arOf([["debian-binary", Buffer.from("2.0\n")]], { "debian-binary": "9999999999" }), message: /says it has 9999999999 bytes; the file has 4 more/ },
  { name: "an ar member twice", deb: container([["debian-binary", Buffer.from("2.0\n")], ["control.tar", control()], ["control.tar", control()]]), message: /it has the member "control.tar" twice/ },
  { name: "a control archive that is a bomb", deb: container([["debian-binary", Buffer.from("2.0\n")], ["control.tar.gz", gzipSync(control({ path: "./md5sums", content: Buffer.alloc(33 * 1024 * 1024) }))], ["data.tar", tarOf([])]]), message: /it unpacks to more than 33554432 bytes/ },
  { name: "a control archive that is a bomb by xz", deb: container([["debian-binary", Buffer.from("2.0\n")], ["control.tar.xz", execFileSync("xz", ["-0c"], { input: control({ path: "./md5sums", content: Buffer.alloc(33 * 1024 * 1024) }) })], ["data.tar", tarOf([])]]), message: /it unpacks to more than 33554432 bytes/ },
  { name: "a control archive with too many files", deb: container([["debian-binary", Buffer.from("2.0\n")], ["control.tar", control(...Array.from({ length: 1000 }, (_, at) => ({ path: `./f${at}` })))], ["data.tar", tarOf([])]]), message: /its control.tar has more than 1000 files/ },
  { name: "a script twice", deb: container([["debian-binary", Buffer.from("2.0\n")], ["control.tar", control({ path: "./postinst" }, { path: "postinst", content: "evil" })], ["data.tar", tarOf([])]]), message: /its control.tar has "postinst" twice/ },
  { name: "a control file that is a link", deb: container([["debian-binary", Buffer.from("2.0\n")], ["control.tar", tarOf([{ path: "./control", type: "symlink", link: "/etc/passwd" }])], ["data.tar", tarOf([])]]), message: /"control" of its control.tar is a symlink; wanted a file/ },
  { name: "a control archive that leaves its root", deb: container([["debian-binary", Buffer.from("2.0\n")], ["control.tar", control({ path: "../../control", content: "x" })], ["data.tar", tarOf([])]]), message: /\.\.\/\.\.\/control/ },
  { name: "a path that leaves the root", deb: data({ path: "../../etc/passwd", content: "x" }), message: /\.\.\/\.\.\/etc\/passwd/ },
  { name: "a link that leaves the root", deb: data({ path: "./usr/a", type: "symlink", link: "../../etc/passwd" }), message: /points to "..\/..\/etc\/passwd", outside of the root/ },
  { name: "a file below a link to elsewhere", deb: data({ path: "./a", type: "symlink", link: "/etc" }, { path: "./a/passwd", content: "x" }), message: /"\/a\/passwd" is below "\/a", which is a symlink/ },
  { name: "a hard link to a file of the system", deb: data({ path: "./a", type: "hardlink", link: "./etc/shadow" }), message: /hard link "\/a" is to "etc\/shadow"/ },
  { name: "a path twice", deb: data({ path: "./a", content: "1" }, { path: "./a", content: "2" }), message: /it has "\/a" twice/ },
  { name: "a device node", deb: data({ path: "./dev/null", type: "char" }), message: /"\/dev\/null" is a char/ },
  { name: "a fifo", deb: data({ path: "./a", type: "fifo" }), message: /"\/a" is a fifo/ },
  { name: "a whiteout", deb: data({ path: "./usr/.wh.bin" }), message: /would be a whiteout/ },
]; // prettier-ignore

function container(members: Parameters<typeof arOf>[0]): Buffer {
  return arOf(members);
}

function control(...more: readonly TarMember[]): Buffer {
  return tarOf([{ path: "./control", content: "Package: a\nVersion: 1.0-1\nArchitecture: amd64\n" }, ...more]);
}

function data(...files: readonly TarMember[]): Buffer {
  return debOf({ name: "a", files, md5sums: "" });
}

describe("a hostile archive", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey();
  });

  /** Everything that assembling does with a package. */
  async function use(files: ArchiveFiles): Promise<void> {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-hostile-"));
    await using store = await openStore({ root: join(dir.path, "store") });
    await using server = await serveFiles(files);
    const archive = createArchive(store, [server.source()], { keyring: key.keyring, now });
    const { packages } = await archive.resolve({ names: ["a"], architecture: "amd64" });
    for (const one of packages) {
      const deb = await archive.open(one);
      for await (const { data: bytes } of deb.files()) await Array.fromAsync(bytes);
    }
  }

  it("is told from a good one", async () => {
    await use(await suiteFiles({ packages: good, key, date }));
  });

  for (const row of mirror) {
    it(`cannot give ${row.name}`, async () => {
      const files = await suiteFiles({ packages: good, key, date });
      await row.edit(files, key);
      await assert.rejects(use(files), { code: row.code, message: row.message });
    });
  }

  for (const row of signed) {
    it(`cannot sign ${row.name}`, async () => {
      const files = await suiteFiles({ packages: [{ name: "a", deb: row.deb }], key, date });
      await assert.rejects(use(files), { code: row.code ?? "DEBIAN_PACKAGE", message: row.message });
    });
  }

  const paragraphs = [
    { name: "a field twice", fields: { Filename: "../../../etc/passwd.deb" }, message: /package "a" gives the field Filename a second time/ },
    { name: "a dependency that cannot be read", fields: { Depends: "b (>= 1" }, message: /its dependency "b \(>= 1" cannot be read/ },
    { name: "a version that is none", fields: { Depends: "a (>= x y)" }, message: /cannot be read/ },
  ]; // prettier-ignore
  for (const row of paragraphs) {
    it(`cannot list ${row.name}`, async () => {
      const files = await suiteFiles({ packages: [{ name: "a", fields: row.fields }], key, date });
      await assert.rejects(use(files), { code: "DEBIAN_ARCHIVE", message: row.message });
    });
  }

  it("cannot go back in time: the newer release that was seen is used, with a warning", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-hostile-"));
    await using store = await openStore({ root: join(dir.path, "store") });
    await using server = await serveFiles(await suiteFiles({ packages: good, key, date }));
    const events: EventInput[] = [];
    const select = async (): Promise<string | undefined> => {
      const archive = createArchive(store, [server.source()], { keyring: key.keyring, now, emit: (event) => void events.push(event) });
      return (await archive.select(["a"], { architecture: "amd64" }))[0]?.version;
    };
    await select();
    await again(server.files, { packages: [{ name: "a", version: "0.5" }], key, date: new Date("2026-02-01T00:00:00Z") });
    assert.equal(await select(), "1.0-1");
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    assert.match(
      warnings.join("\n"),
      /is of 2026-02-01T00:00:00.000Z, older than the release of 2026-03-01T00:00:00.000Z that was seen before/,
    );
  });
});
