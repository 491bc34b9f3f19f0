import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { packageFolder } from "./package-folder.ts";

describe("packageFolder()", () => {
  it("U11: takes what the package has, and nothing of a folder above it", () => {
    using root = mkdtempDisposableSync(join(tmpdir(), "decant-package-"));
    const inside = join(root.path, "decant");
    for (const folder of ["bin", "decant/dist", "decant/recipes"]) mkdirSync(join(root.path, folder), { recursive: true });
    for (const file of ["bin/decant", "decant/package.json", "decant/recipes/a.yaml"]) writeFileSync(join(root.path, file), "");
    assert.equal(packageFolder("recipes/a.yaml", join(inside, "dist")), inside);
    // As in the image of Decant, whose program is /usr/bin/decant beside the package in /decant.
    assert.equal(packageFolder("bin/decant", join(inside, "dist")), undefined);
  });

  it("finds this package from its sources", () => {
    assert.equal(packageFolder("bin/decant"), join(import.meta.dirname, ".."));
  });
});
