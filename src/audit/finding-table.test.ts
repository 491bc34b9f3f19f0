import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FINDING_KINDS } from "./finding-table.ts";

test("docs/audit.md has a heading for each kind of finding, and no other", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/audit.md"), "utf8");
  const headings = [...page.matchAll(/^### (.*)$/gm)].map((match) => match[1] ?? "");
  assert.deepEqual(headings.toSorted(), FINDING_KINDS.map(({ id }) => id).toSorted());
});

test("ids of findings are unique and in kebab case", () => {
  const ids = FINDING_KINDS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    ids.filter((id) => !/^[a-z]+(?:-[a-z]+)*$/.test(id)),
    [],
  );
});
