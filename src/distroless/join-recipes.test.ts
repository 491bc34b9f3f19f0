import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { given } from "../given.ts";
import { joinRecipes, withVariant } from "./join-recipes.ts";
import type { Recipe, RecipeDocument } from "./recipe.ts";

const low: RecipeDocument = {
  name: "low",
  suite: "bookworm",
  packages: ["base-files"],
  follow: false,
  ignore: ["awk"],
  parts: [{ package: "libc-bin", keep: ["/usr/lib/locale/**"] }],
  slices: [{ drop: ["/usr/share/man/**"] }],
  certificates: { package: "ca-certificates" },
  users: [{ name: "root", uid: 0, gid: 0, home: "/root" }],
  osRelease: true,
  env: { PATH: "/bin", LANG: "C" },
  entrypoint: ["/low"],
  variants: {
    nonroot: { user: "65532", workdir: "/home" },
    debug: { busybox: "busybox-static", packages: ["strace"], env: { PATH: "/bin:/busybox" }, entrypoint: ["/busybox/sh"] },
    "debug-nonroot": { join: ["debug", "nonroot"] },
  },
};
const high: RecipeDocument = {
  name: "high",
  extends: "low",
  packages: ["libicu72"],
  ignore: ["awk", "debconf"],
  certificates: { add: [{ pem: "PEM" }], java: true },
  env: { LANG: "C.UTF-8" },
  cmd: ["run"],
  variants: { debug: { packages: ["gdb"], entrypoint: [] } },
};

describe("joinRecipes()", () => {
  it("adds lists, and takes the last of each setting", () => {
    const { variants: _variants, ...recipe } = joinRecipes([low, high]);
    assert.deepEqual(recipe, {
      name: "high",
      suite: "bookworm",
      architectures: ["amd64", "arm64"],
      levels: [
        { name: "low", packages: ["base-files"], follow: false },
        { name: "high", packages: ["libicu72"], follow: true },
      ],
      exclude: [],
      ignore: ["awk", "debconf"],
      parts: [{ package: "libc-bin", keep: ["/usr/lib/locale/**"] }],
      slices: [{ drop: ["/usr/share/man/**"] }],
      certificates: { package: "ca-certificates", add: ["PEM"], java: true },
      users: low.users,
      groups: [],
      files: [],
      osRelease: true,
      ldCache: false,
      usrMerge: false,
      layers: 10,
      env: { PATH: "/bin", LANG: "C.UTF-8" },
      annotations: {},
      entrypoint: ["/low"],
      cmd: ["run"],
      user: "0",
      workdir: "/",
    });
  });
  it("drops the parts of a package that is taken whole, and joins those of one that is not", () => {
    const whole = joinRecipes([low, { name: "x", packages: ["libc-bin"] }]);
    assert.deepEqual(whole.parts, []);
    const more = joinRecipes([low, { name: "x", parts: [{ package: "libc-bin", keep: ["/a"] }] }]);
    assert.deepEqual(more.parts, [{ package: "libc-bin", keep: ["/usr/lib/locale/**", "/a"] }]);
  });

  it("A8: takes versions of packages apart from their names, also of those that are there already", () => {
    const recipe = joinRecipes([low, { name: "x", packages: ["libpq5 (>= 17)", "libpq5 (<< 18)", "base-files (= 12.4)", "curl"] }]);
    assert.deepEqual(recipe.levels[1]?.packages, ["libpq5", "curl"]);
    assert.deepEqual(recipe.versions, {
      libpq5: [
        { operator: ">=", version: "17" },
        { operator: "<<", version: "18" },
      ],
      "base-files": [{ operator: "=", version: "12.4" }],
    });
  });

  const faults: readonly { name: string; add: Partial<RecipeDocument>; want: RegExp; hint?: RegExp }[] = [
    { name: "two suites", add: { suite: "trixie" }, want: /different suites: bookworm, trixie/ },
    {
      name: "a package twice",
      add: { packages: ["base-files"] },
      want: /the package "base-files" twice/,
      hint: /as "low" names it; .*"base-files \(>= …\)"/,
    },
    { name: "a user twice", add: { users: [{ name: "root", uid: 1, gid: 1, home: "/" }] }, want: /the user "root" twice/ },
  ];
  for (const row of faults)
    it(`refuses ${row.name}`, () => {
      assert.throws(() => joinRecipes([low, { name: "top", extends: "low", ...row.add }]), {
        code: "RECIPE",
        message: row.want,
        ...given({ hint: row.hint }),
      });
    });
  it("refuses certificates that are added to none", () => {
    assert.throws(() => joinRecipes([{ name: "a", suite: "bookworm", certificates: { add: [{ pem: "x" }] } }]), {
      message: /adds certificates to none/,
    });
  });
});

describe("withVariant()", () => {
  const show = ({ variant, levels, busybox, env, entrypoint, cmd, user, workdir }: Recipe): unknown[] => [
    variant,
    levels.map((level) => `${level.name}: ${level.packages.join(" ")}`),
    busybox,
    env,
    entrypoint,
    cmd,
    user,
    workdir,
  ];
  const rows: readonly { variant: string; want: unknown[] }[] = [
    {
      variant: "debug-nonroot",
      want: [
        "debug-nonroot",
        ["low: base-files", "high: libicu72", "high:debug: strace gdb"],
        "busybox-static",
        { PATH: "/bin:/busybox", LANG: "C.UTF-8" },
        undefined,
        ["run"],
        "65532",
        "/home",
      ],
    },
    {
      variant: "nonroot",
      want: [
        "nonroot",
        ["low: base-files", "high: libicu72"],
        undefined,
        { PATH: "/bin", LANG: "C.UTF-8" },
        ["/low"],
        ["run"],
        "65532",
        "/home",
      ],
    },
  ];
  for (const row of rows)
    it(`lays ${row.variant} over the recipe`, () => {
      assert.deepEqual(show(withVariant(joinRecipes([low, high]), row.variant)), row.want);
    });
  it("takes latest for no variant", () => {
    const recipe = joinRecipes([low]);
    assert.equal(withVariant(recipe, "latest"), recipe);
  });
  it("refuses a variant that is not there or joins itself", () => {
    const round: RecipeDocument = { ...low, variants: { a: { join: ["b"] }, b: { join: ["a"] } } };
    assert.throws(() => joinRecipes([round]), { code: "RECIPE", message: /joins itself: a → b → a/ });
    const joining: RecipeDocument = { ...low, variants: { a: { join: ["dbug"] } } };
    assert.throws(() => joinRecipes([joining]), { code: "RECIPE", message: /no variant "dbug"; wanted one of a/ });
    const plain = joinRecipes([low]);
    assert.throws(() => withVariant(plain, "constructor"), {
      code: "RECIPE",
      message: /no variant "constructor"; wanted one of nonroot, /,
    });
  });
  it("refuses a user or group by a name that it does not have, in any variant", () => {
    assert.throws(() => joinRecipes([{ ...low, user: "app" }]), { code: "RECIPE", message: /its user "app" is not among its users/ });
    const inVariant: RecipeDocument = { ...low, variants: { debug: { user: "root:staff" } } };
    assert.throws(() => joinRecipes([inVariant]), { message: /"low:debug": its group "staff" is not among its groups/ });
    assert.equal(joinRecipes([{ ...low, user: "root:0" }]).user, "root:0");
    assert.equal(joinRecipes([{ ...low, user: "app", files: [{ path: "/etc/passwd", text: "app:x:1:1::/:\n" }] }]).user, "app");
  });
});
