import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { type FakeKey, type FakePackage, makeKey } from "../../test/support/archive.ts";
import { date, DOCUMENTS, INTEGRITY, now, openWorld, PACKAGES, WITH_NODE } from "../../test/support/base-world.ts";
import { testNetwork } from "../../test/support/network.ts";
import { bytesOf } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import type { Network } from "../net/index.ts";
import { assembleBase } from "./assemble.ts";
import { loadRecipe } from "./catalogue.ts";
import { joinRecipes } from "./join-recipes.ts";
import { formatLock, type Lock, parseLock } from "./lock.ts";
import type { Recipe, RecipeDocument } from "./recipe.ts";
import { recipeDigest } from "./recipe-digest.ts";
import { lockRecipe } from "./resolve-base.ts";

const platform = { os: "linux", architecture: "amd64" };
const more: readonly FakePackage[] = [
  { name: "libone", fields: { Depends: "libtwo (>= 1), debconf | debconf-2.0, ca-certificates" } },
  { name: "libtwo", fields: { Source: "two (2.0-9)" } },
  { name: "strace" },
  { name: "locales", files: [{ path: "./usr/lib/locale/C", content: "c" }] },
];
const documents: readonly RecipeDocument[] = [
  ...DOCUMENTS.map((one) => ({ ...one, architectures: ["amd64"] })),
  {
    name: "mine",
    extends: "big",
    packages: ["libone"],
    ignore: ["debconf"],
    parts: [
      { package: "locales", keep: ["/usr/lib/locale/**"] },
      { package: "libtwo", keep: ["/x"] },
    ],
    variants: { debug: { packages: ["strace"], env: { A: "b" } }, "debug-nonroot": { join: ["debug", "nonroot"] } },
  },
];
const recipe = joinRecipes(documents);

