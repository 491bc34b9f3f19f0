import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { arOf, debOf, tarOf, type TarMember } from "../../test/support/archive.ts";
import { bytesOf, collect } from "../bytes.ts";
import type { RandomAccess } from "./ar.ts";
import { type Deb, type DebLimits, openDeb } from "./deb.ts";

function file(bytes: Uint8Array): RandomAccess {
  return { name: "a.deb", size: bytes.length, read: (start, length) => bytesOf(bytes.subarray(start, start + length)) };
}

function xz(bytes: Buffer): Buffer {
  return execFileSync("xz", ["-c"], { input: bytes });
}

async function dump(deb: Deb): Promise<string[]> {
  const lines: string[] = [];
  for await (const { entry, data } of deb.files()) {
    lines.push(`${entry.kind} ${entry.path} ${entry.mode.toString(8)} ${entry.link ?? (await collect(data, 1000)).toString()}`.trim());
  }
  return lines;
}

function withFiles(files: readonly TarMember[], limits?: DebLimits): Promise<string[]> {
  return openDeb(file(debOf({ name: "a", files })), limits).then(dump);
}

describe("openDeb()", () => {
  it("gives control fields, md5sums and files", async () => {
    const deb = await openDeb(
      file(
        debOf({
          name: "a",
          version: "2:1-1",
          files: [
            { path: "./", type: "dir" },
            { path: "./usr/", type: "dir" },
            { path: "./usr/a", content: "hello", mode: 0o4755 },
            { path: "./usr/b", type: "hardlink", link: "./usr/a" },
            { path: "./usr/c", type: "symlink", link: "../usr/a" },
          ],
        }),
      ),
    );
    assert.equal(deb.control.get("version"), "2:1-1");
    assert.match(Buffer.from(deb.controlText).toString(), /^Package: a\n/);
    assert.equal(Buffer.from(deb.md5sums ?? []).toString(), "5d41402abc4b2a76b9719d911017c592  usr/a\n");
    assert.deepEqual(await dump(deb), ["dir usr 755", "file usr/a 4755 hello", "hardlink usr/b 644 usr/a", "symlink usr/c 644 ../usr/a"]);
  });

  it("reads members that are not compressed, or by zstd, and passes over members that begin with _", async () => {
    const deb = arOf([
      ["debian-binary", Buffer.from("2.0\n")],
      ["_gpgbuilder", Buffer.from("odd")],
      ["control.tar", tarOf([{ path: "control", content: "Package: a\n" }])],
      ["data.tar.zst", zstdCompressSync(tarOf([{ path: "a", content: "1" }]))],
    ]);
    assert.deepEqual(await dump(await openDeb(file(deb))), ["file a 644 1"]);
  });

  it("R2: reads members of several frames, and refuses what follows them", async () => {
    const data = tarOf([{ path: "a", content: "1" }]);
    const packed = [gzipSync, zstdCompressSync, xz].map((pack) =>
      Buffer.concat([pack(data.subarray(0, 1024)), pack(Buffer.alloc(0)), pack(data.subarray(1024))]),
    );
    for (const [at, suffix] of ["gz", "zst", "xz"].entries())
      for (const tail of ["", "garbage"]) {
        const deb = arOf([
          ["debian-binary", Buffer.from("2.0\n")],
          ["control.tar", tarOf([{ path: "control", content: "Package: a\n" }])],
          [`data.tar.${suffix}`, Buffer.concat([packed[at] ?? Buffer.alloc(0), Buffer.from(tail)])],
        ]);
        const files = openDeb(file(deb)).then(dump);
        if (tail === "") assert.deepEqual(await files, ["file a 644 1"]);
        else await assert.rejects(files, { code: "DEBIAN_PACKAGE", message: /something else follows its end/ });
      }
  });

  it("reads members by xz, large and small", async () => {
    const large = randomBytes(300_000);
    const deb = arOf([
      ["debian-binary", Buffer.from("2.0\n")],
      ["control.tar.xz", xz(tarOf([{ path: "control", content: "Package: a\n" }]))],
      ["data.tar.xz", xz(tarOf([{ path: "a", content: large }]))],
    ]);
    const opened = await openDeb(file(deb));
    assert.equal(opened.control.get("package"), "a");
    for await (const { data } of opened.files()) assert.deepEqual(await collect(data, 1_000_000), large);
  });

  it("gives the scripts of the control archive, and not what else is there", async () => {
    const deb = arOf([
      ["debian-binary", Buffer.from("2.0\n")],
      ["control.tar", tarOf([{ path: "./control", content: "Package: a\n" }, { path: "./postinst", content: "#!/bin/sh\n" }, { path: "./triggers", content: "activate-noawait ldconfig\n" }, { path: "./templates", content: "x" }])],
      ["data.tar", tarOf([])],
    ]); // prettier-ignore
    const { scripts } = await openDeb(file(deb));
    assert.deepEqual(
      [...scripts].map(([name, bytes]) => `${name} ${Buffer.from(bytes).toString().trim()}`),
      ["postinst #!/bin/sh", "triggers activate-noawait ldconfig"],
    );
  });

  const good = debOf({ name: "a", files: [{ path: "./a", content: "1" }] });
  const control = tarOf([{ path: "control", content: "Package: a\n" }]);
  const version = Buffer.from("2.0\n");
  const containers = [
    { name: "no ar archive", deb: Buffer.from("not a package"), want: /it is not an ar archive/ },
    { name: "an empty file", deb: Buffer.alloc(0), want: /it has 0 bytes/ },
    { name: "a package cut inside a header", deb: good.subarray(0, 100), want: /it ends inside the header at byte 72/ },
    { name: "a package cut inside a member", deb: good.subarray(0, good.length - 40), want: /"data.tar.gz" says it has \d+ bytes; the file has \d+ more/ },
    { name: "a member larger than the file", deb: arOf([["debian-binary", version]], { "debian-binary": "9999999999" }), want: /says it has 9999999999 bytes; the file has 4 more/ },
    { name: "a negative size", deb: arOf([["debian-binary", version]], { "debian-binary": "-1" }), want: /has no proper size/ },
    { name: "a member name with a slash", deb: arOf([["../control", version]]), want: /no proper member name/ },
    { name: "a member twice", deb: arOf([["debian-binary", version], ["debian-binary", version]]), want: /twice/ },
    { name: "more members than a package has", deb: arOf(Array.from({ length: 20 }, (_, at) => [`_${at}`, version] as const)), want: /more than 16 members/ },
    { name: "another format", deb: arOf([["debian-binary", Buffer.from("3.0\n")], ["control.tar", control], ["data.tar", control]]), want: /its format is "3.0"/ },
    { name: "members in another order", deb: arOf([["debian-binary", version], ["data.tar", control], ["control.tar", control]]), want: /wanted control.tar and data.tar/ },
    { name: "no data", deb: arOf([["debian-binary", version], ["control.tar", control]]), want: /its members are not/ },
    { name: "no control file", deb: arOf([["debian-binary", version], ["control.tar", tarOf([])], ["data.tar", control]]), want: /no file control/ },
    { name: "control fields that cannot be read", deb: arOf([["debian-binary", version], ["control.tar", tarOf([{ path: "control", content: "nothing" }])], ["data.tar", control]]), want: /is not a field/ },
    { name: "a damaged control.tar.gz", deb: arOf([["debian-binary", version], ["control.tar.gz", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7])], ["data.tar", control]]), want: /Cannot unpack package "a.deb"/ },
  ]; // prettier-ignore
  for (const row of containers) {
    it(`refuses ${row.name}`, async () => {
      await assert.rejects(openDeb(file(row.deb)), { code: "DEBIAN_PACKAGE", message: row.want });
    });
  }

  const contents: readonly { name: string; files: readonly TarMember[]; limits?: DebLimits; want: RegExp }[] = [
    { name: "a path that leaves the root", files: [{ path: "../../etc/passwd", content: "x" }], want: /Cannot unpack package "a.deb": .*\.\.\/\.\.\/etc\/passwd/ },
    { name: "a relative link that leaves the root", files: [{ path: "./usr/a", type: "symlink", link: "../../etc/passwd" }], want: /"\/usr\/a" points to "..\/..\/etc\/passwd", outside of the root/ },
    { name: "a file below a link of the package", files: [{ path: "./a", type: "symlink", link: "/etc" }, { path: "./a/passwd", content: "x" }], want: /"\/a\/passwd" is below "\/a", which is a symlink/ },
    { name: "a file below a file of the package", files: [{ path: "./a", content: "x" }, { path: "./a/b/c", content: "x" }], want: /"\/a\/b\/c" is below "\/a", which is a file/ },
    { name: "a path given twice", files: [{ path: "./a", content: "1" }, { path: "./a", type: "symlink", link: "/etc" }], want: /it has "\/a" twice/ },
    { name: "a hard link to what it does not bring", files: [{ path: "./a", type: "hardlink", link: "./etc/shadow" }], want: /hard link "\/a" is to "etc\/shadow"/ },
    { name: "a device", files: [{ path: "./dev/null", type: "char" }], want: /"\/dev\/null" is a char/ },
    { name: "a fifo", files: [{ path: "./a", type: "fifo" }], want: /"\/a" is a fifo/ },
    { name: "a name that would be a whiteout", files: [{ path: "./usr/.wh.bin", content: "" }], want: /"\/usr\/.wh.bin" would be a whiteout/ },
    { name: "more bytes than allowed", files: [{ path: "./a", content: Buffer.alloc(100_000) }], limits: { maxBytes: 50_000 }, want: /unpacks to more than 50000 bytes/ },
    { name: "more files than allowed", files: [{ path: "./a" }, { path: "./b" }], limits: { maxEntries: 1 }, want: /more than 1 files/ },
  ]; // prettier-ignore
  for (const row of contents) {
    it(`refuses ${row.name}`, async () => {
      await assert.rejects(withFiles(row.files, row.limits), { code: "DEBIAN_PACKAGE", message: row.want });
    });
  }
});
