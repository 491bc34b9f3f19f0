/** What package managers leave in an image, read from a tree as a whole. */
import { readInventory } from "../../../src/sbom/index.ts";
import { parseOsRelease } from "../../../src/facts/os-release.ts";
import { parseAccounts, parseGroups } from "../../../src/facts/index.ts";
import { copyrightLicences } from "../../../src/sbom/copyright.ts";
import { parseExpression } from "../../../src/sbom/licence-expression.ts";
import { personOf } from "../../../src/sbom/person.ts";
import { memoryTree } from "../../support/memory-tree.ts";
import { jsonLike, textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const NPM = {
  name: "@scope/a",
  version: "1.0.0",
  license: { type: "MIT" },
  licenses: [{ type: "MIT" }],
  author: { name: "x" },
  homepage: "https://x",
  dependencies: { b: "^1" },
  optionalDependencies: {},
};
const COMPOSER = { packages: [{ name: "a/b", version: "v1", license: ["MIT"], require: { php: ">=8" } }], dev: true };
const DOTNET = {
  libraries: { "A/1.0": { type: "package", path: "a/1.0", sha512: "x" } },
  targets: { net8: { "A/1.0": { dependencies: {} } } },
};
const LINES = [
  "Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.0-1\nMaintainer: X <x@y>\nDepends: b (>= 1) | c\n\n",
  "Package: ../../x\nVersion: 1\n\n",
  "Source: s (2)\nDescription: d\n e\n",
  "P:a\nV:1-r0\nA:x86_64\nL:MIT AND (GPL-2.0 OR x)\nF:etc\nR:passwd\nR:../x\nZ:Q1\no:a\n\n",
  "Metadata-Version: 2.1\nName: a\nVersion: 1\nLicense: MIT\nClassifier: License :: OSI Approved :: MIT License\nRequires-Dist: b (>1) ; extra == 'x'\n\nbody\n",
  'Gem::Specification.new do |s|\n  s.name = "a".freeze\n  s.version = "1"\n  s.licenses = ["MIT".freeze]\nend\n',
  "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: x\nLicense: GPL-2+ and (MIT or BSD-3-clause)\n text\n\n",
  "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='a\\'\n",
  "root:x:0:0:root:/root:/bin/sh\n",
  "a:x:-1:99999999999:::\n",
  "/usr/bin/a\n/../etc\n",
  "((((((((",
  " AND ",
  " OR ",
  "GPL-2.0-only WITH Classpath-exception-2.0",
  "X <x@y.z> (https://w)",
  "<",
  "(",
  ")",
  '"',
  "\\",
  "\n",
  " ",
  "\0",
  "é",
] as const;
const PLACES = [
  "var/lib/dpkg/status",
  "var/lib/dpkg/status.d/a",
  "var/lib/dpkg/info/a.list",
  "usr/share/doc/a/copyright",
  "lib/apk/db/installed",
  "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
  "usr/lib/python3/dist-packages/a-1.dist-info/RECORD",
  "usr/lib/ruby/gems/3.0.0/specifications/a-1.gemspec",
  "app/node_modules/a/package.json",
  "app/vendor/composer/installed.json",
  "app/a.deps.json",
  "app/a.jar",
  "etc/os-release",
  "etc/passwd",
  "var/lib/chisel/manifest.wall",
] as const;

export const RECORDS: Target = {
  name: "records",
  generate: (random) => (random.chance(0.35) ? jsonLike(random, random.pick<unknown>([NPM, COMPOSER, DOTNET])) : textOf(random, LINES, 12)),
  async check(input, { random }) {
    const text = input.toString("utf8");
    const latin = input.toString("latin1");
    await each(
      () => parseOsRelease(text),
      () => parseAccounts(text),
      () => parseGroups(text),
      () => parseExpression(text),
      () => personOf(text),
      () => copyrightLicences(text, new Map()),
      async () => {
        if (random.below(4) > 0) return;
        const places = PLACES.filter(() => random.chance(0.5));
        await readInventory(memoryTree(Object.fromEntries(places.map((place) => [place, `file 644 0:0 ${latin}`]))), {
          platform: { os: "linux", architecture: "amd64" },
        });
      },
    );
  },
};
