import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as v from "valibot";
import { readToml, tomlLine } from "./toml.ts";

const TEXT = `a = 1
[[registry]]
location = "a.b"
[[registry]] # the second
location = "c.d"
  [[registry.mirror]]
  location = "e.f"
  [[registry.mirror]]
  location = "g.h"
  insecure = true
[host."https://mirror:5000"]
  capabilities = ["pull"]
[host."https://mirror:5000".header]
  x = "y"
b.c = 2
`;

describe("F.3: tomlLine()", () => {
  for (const [path, line] of [
    [["a"], 1],
    [["registry", 0, "location"], 3],
    [["registry", 1, "location"], 5],
    [["registry", 1, "mirror", 0, "location"], 7],
    [["registry", 1, "mirror", 1, "insecure"], 10],
    [["registry", 1, "mirror", 1, "location", "more"], 9],
    [["registry", 1, "gone"], 4],
    [["host", "https://mirror:5000", "capabilities", 0], 12],
    [["host", "https://mirror:5000", "header", "b", "c"], 15],
    [["gone"], undefined],
  ] as const) {
    it(`finds ${path.join(".")}`, () => assert.equal(tomlLine(TEXT, path), line));
  }
});

describe("F.3: readToml()", () => {
  const schema = v.object({ a: v.number(), b: v.optional(v.array(v.object({ c: v.string() }))) });
  for (const [name, text, want] of [
    ["what fits", "a = 1", { value: { a: 1 } }],
    ["what is no TOML", "a = 1\nb = [", { problem: "it is no TOML", line: 2 }],
    ["what is wrong", 'a = 1\n[[b]]\nc = "x"\n[[b]]\nc = 2', { problem: '"b.1.c" is not right: wanted a text', line: 5 }],
    ["what is missing", "", { problem: '"a" is missing', line: undefined }],
  ] as const) {
    it(`reads ${name}`, async () => assert.deepEqual(await readToml(text, schema), want));
  }
});
