import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { memoryTree, type TreeSpec } from "../../test/support/memory-tree.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { treePath } from "../paths.ts";
import { readInventory } from "./read-inventory.ts";

const platform = { os: "linux", architecture: "amd64" };
const file = (text: string): string => `file 644 0:0 ${text}`;
const json = (value: unknown): string => file(JSON.stringify(value));

/** Files as bytes, beside those of a `TreeSpec`. */
type Binaries = Readonly<Record<string, Buffer>>;

/** A line for each package, with its files, and for what was not read. */
async function dump(spec: TreeSpec, binaries: Binaries = {}): Promise<readonly string[]> {
  const tree = memoryTree({ ...spec, ...Object.fromEntries(Object.keys(binaries).map((path) => [path, "file 755 0:0"])) });
  for (const [path, bytes] of Object.entries(binaries)) {
    const entry = tree.lookup(treePath(path));
    assert.ok(entry !== undefined);
    tree.put({ ...entry, size: bytes.length }, { kind: "bytes", bytes });
  }
  const { packages, unread } = await readInventory(tree, { platform });
  return [
    ...packages.map(({ purl, licences, files }) => `${purl} ${licences.join(", ") || "-"} [${files.join(" ")}]`),
    ...unread.map(({ path, why }) => `unread ${path}: ${why}`),
  ];
}

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const filler = (bytes: number): Buffer => Buffer.alloc(bytes, 0x2e);

/** What the Go linker writes. */
function goInfo(version: string, modules: string): Buffer {
  const header = Buffer.alloc(32);
  header.write("\xff Go buildinf:", "latin1");
  header[14] = 8;
  header[15] = 2;
  const framed = Buffer.concat([filler(16), Buffer.from(modules), filler(16)]);
  return Buffer.concat([header, sized(Buffer.from(version)), sized(framed)]);
}

function sized(bytes: Buffer): Buffer {
  const length: number[] = [];
  let left = bytes.length;
  for (; left >= 0x80; left >>>= 7) length.push((left & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, left]), bytes]);
}

const MODULES = [
  "path\texample.com/cmd",
  "mod\texample.com/Cmd\t(devel)\t",
  "dep\tgolang.org/x/sys\tv0.20.0\th1:x",
  "dep\texample.com/old\tv1.0.0",
  "=>\texample.com/new\tv1.1.0+incompatible\th1:y",
  "build\t-compiler=gc",
  "",
].join("\n");

