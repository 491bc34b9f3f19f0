import assert from "node:assert/strict";
import { chmod, mkdir, mkdtempDisposable, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openImageFixture } from "../../test/support/image-fixture.ts";
import { isDecantError } from "../errors.ts";
import { checkOutput } from "./check-output.ts";
import { exportImage } from "./export.ts";
import { replaceFolder } from "./replace-folder.ts";

const signal = new AbortController().signal;

describe("F.2: replaceFolder()", () => {
  it("makes a folder, replaces it with what it had gone, and keeps its mode", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-replace-"));
    const dest = join(dir.path, "deep", "out");
    await replaceFolder(dest, (folder) => writeFile(join(folder, "old"), ""));
    await chmod(dest, 0o700);
    await replaceFolder(dest, (folder) => writeFile(join(folder, "new"), ""));
    assert.deepEqual(await readdir(dest), ["new"]);
    assert.equal((await stat(dest)).mode & 0o777, 0o700);
    assert.deepEqual(await readdir(join(dir.path, "deep")), ["out"]);
  });

  it("replaces what a link leads to, and keeps the link", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-replace-"));
    await mkdir(join(dir.path, "real"));
    await symlink("real", join(dir.path, "out"));
    await replaceFolder(join(dir.path, "out"), (folder) => writeFile(join(folder, "new"), ""));
    assert.deepEqual(await readdir(join(dir.path, "real")), ["new"]);
    assert.deepEqual(await readdir(dir.path), ["out", "real"]);
  });

  it("leaves the old folder as it was, and nothing beside it, when the new one cannot be made", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-replace-"));
    const dest = join(dir.path, "out");
    await mkdir(dest);
    await writeFile(join(dest, "old"), "old");
    const failing = replaceFolder(dest, async (folder) => {
      await writeFile(join(folder, "half"), "");
      throw new Error("cut short");
    });
    await assert.rejects(failing, /cut short/);
    assert.equal(await readFile(join(dest, "old"), "utf8"), "old");
    assert.deepEqual(await readdir(dir.path), ["out"]);
  });
});

describe("F.2: type=local, mode=delete", () => {
  it("leaves nothing in the folder but the image's files", async () => {
    await using fixture = await openImageFixture();
    const dest = join(fixture.dir, "out");
    await mkdir(join(dest, "left"), { recursive: true });
    await exportImage([fixture.image], { type: "local", dest, mode: "delete" }, fixture.context());
    assert.deepEqual((await readdir(dest)).toSorted(), ["app", "bin", "etc"]);
    await writeFile(join(dest, "more"), "");
    await exportImage([fixture.image], { type: "local", dest }, fixture.context());
    assert.ok((await readdir(dest)).includes("more"), "mode=copy keeps what is there");
  });

  it("needs leave for folders that are not below the working directory", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-replace-"));
    const cwd = join(dir.path, "work");
    await mkdir(cwd);
    await symlink(dir.path, join(cwd, "out-link"));
    const check = (dest: string, mayDelete?: boolean): Promise<void> =>
      checkOutput([{}], { type: "local", dest, mode: "delete" }, { cwd, mayDelete, signal });
    await check("out");
    await check("a/b/c");
    for (const dest of [".", "..", "../other", dir.path, "out-link", "out-link/x"]) {
      await assert.rejects(check(dest), (error) => isDecantError(error, "USAGE") && error.hint?.includes("buildx.local.delete") === true);
      await check(dest, true);
    }
  });
});
