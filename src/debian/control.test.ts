import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { isDecantError } from "../errors.ts";
import { parseRelations, parseStanza, parseStanzas } from "./control.ts";
import { formatRelation } from "./explain.ts";

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
  it("reads back what formatRelation() writes", () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,8}$/);
    const version = fc.record(
      {
        operator: fc.constantFrom("<<" as const, "<=" as const, "=" as const, ">=" as const, ">>" as const),
        version: fc.stringMatching(/^[0-9][A-Za-z0-9.+~]{0,6}$/),
      },
      { noNullPrototype: true },
    );
    const relation = fc.record(
      { name, qualifier: fc.constantFrom("any", "native", "amd64"), version },
      { requiredKeys: ["name"], noNullPrototype: true },
    );
    const groups = fc.array(fc.array(relation, { minLength: 1, maxLength: 3 }), { maxLength: 4 });
    fc.assert(
      fc.property(groups, fc.constantFrom(", ", ",", " ,\n"), fc.constantFrom(" | ", "|"), (wanted, comma, bar) => {
        const text = wanted.map((group) => group.map(formatRelation).join(bar)).join(comma);
        assert.deepEqual(parseRelations(text, "t"), wanted);
      }),
    );
  });
  for (const text of ["a (1.0)", "a (>= 1", "a b", "(>= 1)", "a (=> 1)", "a [amd64"]) {
    it(`refuses "${text}"`, () => assert.throws(() => parseRelations(text, "t"), { code: "DEBIAN_ARCHIVE" }));
  }
});
