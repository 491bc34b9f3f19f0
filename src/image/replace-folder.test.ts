import assert from "node:assert/strict";
import { chmod, mkdir, mkdtempDisposable, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openImageFixture } from "../../test/support/image-fixture.ts";
import { isDecantError } from "../errors.ts";
import { startProcess } from "../sys/index.ts";
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

describe("F2: what a killed process left beside an output", () => {
  /** Runs a module that kills its own process. */
  async function killed(text: string): Promise<void> {
    const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
    const head = `import { replaceFolder } from ${url("replace-folder.ts")};\nimport { createOutputFile } from ${url("output-file.ts")};\n`;
    const child = startProcess({ argv: [process.execPath, "--input-type=module", "--eval", head + text], env: process.env });
    assert.deepEqual(await child.exit, { signal: "SIGKILL" });
  }
  const half = 'writeFileSync(folder + "/half", ""); process.kill(process.pid, "SIGKILL");';
  const hidden = async (dir: string): Promise<readonly string[]> => (await readdir(dir)).filter((name) => name.startsWith("."));

  it("goes in the next run, and the folder is that of the last run that was complete", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-replace-"));
    const dest = join(dir.path, "out");
    await replaceFolder(dest, (folder) => writeFile(join(folder, "old"), ""));
    await killed(`import { writeFileSync } from "node:fs"; await replaceFolder(${JSON.stringify(dest)}, async (folder) => { ${half} });`);
    assert.equal((await hidden(dir.path)).length, 1);
    assert.deepEqual(await readdir(dest), ["old"]);
    await replaceFolder(dest, (folder) => writeFile(join(folder, "new"), ""));
    assert.deepEqual(await readdir(dir.path), ["out"]);
    assert.deepEqual(await readdir(dest), ["new"]);
  });

  it("goes also where it is an archive, or a blob of a layout", async () => {
    await using fixture = await openImageFixture();
    const blobs = join(fixture.dir, "layout/blobs/sha256");
    await mkdir(blobs, { recursive: true });
    for (const dest of [join(fixture.dir, "a.tar"), join(blobs, "0".repeat(64))]) {
      await killed(
        `const file = await createOutputFile(${JSON.stringify(dest)}, new AbortController().signal); await file.write(Buffer.from("half")); process.kill(process.pid, "SIGKILL");`,
      );
    }
    assert.deepEqual([(await hidden(fixture.dir)).length, (await hidden(blobs)).length], [1, 1]);
    await exportImage([fixture.image], { type: "oci", dest: join(fixture.dir, "a.tar"), tar: true, names: [] }, fixture.context());
    await exportImage([fixture.image], { type: "oci", dest: join(fixture.dir, "layout"), tar: false, names: [] }, fixture.context());
    assert.deepEqual([await hidden(fixture.dir), await hidden(blobs)], [[], []]);
  });

  it("stays while its process is at work, and so does what only looks like it", async () => {
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-replace-"));
    await mkdir(join(dir.path, ".decant-new"));
    await symlink("nowhere", join(dir.path, ".decant-0123456789ab"));
    const dest = join(dir.path, "slow");
    await replaceFolder(dest, async (folder) => {
      await writeFile(join(folder, "slow"), "");
      await replaceFolder(join(dir.path, "fast"), (other) => writeFile(join(other, "fast"), ""));
    });
    assert.deepEqual(await readdir(dest), ["slow"]);
    assert.deepEqual((await readdir(dir.path)).toSorted(), [".decant-0123456789ab", ".decant-new", "fast", "slow"]);
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
