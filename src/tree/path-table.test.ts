/** Names as packed nodes, against plain paths in a Set. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { compareTreePaths, parentOf, ROOT, treePath, type TreePath } from "../paths.ts";
import { ROOT_NODE } from "./path-nodes.ts";
import { createPathTable, type PathTable } from "./path-table.ts";

const anyPath = fc
  .array(fc.constantFrom("a", "b", "a!", "\xff", "long name"), { minLength: 1, maxLength: 4 })
  .map((parts) => treePath(parts.join("/")));
const anyEdits = fc.array(fc.record({ path: anyPath, edit: fc.constantFrom("make", "make", "empty", "look") }), { maxLength: 60 });

function listed(table: PathTable): TreePath[] {
  const paths: TreePath[] = [];
  const visit = (node: number): void => {
    for (const child of table.children(node)) {
      paths.push(table.path(child));
      visit(child);
    }
  };
  visit(ROOT_NODE);
  return paths;
}

test("createPathTable() finds, lists and takes away as a set of paths does", () => {
  fc.assert(
    fc.property(anyEdits, (edits) => {
      const table = createPathTable(1);
      const paths = new Set<TreePath>();
      for (const [number, { path, edit }] of edits.entries()) {
        const node = table.find(path);
        assert.equal(node === undefined ? undefined : table.path(node), paths.has(path) ? path : undefined);
        if (edit === "make") {
          table.set(table.make(path), 0, number + 1);
          for (let at = path; at !== ROOT; at = parentOf(at)) paths.add(at);
        } else if (edit === "empty" && node !== undefined) {
          const gone: TreePath[] = [];
          table.empty(node, (one) => void gone.push(table.path(one)));
          const below = [...paths].filter((one) => one.startsWith(`${path}/`));
          assert.deepEqual(gone.sort(compareTreePaths), below.sort(compareTreePaths));
          for (const one of below) paths.delete(one);
        }
      }
      assert.deepEqual(listed(table), [...paths].sort(compareTreePaths));
    }),
  );
});

test("createPathTable() knows what was taken away, and keeps its path", () => {
  const table = createPathTable(1);
  const node = table.make(treePath("a/b/c"));
  table.empty(table.make(treePath("a")));
  const again = table.make(treePath("a/b/c"));
  assert.deepEqual(
    [table.path(node), table.isInPlace(node), table.isAttached(node), table.isAttached(again), table.get(again, 0)],
    ["a/b/c", true, false, true, 0],
  );
});
