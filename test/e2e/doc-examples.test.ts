/** Examples of README and guide that take longer, or need root and a runtime; `npm run check:docs` runs the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { docExamples, runExample } from "../../scripts/doc-examples.ts";

const examples = ["README.md", "docs/guide.md"].flatMap(docExamples).filter(({ run }) => run?.when === "e2e");

for (const example of examples)
  test(`D: the example at ${example.place} works`, async () => {
    assert.equal(await runExample(example), undefined);
  });

test("D: documents have examples to run", () => {
  assert.ok(examples.length > 0);
});