describe("lockRecipe()", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey();
  });
  const shown = (lock: Lock): unknown =>
    lock.architectures["amd64"]?.packages.map((one) =>
      [one.name, one.version, one.sourceVersion, one.part === true ? "part" : undefined, one.variants?.join("+")]
        .filter((text) => text !== undefined)
        .join(" "),
    );

  it("holds the packages of all variants, what they need, and the releases that vouch for them", async () => {
    await using w = await openWorld(key, more);
    const lock = await lockRecipe(w.store, recipe, w.access);
    assert.deepEqual(shown(lock), [
      "base-files 1.0-1",
      "perl 1:5.36-1",
      "libone 1.0-1",
      "libtwo 1.0-1 2.0-9",
      "strace 1.0-1 debug+debug-nonroot",
      "ca-certificates 1.0-1 part",
      "locales 1.0-1 part",
    ]);
    assert.deepEqual([lock.recipe, lock.suite, lock.digest], ["mine", "bookworm", recipeDigest(recipe)]);
    const [release] = lock.architectures["amd64"]?.releases ?? [];
    assert.deepEqual(
      [release?.uri, release?.date, release?.signers[0]?.userId],
      [w.server.url, date.toISOString(), "test <test@example.org>"],
    );
    const text = formatLock(lock);
    assert.deepEqual(parseLock(text, "x"), lock);
    assert.match(text, /^ {8}\{"name":"base-files","version":"1.0-1",.*\},$/m);
  });

  it("A3, A8: meets the open needs of packages that a lower level took alone, unless they are ignored; in the versions that will do", async () => {
    const needy: readonly FakePackage[] = [
      { name: "libcrypto", fields: { Depends: "provider, printer, libtwo" } },
      { name: "provider" },
      { name: "printer" },
      { name: "program", fields: { Depends: "libcrypto" } },
    ];
    await using w = await openWorld(key, [...more, ...needy]);
    const lower: RecipeDocument = {
      name: "lower",
      packages: ["libcrypto"],
      follow: false,
      ignore: [{ package: "libcrypto", needs: ["printer"] }],
    };
    const chosen = async (...added: readonly RecipeDocument[]): Promise<unknown> =>
      shown(await lockRecipe(w.store, joinRecipes([...documents.slice(0, 1), lower, ...added]), w.access));
    const base = ["base-files 1.0-1", "libcrypto 1.0-1"];
    assert.deepEqual(await chosen(), [...base, "ca-certificates 1.0-1 part"]);
    const following: RecipeDocument = { name: "top", packages: ["program (>= 1)"] };
    const met = [...base, "program 1.0-1", "libtwo 1.0-1 2.0-9", "provider 1.0-1", "ca-certificates 1.0-1 part"];
    assert.deepEqual(await chosen(following), met);
    await assert.rejects(chosen(following, { name: "newer", packages: ["libcrypto (>= 2)"] }), {
      code: "DEBIAN_DEPENDENCY",
      message: /libcrypto \(>= 2\): bookworm has libcrypto 1.0-1/,
    });
  });

  it("pins Node.js without fetching what the recipe pins", async () => {
    await using w = await openWorld(key);
    const lock = await lockRecipe(w.store, joinRecipes([...documents.slice(0, 2), WITH_NODE]), w.access);
    assert.deepEqual(lock.architectures["amd64"]?.node, { name: "node-x", version: "18.20.8", integrity: INTEGRITY });
    assert.deepEqual(
      w.server.requests.filter((path) => path.includes("node")),
      [],
    );
  });

  it("gives the same base as no lock, and the same when the archive has moved on", async () => {
    await using w = await openWorld(key, more);
    const lock = await lockRecipe(w.store, recipe, w.access);
    const options = { platform, variant: "debug", ...w.access };
    const free = await assembleBase(w.store, recipe, options);
    w.server.requests.length = 0;
    const locked = await assembleBase(w.store, recipe, { ...options, lock: { file: "l", lock } });
    assert.deepEqual([locked.config, locked.report.cached, w.server.requests], [free.config, true, []]);
    await w.publish([...PACKAGES, ...more, { name: "strace", version: "2.0-1" }], now());
    const later = await assembleBase(w.store, recipe, { ...options, lock: { file: "l", lock } });
    assert.deepEqual(later.config, free.config);
    assert.notDeepEqual((await assembleBase(w.store, recipe, options)).config, free.config);
  });

  it("gives the same bytes in another store, in another order of work, at another time", async () => {
    await using a = await openWorld(key, more);
    await using b = await openWorld(key, more);
    const lock = await lockRecipe(a.store, recipe, a.access);
    // The lock names the first archive; the second store has nothing.
    const options = { platform, lock: { file: "l", lock }, ...a.access };
    const one = await assembleBase(a.store, recipe, { ...options, jobs: 1 });
    const other = await assembleBase(b.store, recipe, { ...options, jobs: 8, now: () => new Date("2031-05-05T00:00:00Z") });
    assert.deepEqual(other.config, one.config);
    assert.deepEqual(other.report.layers, one.report.layers);
  });

  it("looks for a package that its mirror has lost in the archive of the day of its release", async () => {
    await using a = await openWorld(key, more);
    await using b = await openWorld(key, more);
    const { server } = a;
    for (const [path, bytes] of server.files.entries().toArray()) server.files.set(`debian/${path}`, bytes);
    const access = { ...a.access, sources: [{ uri: `${server.url}/debian`, suite: "bookworm", components: ["main"] }] };
    const lock = await lockRecipe(a.store, recipe, access);
    const wanted = await assembleBase(a.store, recipe, { platform, lock: { file: "l", lock }, ...access });
    const gone = "debian/pool/main/libtwo_1.0-1_amd64.deb";
    const kept = server.files.get(gone);
    server.files.delete(gone);
    const asked: string[] = [];
    const real = testNetwork();
    const withSnapshots: Network = {
      ...real,
      async send(request) {
        const { url } = request;
        if (url.origin !== "https://snapshot.debian.org") return await real.send(request);
        asked.push(url.href);
        const answer = { status: 200, statusText: "OK", strayed: false, header: () => undefined, discard() {} };
        return { ...answer, url, body: bytesOf(kept ?? "") };
      },
    };
    const found = await assembleBase(b.store, recipe, { platform, lock: { file: "l", lock }, ...access, network: withSnapshots });
    assert.deepEqual(found.config, wanted.config);
    assert.deepEqual(asked, ["https://snapshot.debian.org/archive/debian/20260301T000000Z/pool/main/libtwo_1.0-1_amd64.deb"]);
  });

  it("refuses a recipe that has changed, and says how to go on", async () => {
    await using w = await openWorld(key, more);
    const lock = await lockRecipe(w.store, recipe, w.access);
    const changed = joinRecipes([...documents, { name: "mine2", slices: [{ drop: ["/usr/share/man/**"] }] }]);
    await assert.rejects(assembleBase(w.store, changed, { platform, lock: { file: "m.lock.json", lock }, ...w.access }), {
      code: "RECIPE_DRIFT",
      message: 'Cannot use lock "m.lock.json": recipe "mine2" has changed since it was locked',
      hint: "Lock it again, and see what changes: decant base update RECIPE",
    });
    const arm = { ...recipe, architectures: ["amd64", "arm64"] };
    const armLock = { ...lock, digest: recipeDigest(arm) };
    await assert.rejects(
      assembleBase(w.store, arm, { platform: { os: "linux", architecture: "arm64" }, lock: { file: "l", lock: armLock }, ...w.access }),
      { code: "RECIPE_LOCK", message: /it has nothing for arm64; it has amd64/ },
    );
  });

  it("refuses a package whose bytes are not those of the lock", async () => {
    await using w = await openWorld(key, more);
    const lock = await lockRecipe(w.store, recipe, w.access);
    const text = formatLock(lock).replace(/sha256:[0-9a-f]{64}","variants/, `sha256:${"0".repeat(64)}","variants`);
    const options = { platform, variant: "debug", ...w.access };
    await assert.rejects(assembleBase(w.store, recipe, { ...options, lock: { file: "l", lock: parseLock(text, "l") } }), {
      code: /DEBIAN_|BLOB_/,
    });
  });

  it("refuses an excluded package that a recipe names, also where dependencies are not followed", async () => {
    await using w = await openWorld(key, more);
    const unfollowed = recipe.levels.map((level) => ({ ...level, follow: false }));
    const [first = ""] = recipe.levels.flatMap((level) => level.packages);
    await assert.rejects(lockRecipe(w.store, { ...recipe, levels: unfollowed, exclude: [first] }, w.access), {
      code: "RECIPE",
      message: new RegExp(`it excludes the package "${first}", which ".+" names`),
    });
  });
  it("refuses a slice of a package that the recipe does not have", async () => {
    await using w = await openWorld(key, more);
    const [first = ""] = recipe.levels.flatMap((level) => level.packages);
    const slices = [...recipe.slices, { package: `${first}x`, drop: ["/usr/share/**"], keep: [] }];
    await assert.rejects(lockRecipe(w.store, { ...recipe, slices }, w.access), {
      code: "RECIPE",
      message: new RegExp(`it slices the package "${first}x", which it does not have`),
      hint: `Did you mean "${first}"?`,
    });
  });
  it("refuses a need for what the recipe excludes", async () => {
    await using w = await openWorld(key, more);
    await assert.rejects(lockRecipe(w.store, { ...recipe, parts: [], exclude: ["libtwo"] }, w.access), {
      code: "DEBIAN_DEPENDENCY",
      message: /libtwo/,
    });
  });
});

