import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { join } from "node:path";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { it } from "node:test";
import { parseDigest } from "../../digest.ts";
import { createHashedFiles } from "./hashed-files.ts";

const digestOf = (number: number): ReturnType<typeof parseDigest> => parseDigest(`sha256:${number.toString(16).padStart(64, "0")}`);

for (const inFile of [false, true])
  it(`X7: createHashedFiles() gives what was added, in any order${inFile ? ", out of a file, too" : ""}`, async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-hashed-"));
    const files = createHashedFiles();
    const count = 75_000;
    for (let number = 0; number < count; number += 1) {
      if (inFile && files.isLarge) files.spillTo(openSync(join(folder.path, "file"), "wx+"));
      // Also while it grows.
      if (number % 1000 === 1) assert.equal(files.at(number - 1), digestOf(number - 1));
      if (number % 1000 === 2) assert.equal(files.at(Math.floor(number / 2)), digestOf(Math.floor(number / 2)));
      files.add(digestOf(number));
    }
    assert.equal(files.isLarge, !inFile);
    for (const order of [Array.from({ length: count }, (_, number) => number), [count - 1, 0, 70_000, 66_000, 65_536, 65_535, 74_000]])
      for (const number of order) assert.equal(files.at(number), digestOf(number));
    assert.equal(files.at(count), undefined);
  });
