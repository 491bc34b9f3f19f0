import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { catalogueFolder, loadRecipe } from "./catalogue.ts";
import { withVariant } from "./join-recipes.ts";

describe("loadRecipe()", () => {
  for (const path of globSync("*.yaml", { cwd: catalogueFolder() }).toSorted()) {
    const name = basename(path, ".yaml");
    it(`loads ${name} of the catalogue`, async () => {
      assert.equal((await loadRecipe(name)).name, name);
    });
  }

  it("has the packages of Google's nodejs image, and its accounts and configuration", async () => {
    const recipe = await loadRecipe("nodejs18-debian12");
    assert.deepEqual(
      recipe.levels.map((level) => level.packages.join(" ")),
      ["base-files netbase tzdata media-types", "libc6", "libssl3", "libgomp1 libstdc++6 libgcc-s1 gcc-12-base"],
    );
    assert.deepEqual(recipe.entrypoint, ["/nodejs/bin/node"]);
    assert.deepEqual(recipe.env, {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt",
    });
    assert.deepEqual([recipe.user, recipe.workdir], ["0", "/"]);
    const nonroot = withVariant(recipe, "nonroot");
    assert.deepEqual([nonroot.user, nonroot.workdir, nonroot.entrypoint], ["65532", "/home/nonroot", ["/nodejs/bin/node"]]);
  });

  it("loads a file that extends the catalogue or its neighbour", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-recipe-"));
    await writeFile(
      join(dir.path, "mine.yaml"),
      "name: mine\nextends: static-debian12\nusers: [{ name: app, uid: 1000, gid: 1000, home: /app }]\n",
    );
    await writeFile(join(dir.path, "top.yaml"), "name: top\nextends: mine\npackages: [libc6]\n");
    const recipe = await loadRecipe(join(dir.path, "top.yaml"));
    assert.deepEqual(
      recipe.levels.map((level) => level.name),
      ["static-debian12", "top"],
    );
    assert.deepEqual(
      recipe.users.map((user) => user.name),
      ["root", "nobody", "nonroot", "app"],
    );
  });

  const faults = [
    {
      name: "extends itself",
      files: { "a.yaml": "name: a\nextends: b\n", "b.yaml": "name: b\nextends: a\n" },
      want: /it extends itself: a → b → a/,
    },
    { name: "extends what is not there", files: { "a.yaml": "name: a\nextends: nowhere\n" }, want: /there is no file ".*nowhere.yaml"/ },
    { name: "has no suite", files: { "a.yaml": "name: a\n" }, want: /it names no suite/ },
    {
      name: "has two suites",
      files: { "a.yaml": "name: a\nsuite: trixie\nextends: static-debian12\n" },
      want: /different suites: bookworm, trixie/,
    },
    {
      name: "has a package twice",
      files: { "a.yaml": "name: a\nextends: static-debian12\npackages: [tzdata]\n" },
      want: /it has the package "tzdata" twice/,
    },
  ];
  for (const row of faults) {
    it(`refuses a recipe that ${row.name}`, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-recipe-"));
      for (const [name, text] of Object.entries(row.files)) await writeFile(join(dir.path, name), text);
      await assert.rejects(loadRecipe(join(dir.path, "a.yaml")), { code: "RECIPE", message: row.want });
    });
  }

  it("refuses a name that is a path", async () => {
    await assert.rejects(loadRecipe("../evil"), { code: "RECIPE", message: /neither a name of the catalogue nor a .yaml file/ });
  });
  it("refuses a variant that the recipe does not have", async () => {
    const recipe = await loadRecipe("static-debian12");
    assert.throws(() => withVariant(recipe, "constructor"), { code: "RECIPE", message: /no variant "constructor"; wanted one of nonroot/ });
  });
});
