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
        "app/f.jar": zipFile({ "META-INF/MANIFEST.MF": "Implementation-Title: f\r\n", "org/f/F.class": "x" }),
        "app/g.jar": zipFile({
          "META-INF/MANIFEST.MF": "Bundle-SymbolicName: g\r\nBundle-Version: 1\r\n",
          "BOOT-INF/lib/h.jar": zipFile({ "org/h/H.class": "x", "lib/i.jar": zipFile({ "data.txt": "x" }) }),
        }),
      },
      want: [
        "pkg:generic/g@1 - [app/g.jar]",
        "pkg:generic/org.c@3 - [app/c.jar]",
        "pkg:maven/org.x/a@1.0 - [app/a.jar]",
        "pkg:maven/org.y/b@2 - [app/a.jar]",
        "unread app/d.jar: it is no zip archive",
        "unread app/f.jar: it has neither Maven's coordinates nor a name and version in the manifest",
        "unread app/g.jar: BOOT-INF/lib/h.jar!lib/i.jar, BOOT-INF/lib/h.jar in it have neither Maven's coordinates nor a name and version in the manifest",
      ],
    },
    {
      name: "A7: gems by their specifications, with the files of their folders",
      tree: {
        "usr/local/bundle/specifications/rack-3.1.8.gemspec": file(
          '# -*- encoding: utf-8 -*-\n# stub: rack 3.1.8 ruby lib\n\nGem::Specification.new do |s|\n  s.name = "rack".freeze\n  s.version = "3.1.8".freeze\n' +
            '  s.homepage = "https://github.com/rack/rack".freeze\n  s.licenses = ["MIT".freeze, "Ruby".freeze]\n  s.summary = "A \\"modular\\" interface.".freeze\n' +
            '  s.add_development_dependency(%q<minitest>.freeze, ["~> 5.0".freeze])\n  s.add_runtime_dependency(%q<nokogiri>.freeze)\nend\n',
        ),
        "usr/local/bundle/gems/rack-3.1.8/lib/rack.rb": file("x"),
        "usr/local/bundle/gems/rack-3.1.8/rack.gemspec": file("not read"),
        "usr/local/bundle/specifications/nokogiri-1.18.0-x86_64-linux-gnu.gemspec": file(
          '# stub: nokogiri 1.18.0 x86_64-linux-gnu lib\nGem::Specification.new do |s|\n  s.license = \'Odd\'\n  s.add_dependency("racc", ["~> 1.4"])\nend\n',
        ),
        "usr/local/bundle/gems/nokogiri-1.18.0-x86_64-linux-gnu/ext.so": file("x"),
        "usr/local/lib/ruby/gems/3.3.0/specifications/default/json-2.7.2.gemspec": file(
          'Gem::Specification.new do |s|\n  s.name = "json"\n  s.version = "2.7.2"\nend\n',
        ),
        "usr/local/lib/ruby/gems/3.3.0/specifications/odd.gemspec": file(
          `Gem::Specification.new { |s| s.name = NAME }${"\n".repeat(80_000)}`,
        ),
        "app/vendor/bundler/gems/mine-0a1b2c/mine.gemspec": file("x"),
      },
      want: [
        "pkg:gem/json@2.7.2 - [usr/local/lib/ruby/gems/3.3.0/specifications/default/json-2.7.2.gemspec]",
        "pkg:gem/nokogiri@1.18.0?platform=x86_64-linux-gnu LicenseRef-Odd-859bc154 [usr/local/bundle/gems/nokogiri-1.18.0-x86_64-linux-gnu/ext.so usr/local/bundle/specifications/nokogiri-1.18.0-x86_64-linux-gnu.gemspec]",
        "pkg:gem/rack@3.1.8 MIT OR Ruby [usr/local/bundle/gems/rack-3.1.8/lib/rack.rb usr/local/bundle/gems/rack-3.1.8/rack.gemspec usr/local/bundle/specifications/rack-3.1.8.gemspec]",
        "unread app/vendor/bundler/gems/mine-0a1b2c: gems from git are not read",
        "unread usr/local/lib/ruby/gems/3.3.0/specifications/odd.gemspec: it has no name or no version that can be read without running it",
      ],
    },
    {
      name: "A7: packages of Composer 2 and 1, without the project itself",
      tree: {
        "app/vendor/composer/installed.json": json({
          packages: [
            {
              name: "Symfony/Console",
              version: "v7.1.0",
              license: ["MIT"],
              require: { php: ">=8.2", "ext-json": "*", "symfony/string": "^6.4" },
              "install-path": "../symfony/console",
            },
            { name: "symfony/string", version: "v7.1.0", license: ["MIT", "BSD-3-Clause"] },
            { name: "me/project", version: "1.0.0", "install-path": "../../" },
            { name: "no-vendor", version: "1" },
          ],
          dev: false,
        }),
        "app/vendor/symfony/console/Application.php": file("x"),
        "app/vendor/symfony/console/vendor/x/y.php": file("x"),
        "app/vendor/symfony/string/a.php": file("x"),
        "old/vendor/composer/installed.json": json([{ name: "a/b", version: "1.0" }]),
        "bad/vendor/composer/installed.json": file("[}"),
      },
      want: [
        "pkg:composer/symfony/console@v7.1.0 MIT [app/vendor/symfony/console/Application.php app/vendor/symfony/console/vendor/x/y.php]",
        "pkg:composer/a/b@1.0 - []",
        "pkg:composer/me/project@1.0.0 - []",
        "pkg:composer/symfony/string@v7.1.0 MIT OR BSD-3-Clause [app/vendor/symfony/string/a.php]",
        "unread app/vendor/composer/installed.json: a package in it has no usable name or version",
        "unread bad/vendor/composer/installed.json: it is no list of Composer's packages",
      ],
    },
    {
      name: "A7: libraries of .NET, with their files where they were put",
      tree: {
        "app/App.deps.json": json({
          runtimeTarget: { name: ".NETCoreApp,Version=v8.0/linux-x64", signature: "" },
          targets: {
            ".NETCoreApp,Version=v8.0": {},
            ".NETCoreApp,Version=v8.0/linux-x64": {
              "App/1.0.0": { dependencies: { "Newtonsoft.Json": "13.0.3" }, runtime: { "App.dll": {} } },
              "Newtonsoft.Json/13.0.3": { runtime: { "lib/net6.0/Newtonsoft.Json.dll": { assemblyVersion: "13.0.0.0" } } },
              "SQLitePCLRaw.lib/2.1.6": { runtimeTargets: { "runtimes/linux-x64/native/libe_sqlite3.so": { rid: "linux-x64" } } },
              "Humanizer.Core.de/2.14.1": { resources: { "lib/net6.0/de/Humanizer.resources.dll": { locale: "de" } } },
            },
          },
          libraries: {
            "App/1.0.0": { type: "project", serviceable: false, sha512: "" },
            "Newtonsoft.Json/13.0.3": { type: "package", serviceable: true, sha512: "sha512-x" },
            "SQLitePCLRaw.lib/2.1.6": { type: "package" },
            "Humanizer.Core.de/2.14.1": { type: "package" },
            "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.10": { type: "runtimepack" },
            "Mine.Reference/1.0.0.0": { type: "reference" },
            "../x": { type: "package" },
          },
        }),
        "app/App.dll": file("x"),
        "app/Newtonsoft.Json.dll": file("x"),
        "app/de/Humanizer.resources.dll": file("x"),
        "app/runtimes/linux-x64/native/libe_sqlite3.so": file("x"),
        "bad/x.deps.json": file("{}"),
      },
      want: [
        "pkg:generic/App@1.0.0 - [app/App.dll]",
        "pkg:nuget/Humanizer.Core.de@2.14.1 - [app/de/Humanizer.resources.dll]",
        "pkg:nuget/Microsoft.NETCore.App.Runtime.linux-x64@8.0.10 - []",
        "pkg:nuget/Newtonsoft.Json@13.0.3 - [app/Newtonsoft.Json.dll]",
        "pkg:nuget/SQLitePCLRaw.lib@2.1.6 - [app/runtimes/linux-x64/native/libe_sqlite3.so]",
        'unread app/App.deps.json: the library "../x" has no usable name or version',
        "unread bad/x.deps.json: it is no list of .NET libraries",
      ],
    },
    {
      name: "A7: records of kinds that are not read, each place once",
      tree: {
        "opt/conda/conda-meta/a-1.json": json({}),
        "opt/conda/conda-meta/b-1.json": json({}),
        "app/.yarn/cache/lodash-npm-4.zip": file("x"),
        "usr/lib/python3/dist-packages/x.egg": file("x"),
        "usr/local/lib/R/site-library/dplyr/DESCRIPTION": file("x"),
        "usr/local/lib/R/site-library/rlang/DESCRIPTION": file("x"),
        "app/lib/phoenix-1.7/ebin/phoenix.app": file("x"),
        "var/lib/pacman/local/a-1/desc": file("x"),
      },
      want: [
        "unread app/.yarn/cache: packages in Yarn's archives are not read",
        "unread app/lib: packages of Erlang and Elixir are not read",
        "unread opt/conda/conda-meta: packages of conda are not read",
        "unread usr/lib/python3/dist-packages/x.egg: Python packages in archives are not read",
        "unread usr/local/lib/R/site-library: packages of R are not read",
        "unread var/lib/pacman/local: packages of pacman are not read",
      ],
    },
    {
      name: "A7: licences of Python packages as they are written, without a guess from classifiers",
      tree: Object.fromEntries(
        Object.entries({
          a: "Classifier: License :: OSI Approved :: BSD License\n",
          b: "License: BSD-2-Clause\nClassifier: License :: OSI Approved :: BSD License\n",
          c: "License: whatever\nClassifier: License :: OSI Approved :: MIT License\n",
          d: "License-Expression: MIT OR Apache-2.0\nClassifier: License :: OSI Approved :: BSD License\n",
        }).map(([name, lines]) => [`site-packages/${name}.egg-info`, file(`Name: ${name}\nVersion: 1\n${lines}`)]),
      ),
      want: [
        "pkg:pypi/a@1 LicenseRef-BSD-License-a9d12a80 []",
        "pkg:pypi/b@1 BSD-2-Clause []",
        "pkg:pypi/c@1 MIT []",
        "pkg:pypi/d@1 MIT OR Apache-2.0 []",
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
        "pkg:deb/ubuntu/libc6@2.39-0ubuntu8?arch=amd64&distro=ubuntu-24.04 LicenseRef-copyright-2897ea24 [usr/lib/libc.so.6 usr/share/doc/libc6/copyright]",
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
        "usr/share/doc/b/copyright": file(
          "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: Apache-2.0\n",
        ),
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
