import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { copyrightLicences } from "./copyright.ts";
import { type LicenceTexts, licenceField, parseExpression } from "./licence-expression.ts";
import { SPDX_IDS } from "./spdx-ids.ts";

const FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";
const field = (licence: string): string => `${FORMAT}\nFiles: *\nCopyright: me\nLicense: ${licence}\n`;

const COPYRIGHTS: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
  {
    name: "GNU names",
    text: `${field("GPL-2+")}\n${field("LGPL-2.1")}\n${field("GPLv3+")}`,
    want: ["GPL-2.0-or-later", "LGPL-2.1-only", "GPL-3.0-or-later"],
  },
  { name: "a documentation licence without invariants", text: field("GFDL-NIV-1.3+"), want: ["GFDL-1.3-no-invariants-or-later"] },
  {
    name: "names that SPDX spells otherwise",
    text: `${field("Expat")}\n${field("bsd-3-clause")}\n${field("Zlib")}`,
    want: ["MIT", "BSD-3-Clause", "Zlib"],
  },
  { name: "alternatives", text: field("GPL-1+ or Artistic"), want: ["GPL-1.0-or-later OR Artistic-1.0-Perl"] },
  { name: "a comma as the weakest binding", text: field("GPL-2+ or Expat, and ISC"), want: ["(GPL-2.0-or-later OR MIT) AND ISC"] },
  { name: "exceptions", text: field("GPL-3+ with Bison exception"), want: ["GPL-3.0-or-later WITH Bison-exception-2.2"] },
  { name: "each licence once", text: `${field("MIT")}\n${field("MIT")}`, want: ["MIT"] },
  {
    name: "an unknown name as a reference to its text",
    text: `${field("public-domain")}\nLicense: public-domain\n Do what you want.\n .\n Really.\n`,
    want: ["LicenseRef-public-domain-d0c9a3a8: Do what you want.\n\nReally."],
  },
  { name: "not a text that nothing uses", text: `${field("Expat")}\nLicense: Apache-2.0\n A text.\n`, want: ["MIT"] },
  {
    name: "an unknown exception as a reference",
    text: `${field("GPL-2 with Odd exception")}`,
    want: ["LicenseRef-GPL-2-with-Odd-exception-a31b9192: GPL-2 with Odd exception"],
  },
  {
    name: "a text in place of a name",
    text: field("\n Permission is granted."),
    want: ["LicenseRef-Permission-is-granted-9f07cc33: Permission is granted."],
  },
  {
    name: "A7: a file that no machine reads as its text, whatever licences it mentions",
    text: "It is free. Parts are under `/usr/share/common-licenses/GPL-2', or any later version.",
    want: ["LicenseRef-copyright-50f021d7: It is free. Parts are under `/usr/share/common-licenses/GPL-2', or any later version."],
  },
  {
    name: "A7: a machine-readable file without a licence as its text",
    text: `${FORMAT}\nUpstream-Name: x\n`,
    want: [`LicenseRef-copyright-81e91c1a: ${FORMAT}\nUpstream-Name: x\n`],
  },
  { name: "nothing in an empty file", text: " \n", want: [] },
];

describe("copyrightLicences() reads", () => {
  for (const { name, text, want } of COPYRIGHTS) {
    it(name, () => {
      const texts: LicenceTexts = new Map();
      const found = copyrightLicences(text, texts).map((licence) => (texts.has(licence) ? `${licence}: ${texts.get(licence)}` : licence));
      assert.deepEqual(found, want);
    });
  }
});

describe("parseExpression()", () => {
  const rows: readonly (readonly [text: string, want: string | undefined])[] = [
    ["mit", "MIT"],
    ["(MIT OR Apache-2.0)", "MIT OR Apache-2.0"],
    ["MIT and (bsd-3-clause or ISC)", "MIT AND (BSD-3-Clause OR ISC)"],
    ["(MIT) AND (ISC)", "MIT AND ISC"],
    ["GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"],
    ["LGPL-2.1+", "LGPL-2.1+"],
    ["SEE LICENSE IN LICENSE.md", undefined],
    ["UNLICENSED", undefined],
    ["MIT OR", undefined],
    ["(MIT", undefined],
    ["MIT WITH MIT", undefined],
    ["Classpath-exception-2.0", undefined],
    ["MIT, ISC", undefined],
    ["", undefined],
  ];
  for (const [text, want] of rows) it(`gives ${want} for "${text}"`, () => assert.equal(parseExpression(text), want));
});

it("licenceField() keeps what is no expression as a reference", () => {
  const texts: LicenceTexts = new Map();
  assert.deepEqual(licenceField(" SEE LICENSE IN x ", texts), ["LicenseRef-SEE-LICENSE-IN-x-5cd0a628"]);
  assert.deepEqual([...texts], [["LicenseRef-SEE-LICENSE-IN-x-5cd0a628", "SEE LICENSE IN x"]]);
  assert.deepEqual(licenceField("  ", texts), []);
});

it("SPDX_IDS is the list that CycloneDX checks licences against", () => {
  const file = createRequire(import.meta.url)
    .resolve("@cyclonedx/cyclonedx-library/package.json")
    .replace("package.json", "res/schema/spdx.SNAPSHOT.schema.json");
  const schema: unknown = JSON.parse(readFileSync(file, "utf8"));
  assert.ok(typeof schema === "object" && schema !== null && "enum" in schema);
  assert.deepEqual(SPDX_IDS, schema.enum);
});
