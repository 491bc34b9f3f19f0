import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../../test/support/property.ts";
import { isWithin, type TreePath } from "../../paths.ts";
import { createPathMap } from "./path-map.ts";

const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/") as TreePath);

test("createPathMap() is a map that can lose a directory", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom("set", "set", "set", "delete", "deleteBelow"), path), { maxLength: 30 }), (calls) => {
      const map = createPathMap<{ readonly number: number }>();
      const plain = new Map<TreePath, { readonly number: number }>();
      for (const [number, [call, at]] of calls.entries()) {
        const below = [...plain].filter(([one]) => one !== at && isWithin(one, at));
        if (call === "set") map.set(at, { number });
        if (call === "set") plain.set(at, { number });
        if (call === "delete") map.delete(at);
        if (call === "delete") plain.delete(at);
        if (call === "deleteBelow") {
          const numbers = (values: readonly { readonly number: number }[]): number[] =>
            values.map((one) => one.number).toSorted((a, b) => a - b);
          assert.deepEqual(numbers(map.deleteBelow(at)), numbers(below.map(([, value]) => value)));
          for (const [one] of below) plain.delete(one);
        }
        assert.deepEqual(map.get(at), plain.get(at));
      }
      const sorted = (entries: Iterable<[TreePath, object]>): [TreePath, object][] => [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual(sorted(map.entries()), sorted(plain));
    }),
  );
});
