import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdir, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { catalogueFolder, listRecipes, loadRecipe } from "./catalogue.ts";
import { withVariant } from "./join-recipes.ts";

describe("loadRecipe()", () => {
  for (const path of globSync("*.yaml", { cwd: catalogueFolder() }).toSorted()) {
    const name = basename(path, ".yaml");
    if (name === "common") continue;
    it(`loads ${name} of the catalogue, and all its variants`, async () => {
      const recipe = await loadRecipe(name);
      assert.equal(recipe.name, name);
      const variants = ["nonroot", "debug", "debug-nonroot"].map((variant) => withVariant(recipe, variant));
      assert.deepEqual(
        variants.map((variant) => [variant.user, variant.workdir, variant.busybox, variant.env["PATH"]?.endsWith(":/busybox")]),
        [
          ["65532", "/home/nonroot", undefined, false],
          ["0", "/", "busybox-static", true],
          ["65532", "/home/nonroot", "busybox-static", true],
        ],
      );
      // The debug variants of bases that run nothing start a shell.
      assert.deepEqual(variants[2]?.entrypoint, recipe.entrypoint ?? ["/busybox/sh"]);
    });
  }

  it("pins one version of each line of Node.js, for all architectures", async () => {
    const names = (await listRecipes()).filter((name) => name.startsWith("nodejs"));
    const nodes = Map.groupBy(await Promise.all(names.map((name) => loadRecipe(name))), (recipe) => recipe.name.replace(/-.*/, ""));
    assert.deepEqual([...nodes.keys()], ["nodejs18", "nodejs20", "nodejs22", "nodejs24", "nodejs26"]);
    for (const recipes of nodes.values()) {
      assert.equal(new Set(recipes.map((recipe) => JSON.stringify(recipe.node))).size, 1);
      assert.deepEqual(Object.keys(recipes[0]?.node?.packages ?? {}), recipes[0]?.architectures);
    }
  });

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
    {
      name: "extends what is not there",
      files: { "a.yaml": "name: a\nextends: nowhere\n" },
      want: /it extends "nowhere", which is not there/,
    },
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
  for (const [name, near] of [
    ["nodejs22-debian31", "nodejs22-debian13"],
    ["static", "static-debian13"],
    ["statik", "static-debian13"],
    ["java17", "java17-debian12"],
  ] as const)
    it(`A9: tells what ${name} may have meant`, async () => {
      await assert.rejects(loadRecipe(name), { code: "RECIPE", hint: `Did you mean "${near}"?` });
    });

  describe("files of the recipe's folder", () => {
    const folder = async (yaml: string): Promise<string> => {
      const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-recipe-")));
      await mkdir(join(dir.path, "in", "sub"), { recursive: true });
      await writeFile(join(dir.path, "in", "sub", "ca.pem"), "-----BEGIN CERTIFICATE-----\n");
      await writeFile(join(dir.path, "secret"), "s");
      await symlink("../secret", join(dir.path, "in", "out"));
      await symlink("sub/ca.pem", join(dir.path, "in", "alias"));
      await writeFile(join(dir.path, "in", "r.yaml"), `name: r\nextends: static-debian13\n${yaml}`);
      return join(dir.path, "in", "r.yaml");
    };
    const stack = new AsyncDisposableStack();
    after(() => stack.disposeAsync());

    it("are loaded: contents by digest, certificates as text", async () => {
      const path = await folder("files: [{ path: /a, source: alias }]\ncertificates: { add: [{ file: sub/ca.pem }] }\n");
      const { files, certificates } = await loadRecipe(path);
      assert.deepEqual(files.at(-1)?.content?.size, 28);
      assert.match(files.at(-1)?.content?.path ?? "", /\/in\/sub\/ca.pem$/);
      assert.deepEqual(certificates, { package: "ca-certificates", add: ["-----BEGIN CERTIFICATE-----\n"], java: false });
    });
    const rows = [
      { name: "a file that is not there", yaml: "files: [{ path: /a, source: gone }]\n", want: /there is no file "gone" beside it/ },
      {
        name: "a link that leads out",
        yaml: "files: [{ path: /a, source: out }]\n",
        want: /"out" cannot be read: no such file: it is a link to "[^"]+", and nothing is there/,
      },
      { name: "a path that leads out", yaml: "files: [{ path: /a, source: ../secret }]\n", want: /"files.0.source" is not right/ },
      { name: "a folder", yaml: "files: [{ path: /a, source: sub }]\n", want: /"sub" cannot be read: it is a directory/ },
      { name: "a certificate that is none", yaml: "certificates: { add: [{ file: r.yaml }] }\n", want: /"r.yaml" is not a certificate/ },
    ];
    for (const row of rows)
      it(`refuse ${row.name}`, async () => {
        await assert.rejects(loadRecipe(await folder(row.yaml)), { code: "RECIPE", message: row.want });
      });
  });

  it("refuses a variant that the recipe does not have", async () => {
    const recipe = await loadRecipe("static-debian12");
    assert.throws(() => withVariant(recipe, "constructor"), {
      code: "RECIPE",
      message: /no variant "constructor"; wanted one of nonroot, debug, debug-nonroot/,
    });
  });
});
