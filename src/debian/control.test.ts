import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isDecantError } from "../errors.ts";
import { parseRelations, parseStanza, parseStanzas, scanPackages } from "./control.ts";

async function* chunked(text: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

describe("parseStanzas()", () => {
  const rows = [
    { name: "reads fields with any case of name", text: "Package: a\nVERSION: 1", want: [{ package: "a", version: "1" }] },
    { name: "joins folded lines", text: "SHA256:\n aa 1 x\n bb 2 y", want: [{ sha256: "\naa 1 x\nbb 2 y" }] },
    { name: "splits at empty lines, however many", text: "\nA: 1\n\n\n \nB: 2\n", want: [{ a: "1" }, { b: "2" }] },
    { name: "passes over comments and carriage returns", text: "# no\r\nA: 1\r\n", want: [{ a: "1" }] },
  ];
  for (const row of rows) {
    it(row.name, () => {
      assert.deepEqual(
        parseStanzas(row.text, "t").map((stanza) => Object.fromEntries(stanza)),
        row.want,
      );
    });
  }
  const faults = [
    { name: "refuses a line without colon", text: "A: 1\nno", want: 'Cannot use "t": line 2 is not a field; wanted "Name: value"' },
    { name: "refuses a continuation of nothing", text: " x", want: 'Cannot use "t": line 1 continues a field, but no field is open' },
    { name: "refuses a field given twice", text: "A: 1\na: 2", want: 'Cannot use "t": line 2 gives the field a a second time' },
  ];
  for (const row of faults) {
    it(row.name, () => {
      assert.throws(
        () => parseStanza(row.text, "t"),
        (error) => isDecantError(error, "DEBIAN_ARCHIVE") && error.message === row.want,
      );
    });
  }
});

describe("scanPackages()", () => {
  const text = "Package: a\nVersion: 1\n\nPackage: ab\nVersion: 2\n\n\nVersion: 3\nPackage: b\nX: ü\n\nPackage: a\nVersion: 4";

  it("finds the wanted paragraphs whatever the chunks are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 80 }), async (size) => {
        const found = await Array.fromAsync(scanPackages(chunked(text, size), new Set(["a", "b"]), "t"));
        assert.deepEqual(
          found.map((stanza) => stanza.get("version")),
          ["1", "3", "4"],
        );
        assert.equal(found[1]?.get("x"), "ü");
      }),
      { numRuns: 30 },
    );
  });

  it("refuses a paragraph without end", async () => {
    const endless = chunked("x".repeat(5 * 1024 * 1024), 1024 * 1024);
    await assert.rejects(Array.fromAsync(scanPackages(endless, new Set(), "t")), { code: "DEBIAN_ARCHIVE" });
  });
});

describe("parseRelations()", () => {
  const rows = [
    { text: "", want: [] },
    {
      text: "libc6 (>= 2.34), awk | mawk",
      want: [[{ name: "libc6", version: { operator: ">=", version: "2.34" } }], [{ name: "awk" }, { name: "mawk" }]],
    },
    { text: "python3:any(<<3.12)", want: [[{ name: "python3", qualifier: "any", version: { operator: "<<", version: "3.12" } }]] },
    {
      text: "a [amd64 !i386] <!nocheck stage1> <cross>,",
      want: [[{ name: "a", architectures: ["amd64", "!i386"], profiles: [["!nocheck", "stage1"], ["cross"]] }]],
    },
    { text: "a (< 1)", want: [[{ name: "a", version: { operator: "<=", version: "1" } }]] },
  ];
  for (const row of rows) {
    it(`reads "${row.text}"`, () => {
      assert.deepEqual(parseRelations(row.text, "t"), row.want);
    });
  }
  it("refuses what is no dependency", () => {
    assert.throws(() => parseRelations("a (1.0)", "t"), { code: "DEBIAN_ARCHIVE" });
  });
});
