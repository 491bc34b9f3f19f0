/** Compares every base of the catalogue with what Google's images have: packages, paths, configuration; and with our own promises: truth, budget, sharing. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { type AssembledBase, assembleBase, listRecipes, loadRecipe } from "../../src/distroless/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { ROOT as TOP, type TreePath, treePath } from "../../src/paths.ts";
import { type Entry, layerTree, readTreeFile, resolvePath, type Tree, walk } from "../../src/tree/index.ts";
import { FAMILIES, packagesOf, PATHS } from "./facts.ts";
import { STORE } from "./support.ts";

const STATUS = "var/lib/dpkg/status.d";
const MAX_BYTES = 512 * 1024 * 1024;

function dump(entry: Entry | undefined): string {
  if (entry === undefined) return "absent";
  const { kind, link, mode, uid, gid } = entry;
  return kind === "symlink" ? `link -> ${link ?? ""}` : `${kind} ${mode.toString(8).padStart(4, "0")} ${uid}:${gid}`;
}

/** Is a family built on `from`, or one of its line? */
function isFrom(name: string | undefined, from: string): boolean {
  return name !== undefined && (name.startsWith(from) || isFrom(FAMILIES.find((one) => one.name === name)?.on, from));
}

describe("every base of the catalogue", () => {
  const stack = new AsyncDisposableStack();
  let store: Store;
  before(async () => {
    store = stack.use(await openStore({ root: STORE }));
  });
  after(() => stack.disposeAsync());
  const assemble = async (name: string, variant?: string, architecture = "amd64"): Promise<AssembledBase> =>
    await assembleBase(store, await loadRecipe(name), {
      platform: { os: "linux", architecture },
      maxAgeMs: 24 * 3_600_000,
      variant,
    });
  const text = async (tree: Tree, path: string): Promise<string> =>
    (await readTreeFile(tree, treePath(path), MAX_BYTES)).toString("latin1");

  it("is known to this suite", async () => {
    const unknown = (await listRecipes()).filter((name) => !FAMILIES.some((family) => family.name === name));
    assert.deepEqual(unknown, []);
  });

  for (const { name } of FAMILIES) {
    it(`${name} has the packages and paths of the facts, for amd64 and arm64`, async () => {
      for (const architecture of ["amd64", "arm64"]) {
        const base = await assemble(name, undefined, architecture);
        const tree = layerTree(base.layers);
        const listed = tree.readdir(treePath(STATUS)).map((entry) => entry.path.slice(STATUS.length + 1));
        assert.deepEqual(
          listed.filter((one) => !one.endsWith(".md5sums")),
          packagesOf(name),
        );
        assert.equal(listed.length, 2 * packagesOf(name).length);
        for (const { path, from, dump: want } of PATHS) {
          if (from !== undefined && !isFrom(name, from)) continue;
          assert.match(dump(tree.lookup(treePath(path))), want, path);
        }
        for (const shell of ["bin/sh", "usr/bin/sh", "bin/bash", "usr/bin/apt", "usr/bin/dpkg", "busybox"])
          assert.equal(tree.lookup(treePath(shell)), undefined, shell);
        assert.ok(base.layers.length <= 10, `${base.layers.length} layers`);
        assert.match(await text(tree, "usr/lib/os-release"), new RegExp(`^VARIANT_ID="${name}"$`, "m"));
      }
    });

    it(`${name} tells scanners exactly what is in it`, async () => {
      const tree = layerTree((await assemble(name, "debug")).layers);
      const listed = new Map<string, string>();
      for (const { path } of tree.readdir(treePath(STATUS))) {
        const lines = (await text(tree, path)).split("\n").filter((line) => line !== "");
        if (!path.endsWith(".md5sums")) {
          assert.equal(lines[0], `Package: ${path.slice(STATUS.length + 1)}`);
          assert.ok(!lines.some((line) => line.startsWith("Status:")));
          continue;
        }
        for (const line of lines) listed.set(line.slice(34), line.slice(0, 32));
      }
      const unlisted: string[] = [];
      for (const entry of walk(tree, TOP)) {
        if (entry.kind !== "file" || entry.path.startsWith(STATUS)) continue;
        const md5 = listed.get(entry.path);
        if (md5 === undefined) unlisted.push(entry.path);
        else
          assert.equal(
            createHash("md5")
              .update(await readTreeFile(tree, entry.path, MAX_BYTES))
              .digest("hex"),
            md5,
            entry.path,
          );
        listed.delete(entry.path);
      }
      assert.deepEqual([...listed.keys()], [], "listed and not there");
      const own = [
        "etc/group",
        "etc/ld.so.cache",
        "etc/ld.so.conf",
        "etc/nsswitch.conf",
        "etc/passwd",
        "nodejs/LICENSE",
        "nodejs/bin/node",
        "usr/lib/os-release",
      ];
      assert.deepEqual(
        unlisted.filter((path) => !own.includes(path)),
        [],
      );
    });

    it(`${name} has a copyright file of every package, and every directory above a file in each layer`, async () => {
      const base = await assemble(name);
      const tree = layerTree(base.layers);
      for (const one of base.packages) {
        const { entry } = resolvePath(tree, treePath(`usr/share/doc/${one.name}/copyright`), { followLast: true });
        assert.equal(entry?.kind, "file", `copyright of ${one.name}`);
      }
      for (const layer of base.layers) assert.equal(layer.index.needsLower, false);
    });
  }

  it("shares its layers with the base below it, and with its variants", async () => {
    const ids = async (name: string, variant?: string): Promise<readonly string[]> =>
      (await assemble(name, variant)).layers.map(({ id }) => id);
    const own = 1;
    for (const [upper, lower] of [
      ["base-debian13", "base-nossl-debian13"],
      ["cc-debian13", "base-debian13"],
      ["nodejs22-debian13", "cc-debian13"],
      ["python3-debian13", "cc-debian13"],
      ["java21-debian13", "java-base-debian13"],
    ] as const) {
      const [above, below] = [await ids(upper), await ids(lower)];
      assert.deepEqual(
        below.slice(0, -own).filter((id) => !above.includes(id)),
        [],
        `${upper} and ${lower}`,
      );
    }
    for (const { name } of FAMILIES) assert.deepEqual(await ids(name, "nonroot"), await ids(name));
    for (const name of ["static-debian12", "cc-debian13", "nodejs22-debian13", "python3-debian13"])
      assert.deepEqual((await ids(name, "debug")).slice(0, -1), await ids(name));
  });

  it("has nothing in it that changes from day to day", async () => {
    const { layers } = await assemble("base-debian13");
    const late = (path: TreePath, mtimeSec: number): boolean => mtimeSec > Date.now() / 1000 - 3600 && path !== "";
    for (const entry of walk(layerTree(layers), TOP)) assert.ok(!late(entry.path, entry.mtimeSec), entry.path);
  });
});
