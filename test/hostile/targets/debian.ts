/** What archives of Debian serve: packages, their fields, lists of packages, releases and signatures. */
import { gzipSync } from "node:zlib";
import { bytesOf } from "../../../src/bytes.ts";
import { contentsLines } from "../../../src/debian/contents-file.ts";
import { parseRelations, parseStanzas } from "../../../src/debian/control.ts";
import { openDeb } from "../../../src/debian/deb.ts";
import { makeTable } from "../../../src/debian/packages-file.ts";
import { checkRelease, parseRelease } from "../../../src/debian/release.ts";
import { verifyInline } from "../../../src/debian/signature.ts";
import { compareVersions } from "../../../src/debian/version.ts";
import type { RandomAccess } from "../../../src/debian/ar.ts";
import type { Random } from "../../fuzz/random.ts";
import { arOf, clearsign, makeKey, tarOf } from "../../support/archive.ts";
import { holds, inPieces, textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const CONTROL =
  "Package: a\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: x\nDepends: b (>= 1), c | d [amd64] <!x>\nDescription: x\n y\n .\n z\n";

function deb(random: Random): Buffer {
  const control = tarOf([
    { path: random.pick(["./control", "control", "./../control"]), content: CONTROL },
    { path: "./md5sums", content: "d41d8cd98f00b204e9800998ecf8427e  a\n" },
    { path: random.pick(["./postinst", "./conffiles", "./postinst"]), content: "#!/bin/sh\nset -e\n" },
  ]);
  const path = (): string => random.pick(["./usr/bin/a", "./../a", "/etc/passwd", "./a", "./dev/x", "./usr", "./.wh.a"]);
  const data = tarOf(
    Array.from({ length: random.below(5) }, () => ({
      path: path(),
      type: random.pick(["file", "dir", "symlink", "hardlink", "char", "fifo"]),
      content: "",
      link: path(),
    })),
  );
  const members: [string, Buffer][] = [
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", gzipSync(control)],
    [random.pick(["data.tar", "data.tar.gz"]), random.chance(0.5) ? data : gzipSync(data)],
  ];
  if (random.chance(0.1)) members.push([random.pick(["_x", "debian-binary", "a b", "data.tar.xz"]), Buffer.alloc(random.below(9))]);
  return arOf(members, random.chance(0.1) ? { "control.tar.gz": random.pick(["9999999999", "-1", "0", "1e3", ""]) } : {});
}

function access(input: Buffer): RandomAccess {
  return { name: "a.deb", size: input.byteLength, read: (start, length) => bytesOf(input.subarray(start, start + length)) };
}

export const DEB: Target = {
  name: "deb",
  generate: deb,
  async check(input) {
    const opened = await openDeb(access(input), { maxBytes: 8 * 1024 * 1024, maxEntries: 1000 });
    for await (const { entry } of opened.files())
      holds(!entry.path.startsWith("/") && !entry.path.split("/").includes(".."), "files of a package stay inside");
  },
};

const FIELDS = [
  CONTROL,
  "\n",
  " ",
  "\t",
  "Package: b\n",
  "Package: \n",
  "Version: 2:1.0~rc1-1+b2\n",
  "Architecture: all\n",
  "Filename: pool/a.deb\n",
  "Filename: ../../etc/passwd\n",
  "Size: 12\n",
  "Size: -1\n",
  "Size: 99999999999999999999\n",
  `SHA256: ${"a".repeat(64)}\n`,
  "SHA256: zz\n",
  "Provides: x (= 1), y\n",
  "Depends: a (<< 1) | b:any, c [!amd64] <x> <y>\n",
  "Depends: a (\n",
  "Installed-Size: 5\n",
  "Essential: yes\n",
  "__proto__: x\n",
  "#c\n",
  ":\n",
  "\0",
  "\r\n",
  "é",
  "(",
  "[",
  "<",
  "|",
  ",",
  "a ",
] as const;

export const PACKAGES: Target = {
  name: "packages",
  generate: (random) => textOf(random, FIELDS),
  async check(input, { random }) {
    const text = input.toString("utf8");
    const [a = "", b = "", c = ""] = text.split("\n", 3).map((line) => line.replace(/^Version: /, ""));
    await each(
      () => parseStanzas(text, "Packages"),
      () => parseRelations(text.replaceAll("\n", " "), "a"),
      () => makeTable(inPieces(input, random), "https://x/Packages"),
      () => {
        holds(Math.sign(compareVersions(a, b)) === -Math.sign(compareVersions(b, a)), "versions have one order");
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) holds(compareVersions(a, c) <= 0, "versions have one order");
      },
      async () => {
        for await (const line of contentsLines(inPieces(input, random), "https://x/Contents", () => true)) void line;
      },
    );
  },
};

const date = new Date("2026-03-01T00:00:00Z");
const key = await makeKey("hostile");
const RELEASE = [
  "Origin: Fake\nLabel: Fake\nSuite: stable\nCodename: bookworm\nDate: Sun, 01 Mar 2026 00:00:00 UTC\nValid-Until: Sun, 08 Mar 2026 00:00:00 UTC\n",
  "Architectures: all amd64\nComponents: main\nAcquire-By-Hash: yes\n",
  `SHA256:\n ${"a".repeat(64)} 12 main/binary-amd64/Packages.gz\n`,
  ` ${"b".repeat(64)} -1 ../../x\n`,
  ` ${"b".repeat(64)} 9999999999999999999 x\n`,
  "Date: never\n",
  "Valid-Until: Sat, 99 Foo 0000 25:61:61 UTC\n",
  "MD5Sum:\n x\n",
  "\n",
  " ",
  "é",
] as const;
const SIGNED = await Promise.all(RELEASE.slice(0, 5).map((text, at) => clearsign(`${RELEASE[0]}${at === 0 ? "" : text}`, key, date)));

export const RELEASES: Target = {
  name: "release",
  generate: (random) => (random.chance(0.2) ? Buffer.from(random.pick(["x", ...SIGNED])) : textOf(random, RELEASE, 6)),
  async check(input) {
    const text = input.toString("utf8");
    const now = new Date("2026-03-02T00:00:00Z");
    const isSigned = text.includes("BEGIN PGP");
    await each(
      () => checkRelease(parseRelease(text, "InRelease"), "InRelease", { now, suite: "bookworm" }),
      async () => {
        if (!isSigned) return;
        const signed = await verifyInline(text, key.keyring, { name: "InRelease", now });
        holds(
          SIGNED.some((one) => one.includes(signed.text.split("\n").at(-2) ?? "")),
          "only what was signed is right",
        );
      },
    );
  },
};
