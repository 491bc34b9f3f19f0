import assert from "node:assert/strict";
import { test } from "node:test";
import * as v from "valibot";
import { shapeProblem } from "./shape-problem.ts";

const schema = v.strictObject({
  isOn: v.optional(v.boolean()),
  rules: v.array(v.strictObject({ action: v.picklist(["ALLOW", "DENY"], "wanted ALLOW or DENY") }), "wanted a list"),
});

for (const [what, data, want] of [
  ["a key that nobody knows", { rules: [{ action: "DENY", acton: 1 }] }, '"rules.0" has no key "acton"'],
  ["the same at the top", { rules: [], rule: [] }, 'it has no key "rule"'],
  ["a key that is missing", { rules: [{}] }, '"rules.0.action" is missing'],
  ["a value", { rules: [{ action: "DENNY" }] }, '"rules.0.action" is not right: wanted ALLOW or DENY'],
  ["a kind", { rules: 1 }, '"rules" is not right: wanted a list'],
  ["a kind without a message", { rules: [], isOn: "yes" }, '"isOn" is not right: wanted true or false'],
  ["everything", 1, "it is not right: wanted keys and values"],
] as const)
  test(`shapeProblem() speaks of ${what}, without words of the schema`, () => {
    const { issues } = v.safeParse(schema, data);
    assert.ok(issues !== undefined);
    assert.equal(shapeProblem(issues[0]), want);
  });
