import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type FakeKey, type FakePackage, makeKey, serveFiles } from "../../test/support/archive.ts";
import { suiteFiles } from "../../test/support/archive-suite.ts";
import { date, openWorld, type World } from "../../test/support/base-world.ts";
import { loadRecipe } from "./catalogue.ts";
import { recipeDigest } from "./recipe-digest.ts";
import type { Recipe } from "./recipe.ts";
import { lockRecipe } from "./resolve-base.ts";

const VENDOR: readonly FakePackage[] = [{ name: "temurin", fields: { Depends: "base-files" } }];

describe("a recipe with sources of its own", () => {
  let key: FakeKey;
  let vendor: FakeKey;
  before(async () => {
    [key, vendor] = [await makeKey(), await makeKey("vendor")];
  });

  async function recipeOf(w: World, url: string, keyring: string | undefined): Promise<Recipe> {
    const path = join(w.folder, "mine.yaml");
    await writeFile(join(w.folder, "vendor.asc"), vendor.privateKey.toPublic().armor());
    const source = `{ uri: "${url}", suite: vendor${keyring === undefined ? "" : `, keyring: ${keyring}`} }`;
    await writeFile(path, `name: mine\nsuite: bookworm\narchitectures: [amd64]\npackages: [temurin]\nsources: [${source}]\n`);
    return await loadRecipe(path);
  }

  it("takes packages of a vendor by the vendor's keys, with what they need of Debian", async () => {
    await using w = await openWorld(key);
    await using server = await serveFiles(await suiteFiles({ suite: "vendor", packages: VENDOR, key: vendor, date }));
    const recipe = await recipeOf(w, server.url, "vendor.asc");
    const locked = (await lockRecipe(w.store, recipe, w.access)).architectures["amd64"];
    assert.deepEqual(
      locked?.packages.map((one) => `${one.name} ${one.suite}`),
      ["temurin vendor", "base-files bookworm"],
    );
    assert.deepEqual(
      locked?.releases.map((one) => one.signers.map((signer) => signer.userId).join()),
      ["test <test@example.org>", "vendor <vendor@example.org>"],
    );
  });

  it("does not trust a vendor by the keys of Debian", async () => {
    await using w = await openWorld(key);
    await using server = await serveFiles(await suiteFiles({ suite: "vendor", packages: VENDOR, key: vendor, date }));
    const recipe = await recipeOf(w, server.url, undefined);
    await assert.rejects(lockRecipe(w.store, recipe, w.access), { code: "DEBIAN_SIGNATURE", message: /is not in the keyring/ });
  });

  it("is another recipe with other keys, wherever they are", async () => {
    await using w = await openWorld(key);
    const before = recipeDigest(await recipeOf(w, "http://vendor", "vendor.asc"));
    await writeFile(join(w.folder, "copy.asc"), vendor.privateKey.toPublic().armor());
    assert.equal(recipeDigest(await recipeOf(w, "http://vendor", "copy.asc")), before);
    await writeFile(join(w.folder, "other.asc"), key.privateKey.toPublic().armor());
    assert.notEqual(recipeDigest(await recipeOf(w, "http://vendor", "other.asc")), before);
  });

  it("finds its keys in its own folder only", async () => {
    await using w = await openWorld(key);
    await assert.rejects(recipeOf(w, "http://vendor", "../vendor.asc"), { code: "RECIPE", message: /a path below the recipe's folder/ });
    await assert.rejects(recipeOf(w, "http://vendor", "none.asc"), { code: "RECIPE", message: /there is no file "none.asc" beside it/ });
  });
});
