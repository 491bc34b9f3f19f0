/** What the names and attributes of an index may cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { createIndexBuilder } from "./index-builder.ts";
import { NO_DATA } from "./index-format.ts";
import { entry } from "./testdata/support.ts";
import type { Entry } from "./types.ts";

interface Row {
  readonly name: string;
  readonly make: (number: number) => Entry;
}

const MEGABYTE = Buffer.alloc(1024 * 1024, 1);

const rows: readonly Row[] = [
  { name: "attributes", make: (number) => entry(`f${number}`, "file", { xattrs: new Map([["user.a", MEGABYTE]]) }) },
  { name: "names", make: (number) => entry(`${`${"n".repeat(199)}/`.repeat(20)}${number}`, "file") },
  { name: "targets", make: (number) => entry(`l${number}`, "symlink", { link: "t".repeat(4000) }) },
];

for (const { name, make } of rows) {
  test(`X6: createIndexBuilder() refuses more ${name} than an index may hold`, () => {
    const builder = createIndexBuilder();
    assert.throws(
      () => {
        for (let number = 0; number < 40_000; number += 1) builder.add(make(number), NO_DATA);
      },
      (error) => isDecantError(error, "LIMIT") && /Cannot list the files of a layer: .* more than \d+ bytes/.test(error.message),
    );
    assert.ok(builder.count > 50 && builder.count < 20_000, String(builder.count));
  });
}