const ROWS: readonly { readonly name: string; readonly tree?: TreeSpec; readonly binaries?: Binaries; readonly want: readonly string[] }[] =
  [
    {
      name: "npm packages with scopes, in each other and behind pnpm's links, each with its own files",
      tree: {
        "app/package.json": json({ name: "app", version: "1.0.0" }),
        "app/node_modules/a/package.json": json({ name: "a", version: "1.0.0", license: "(MIT OR ISC)", dependencies: { "@s/b": "1" } }),
        "app/node_modules/a/lib/x.js": file("x"),
        "app/node_modules/a/lib/package.json": json({ type: "module" }),
        "app/node_modules/a/node_modules/@s/b/package.json": json({
          name: "@s/b",
          version: "2.0.0-rc.1",
          licenses: [{ type: "MIT" }, "ISC"],
        }),
        "app/node_modules/.pnpm/c@3/node_modules/c/package.json": json({ name: "c", version: "3.0.0+x", license: "SEE LICENSE" }),
        "app/node_modules/c": "link .pnpm/c@3/node_modules/c",
        "app/node_modules/.package-lock.json": json({}),
      },
      want: [
        "pkg:npm/%40s/b@2.0.0-rc.1 MIT OR ISC [app/node_modules/a/node_modules/@s/b/package.json]",
        "pkg:npm/a@1.0.0 MIT OR ISC [app/node_modules/a/lib/package.json app/node_modules/a/lib/x.js app/node_modules/a/package.json]",
        "pkg:npm/c@3.0.0%2Bx LicenseRef-SEE-LICENSE-0480af1e [app/node_modules/.pnpm/c@3/node_modules/c/package.json]",
      ],
    },
    {
      name: "of damaged package.json only that they are there, and of those without name or version nothing",
      tree: {
        "node_modules/a/package.json": file("{"),
        "node_modules/b/package.json": json({ name: "../b", version: "1" }),
        "node_modules/c/package.json": json(null),
        "node_modules/d/package.json": json({ name: "d" }),
        "node_modules/e/package.json": json({ version: "1" }),
      },
      want: ["a", "b", "c"].map((name) => `unread node_modules/${name}/package.json: it is no package.json with a name and a version`),
    },
    {
      name: "Python packages, their files by RECORD",
      tree: {
        "usr/lib/python3.11/site-packages/Foo_Bar-1.0.dist-info/METADATA": file(
          "Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\nLicense: a long text\nClassifier: License :: OSI Approved :: MIT License\n\nName: not this",
        ),
        "usr/lib/python3.11/site-packages/Foo_Bar-1.0.dist-info/RECORD": file(
          'foo/__init__.py,sha256=x,1\n"../../../bin/foo",,\n/gone,,\nFoo_Bar-1.0.dist-info/RECORD,,',
        ),
        "usr/lib/python3.11/site-packages/foo/__init__.py": file("x"),
        "usr/bin/foo": file("x"),
        "opt/x.egg-info": file("Name: x\nVersion: 2\nLicense: Apache-2.0 License\n"),
        "opt/y.egg-info/PKG-INFO": file("Name: y\nVersion: 3\nLicense-Expression: MIT AND ISC\n"),
        "opt/z.egg-info/PKG-INFO": file("Name: z\n"),
      },
      want: [
        "pkg:pypi/foo-bar@1.0 MIT [usr/bin/foo usr/lib/python3.11/site-packages/Foo_Bar-1.0.dist-info/RECORD usr/lib/python3.11/site-packages/foo/__init__.py]",
        "pkg:pypi/x@2 Apache-2.0 []",
        "pkg:pypi/y@3 MIT AND ISC []",
        "unread opt/z.egg-info/PKG-INFO: it has no name or no version",
      ],
    },
    {
      name: "Alpine packages",
      tree: {
        "etc/os-release": file("ID=alpine\nVERSION_ID=3.20.1\n"),
        "lib/apk/db/installed": file(
          "C:Q1x\nP:ssl_client\nV:1.36.1-r29\nA:x86_64\nL:GPL-2.0-only\no:busybox\nD:so:libc.musl-x86_64.so.1 zlib>=1\nF:usr\nF:usr/bin\nR:ssl_client\nR:gone\n\nP:broken\n",
        ),
        "usr/bin/ssl_client": file("x"),
      },
      want: [
        "pkg:apk/alpine/ssl_client@1.36.1-r29?arch=x86_64&distro=alpine-3.20.1&upstream=busybox GPL-2.0-only [usr/bin/ssl_client]",
        'unread lib/apk/db/installed: the package "broken" has no usable name or version',
      ],
    },
    {
      name: "a Node.js of its own, its version between two chunks",
      binaries: {
        "nodejs/bin/node": Buffer.concat([
          ELF,
          filler(256 * 1024 - 30),
          Buffer.from("https://nodejs.org/download/release/v22.21.1/node-v22.21.1.tar.gz"),
          filler(512 * 1024),
        ]),
        "bin/script": Buffer.concat([
          Buffer.from("#!"),
          filler(512 * 1024),
          Buffer.from("https://nodejs.org/download/release/v22.21.1/node-v22.21.1.tar.gz"),
        ]),
      },
      want: ["pkg:generic/node@22.21.1?arch=amd64 MIT [nodejs/bin/node]"],
    },
    {
      name: "Go modules, those that replaced others, after a mark that is none",
      binaries: {
        "app/server": Buffer.concat([
          ELF,
          filler(300 * 1024),
          Buffer.from("\xff Go buildinf: in my code", "latin1"),
          filler(256 * 1024 - 70),
          goInfo("go1.22.1 X:boringcrypto", MODULES),
          filler(512 * 1024),
        ]),
      },
      want: [
        "pkg:golang/example.com/cmd - [app/server]",
        "pkg:golang/example.com/new@v1.1.0%2Bincompatible - []",
        "pkg:golang/golang.org/x/sys@v0.20.0 - []",
        "pkg:golang/stdlib@1.22.1 - []",
      ],
    },
    {
      name: "Java archives by Maven's properties, in archives too, else by the manifest",
      binaries: {
        "app/a.jar": zipFile({
          "META-INF/maven/org.x/a/pom.properties": "groupId=org.x\nartifactId=a\nversion=1.0\n",
          "BOOT-INF/lib/b.jar": zipFile({
            "META-INF/maven/org.y/b/pom.properties": "#x\r\ngroupId = org.y\r\nartifactId=b\r\nversion=2\r\n",
          }),
          "META-INF/MANIFEST.MF": "Implementation-Title: no\r\nImplementation-Version: 1\r\n",
        }),
        "app/c.jar": zipFile({ "META-INF/MANIFEST.MF": "Bundle-SymbolicName: org.c;sing\r\n leton:=true\r\nBundle-Version: 3\r\n" }),
        "app/d.jar": Buffer.from("no zip"),
        "app/e.jar": zipFile({ "META-INF/MANIFEST.MF": "" }),
      },
      want: [
        "pkg:generic/org.c@3 - [app/c.jar]",
        "pkg:maven/org.x/a@1.0 - [app/a.jar]",
        "pkg:maven/org.y/b@2 - [app/a.jar]",
        "unread app/d.jar: it is no zip archive",
      ],
    },
    {
      name: "the packages that chisel cut slices from, with what is in the image",
      tree: {
        "etc/os-release": file("ID=ubuntu\nVERSION_ID=24.04\n"),
        lib: "link usr/lib",
        "usr/lib/libc.so.6": file("elf"),
        "usr/share/doc/libc6/copyright": file("see /usr/share/common-licenses/LGPL-2.1"),
      },
      binaries: {
        "var/lib/chisel/manifest.wall": zstdCompressSync(
          [
            '{"jsonwall":"1.0","schema":"1.0","count":6}',
            '{"kind":"content","slice":"libc6_copyright","path":"/usr/share/doc/libc6/copyright"}',
            '{"kind":"content","slice":"libc6_libs","path":"/lib/libc.so.6"}',
            '{"kind":"content","slice":"libc6_libs","path":"/lib/gone"}',
            '{"kind":"package","name":"libc6","version":"2.39-0ubuntu8","sha256":"00","arch":"amd64"}',
            '{"kind":"path","path":"/lib/libc.so.6","mode":"0644","slices":["libc6_libs"]}',
            "damaged",
          ].join("\n"),
        ),
      },
      want: [
        "pkg:deb/ubuntu/libc6@2.39-0ubuntu8?arch=amd64&distro=ubuntu-24.04 LGPL-2.1-only [usr/lib/libc.so.6 usr/share/doc/libc6/copyright]",
      ],
    },
    {
      name: "that a manifest of chisel is damaged",
      tree: { "var/lib/chisel/manifest.wall": file("x") },
      want: ["unread var/lib/chisel/manifest.wall: it is no manifest of chisel in zstd"],
    },
    {
      name: "what a Debian package owns once, under the package's name",
      tree: {
        "var/lib/dpkg/status.d/python3-x": file("Package: python3-x\nVersion: 1\nArchitecture: all\n"),
        "var/lib/dpkg/status.d/python3-x.md5sums": file(`${"0".repeat(32)}  usr/lib/python3/dist-packages/x.egg-info\n`),
        "usr/lib/python3/dist-packages/x.egg-info": file("Name: x\nVersion: 2\n"),
      },
      want: ["pkg:deb/debian/python3-x@1?arch=all - [usr/lib/python3/dist-packages/x.egg-info]"],
    },
    {
      name: "a copyright file through links of folders",
      tree: {
        "var/lib/dpkg/status.d/a": file("Package: a\nVersion: 1\nArchitecture: all\n"),
        "usr/share/doc/a": "link b",
        "usr/share/doc/b/copyright": file("see /usr/share/common-licenses/Apache-2.0"),
      },
      want: ["pkg:deb/debian/a@1?arch=all Apache-2.0 []"],
    },
    {
      name: "that an RPM database was not read",
      tree: { "var/lib/rpm/rpmdb.sqlite": file("x") },
      want: ["unread var/lib/rpm: RPM databases are not read"],
    },
  ];

describe("readInventory() finds", () => {
  for (const { name, tree = {}, binaries, want } of ROWS) {
    it(name, async () => {
      assert.deepEqual(await dump(tree, binaries), want);
    });
  }
});
