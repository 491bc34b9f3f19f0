/** A tree is a stranger's: whatever its records hold, the inventory is read to its end, and its documents are valid. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { memoryTree } from "../../test/support/memory-tree.ts";
import { assertCycloneDx, assertSpdx } from "../../test/support/validate-sbom.ts";
import { zipFile } from "../../test/support/zip-file.ts";
import { treePath } from "../paths.ts";
import { zipBytes } from "../tree/index.ts";
import { copyrightLicences } from "./copyright.ts";
import { cycloneDxDocument } from "./cyclonedx.ts";
import { findGoInfo } from "./go-info.ts";
import { jarPackages } from "./jar.ts";
import { parseExpression } from "./licence-expression.ts";
import { readInventory } from "./read-inventory.ts";
import { spdxDocument } from "./spdx.ts";

const platform = { os: "linux", architecture: "amd64" };
const words = fc.constantFrom(
  "Package: a",
  "Version: 1:2~3+4",
  "Version:",
  "Architecture: x/y",
  "Source: (",
  "Source: b (3)",
  "Depends: c (>= 1), |",
  "Status: x y z",
  "Maintainer: <>",
  'Maintainer: "A" <b>',
  "",
  " folded",
  "\u0000",
  "Homepage: javascript:x",
  "Description: \ud800",
  "P:a",
  "V:1",
  "F:../..",
  "R:x",
  "D:!a b>1",
  "L:(MIT",
  "Name: n",
  "License: GPL-9+ with x",
  "Files: *",
  "Format: copyright-format",
  "License: a, and b, or",
  "0".repeat(32) + "  ../../x",
  "ID=debian",
  'VERSION_ID="',
  '{"name":"a","version":"1"',
  '"dependencies":{"__proto__":"1"}}',
  "../../../../etc/passwd,,",
  "# stub: a 1 ruby lib",
  "# stub: .. 1 ../../x lib",
  's.name = "a".freeze',
  "s.version = '1'",
  's.licenses = ["(MIT", %q<x>]',
  "s.add_runtime_dependency(%q<b>)",
  "Classifier: License :: ",
);
const text = fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }).map((lines) => lines.join("\n"));
const json = fc.json().map((value) => `{"name":"a","version":"1","license":${value},"dependencies":${value},"homepage":${value}}`);
const path = fc.constantFrom("..", "../..", "../a/b", "/", "", "../../../../x", "\u0000", "a/../..");
const composer = fc.tuple(fc.json(), path).map(([value, place]) => {
  const one = { name: "a/b", version: "1", license: ["MIT", "x"], "install-path": place, require: { "__proto__/x": "1", "a/b": "1" } };
  return `{"packages":[${JSON.stringify(one)},${value},${JSON.stringify(one)}]}`;
});
const dotnet = fc
  .tuple(fc.json(), path)
  .map(
    ([value, place]) =>
      `{"targets":{"t":{"A/1":{"runtime":{${JSON.stringify(place)}:{}},"resources":{${JSON.stringify(place)}:{}},"dependencies":${value}}}},"libraries":{"A/1":{"type":"package"},"B/2":{"type":"project"},"constructor/1":{"type":"runtimepack"}}}`,
  );
const FILES = [
  "x/specifications/a-1.gemspec",
  "x/gems/a-1/lib",
  "x/vendor/composer/installed.json",
  "x/vendor/a/b/c.php",
  "x/a.deps.json",
  "etc/os-release",
  "var/lib/dpkg/status",
  "var/lib/dpkg/status.d/a",
  "var/lib/dpkg/status.d/a.md5sums",
  "var/lib/dpkg/info/a.list",
  "usr/share/doc/a/copyright",
  "lib/apk/db/installed",
  "var/lib/chisel/manifest.wall",
  "x/node_modules/a/package.json",
  "x/a.dist-info/METADATA",
  "x/a.dist-info/RECORD",
  "x/a.egg-info",
  "x/a.jar",
];

describe("readInventory()", () => {
  it("reads any tree to its end, and its documents are valid", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...FILES), fc.oneof(text, json, composer, dotnet)), async (files) => {
        const tree = memoryTree(Object.fromEntries(Object.entries(files).map(([path, content]) => [path, `file 644 0:0 ${content}`])));
        const inventory = await readInventory(tree, { platform });
        const options = { subject: { name: "x", kind: "image", platform, created: "now" } } as const;
        assertSpdx(JSON.parse(JSON.stringify(spdxDocument(inventory, options))));
        assertCycloneDx(JSON.parse(JSON.stringify(cycloneDxDocument(inventory, options))));
        for (const { files: own } of inventory.packages) for (const path of own) assert.notEqual(tree.lookup(path), undefined);
      }),
      { numRuns: 300 },
    );
  });
});

it("copyrightLicences() gives parts of expressions for any text", () => {
  fc.assert(
    fc.property(text, (given) => {
      const texts = new Map<string, string>();
      for (const licence of copyrightLicences(`Format: copyright-format\n${given}`, texts)) {
        const plain = licence.replace(/LicenseRef-[A-Za-z0-9.-]+/g, (ref) => (texts.has(ref) ? "MIT" : "?"));
        assert.ok(plain.length > 1000 || parseExpression(plain) !== undefined, licence);
      }
    }),
  );
});

it("jarPackages() stops at an archive that names one member many times", async () => {
  const bomb = zipFile({ "00000.jar": zipFile({ "META-INF/MANIFEST.MF": Buffer.alloc(200_000, " ") }) });
  const [first = "", ...rest] = bomb.toString("latin1").split("PK\u0001\u0002");
  const [directory = "", end = ""] = rest.join("").split("PK\u0005\u0006");
  const names = Array.from({ length: 20_000 }, (_, at) => `PK\u0001\u0002${directory.replace("00000", String(at).padStart(5, "0"))}`).join(
    "",
  );
  const tail = Buffer.from(end, "latin1");
  tail.writeUInt32LE(names.length, 8);
  const bytes = Buffer.from(`${first}${names}PK\u0005\u0006${tail.toString("latin1")}`, "latin1");
  assert.deepEqual((await jarPackages(zipBytes(bytes), treePath("a.jar")))?.isComplete, false);
});

it("jarPackages() and findGoInfo() end for any bytes", async () => {
  const start = fc.constantFrom(Buffer.from("PK\u0005\u0006"), Buffer.from("\xff Go buildinf:\x08\x02", "latin1"), Buffer.alloc(0));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(start, fc.uint8Array({ maxLength: 80 })), { maxLength: 6 }), async (parts) => {
      const bytes = Buffer.concat(parts.flat());
      await jarPackages(zipBytes(bytes), treePath("a.jar"));
      findGoInfo(bytes);
    }),
    { numRuns: 2000 },
  );
});