describe("recipeDigest()", () => {
  const base = (changes: Partial<Recipe> = {}): string => recipeDigest({ ...recipe, ...changes });
  it("does not depend on the order of fields, the description or the folder", () => {
    const content = { digest: sha256("x"), size: 1 };
    assert.equal(base({ description: "other" }), base());
    assert.equal(recipeDigest({ ...Object.fromEntries(Object.entries(recipe).toReversed()), ...recipe }), base());
    assert.equal(
      base({ files: [{ path: "/a", content: { path: "/here/a", ...content } }] }),
      base({ files: [{ content: { ...content, path: "/there/b" }, path: "/a" }] }),
    );
  });
  it("depends on all that counts", () => {
    const digests = [
      base(),
      base({ env: { ...recipe.env, A: "b" } }),
      base({ users: [] }),
      base({ variants: {} }),
      base({ files: [{ path: "/a", content: { path: "/x", digest: sha256("x"), size: 1 } }] }),
      base({ files: [{ path: "/a", content: { path: "/x", digest: sha256("y"), size: 1 } }] }),
    ];
    assert.equal(new Set(digests).size, digests.length);
  });
  it("changes with a file of the recipe's folder", async () => {
    await using w = await openWorld(await makeKey());
    const path = join(w.folder, "r.yaml");
    await writeFile(path, "name: r\nsuite: bookworm\nfiles: [{ path: /a, source: a }]\n");
    const digests: string[] = [];
    for (const text of ["one", "two", "one"]) {
      await writeFile(join(w.folder, "a"), text);
      digests.push(recipeDigest(await loadRecipe(path)));
    }
    await rm(path);
    assert.deepEqual([digests[0] === digests[2], digests[0] === digests[1]], [true, false]);
  });
});

describe("parseLock()", () => {
  const rows = [
    { name: "what is no JSON", text: "{", want: /it is not JSON/ },
    { name: "another format", text: '{"format":2}', want: /"format" is not right/ },
    { name: "a field that is not known", text: '{"format":1,"x":1}', want: /"recipe" is missing/ },
  ];
  for (const row of rows)
    it(`refuses ${row.name}`, () => {
      assert.throws(() => parseLock(row.text, "my.lock.json"), { code: "RECIPE_LOCK", message: row.want });
    });
  it("gives a lock or an error of locks for whatever text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseLock(text, "l");
        } catch (error) {
          assert.ok(isDecantError(error, "RECIPE_LOCK"));
        }
      }),
    );
  });
  it("refuses a package that is outside of its mirror", () => {
    const one = { name: "a1", version: "1", architecture: "all", source: "a1", uri: "http://h/d", suite: "s", size: 1, digest: sha256("") };
    const lock = (filename: string): string =>
      JSON.stringify({
        format: 1,
        recipe: "r",
        digest: sha256(""),
        suite: "s",
        tool: "t",
        architectures: { amd64: { releases: [], packages: [{ ...one, filename }] } },
      });
    assert.equal(parseLock(lock("pool/a.deb"), "l").recipe, "r");
    for (const filename of ["../a.deb", "/a.deb", "pool/../../a.deb", "a.txt"]) assert.throws(() => parseLock(lock(filename), "l"));
  });
});
