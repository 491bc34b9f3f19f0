/** Parts of host directories as directories of a store. */
import assert from "node:assert/strict";
import { linkSync, lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Digest } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import { ROOT, type TreePath, treePath } from "../../paths.ts";
import { openStore, type Store } from "../../store/index.ts";
import { hostTree, subtreeDigest } from "../../tree/index.ts";
import { contextDirectory } from "./materialise.ts";

interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly context: string;
  copy(path: TreePath, digest?: Digest): Promise<string>;
}

async function place(): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-materialise-")));
  const store = stack.use(await openStore({ root: join(folder.path, "store") }));
  const context = join(folder.path, "context");
  mkdirSync(join(context, "d"), { recursive: true });
  writeFileSync(join(context, "d/f"), "one", { mode: 0o640 });
  linkSync(join(context, "d/f"), join(context, "d/g"));
  symlinkSync("../nowhere", join(context, "d/l"));
  utimesSync(join(context, "d/f"), 1000, 2000);
  const owned = stack.move();
  return {
    store,
    context,
    async copy(path, digest) {
      const tree = hostTree(context);
      const { signal } = new AbortController();
      return contextDirectory(store, tree, path, { digest: digest ?? (await subtreeDigest(tree, path)), signal });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("contextDirectory()", () => {
  it("keeps contents, modes, times, symlinks and hard links of a directory", async () => {
    await using at = await place();
    const copy = join(await at.copy(treePath("d")), "selected");
    const { mode, mtimeMs, ino, nlink } = statSync(join(copy, "f"));
    assert.deepEqual([readFileSync(join(copy, "f"), "utf8"), mode & 0o777, mtimeMs, nlink], ["one", 0o640, 2_000_000, 2]);
    assert.deepEqual([statSync(join(copy, "g")).ino, readlinkSync(join(copy, "l"))], [ino, "../nowhere"]);
  });

  it("copies single files, and the whole context", async () => {
    await using at = await place();
    assert.equal(readFileSync(join(await at.copy(treePath("d/f")), "selected"), "utf8"), "one");
    assert.equal(readFileSync(join(await at.copy(ROOT), "selected/d/f"), "utf8"), "one");
  });

  it("copies once for the same files and times", async () => {
    await using at = await place();
    const first = await at.copy(treePath("d"));
    assert.equal(await at.copy(treePath("d")), first);
    utimesSync(join(at.context, "d/f"), 1000, 3000);
    assert.notEqual(await at.copy(treePath("d")), first);
    assert.equal(lstatSync(first).mode & 0o777, 0o700);
  });

  it("refuses files that are not what was hashed for the key", async () => {
    await using at = await place();
    const digest = await subtreeDigest(hostTree(at.context), treePath("d"));
    writeFileSync(join(at.context, "d/f"), "two");
    await assert.rejects(
      at.copy(treePath("d"), digest),
      (error) => isDecantError(error, "CONTEXT") && error.message.includes("it changed"),
    );
  });
});
