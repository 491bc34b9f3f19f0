/** Changes that no time and no size tells of: a build must see them all the same (X12). By the command. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { linkSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { delay } from "../../src/async.ts";
import { runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

const WRITER = join(import.meta.dirname, "../support/mapped-writer.ts");

async function build(shop: Workshop, dockerfile: string, flags: readonly string[] = []): Promise<string> {
  const file = join(shop.folder, "Dockerfile");
  writeFileSync(file, dockerfile);
  const argv = [DECANT, "build", "--progress", "plain", ...flags, "-f", file, shop.context];
  const { stderr, exitCode } = await runProcess({ argv, env: { ...process.env, DECANT_ROOT: shop.root } });
  assert.equal(exitCode, 0, stderr.toString());
  return stderr.toString();
}

/** Four names of two files, which are the same but for being two: `groups` says which name is of which. */
function writeLinked(folder: string, groups: readonly (readonly string[])[]): void {
  for (const name of groups.flat()) rmSync(join(folder, name), { force: true });
  for (const [first = "", ...others] of groups) {
    writeFileSync(join(folder, first), "same");
    utimesSync(join(folder, first), 1_700_000_000, 1_700_000_000);
    for (const name of others) linkSync(join(folder, first), join(folder, name));
  }
}

describe("X12: hard links that are grouped anew", () => {
  const groups = [
    ["a", "b"],
    ["c", "e"],
  ];
  const others = [
    ["a", "c"],
    ["b", "e"],
  ];

  it("are copied as they are", async () => {
    using shop = workshop();
    const links = async (): Promise<boolean> => {
      const dest = join(shop.folder, "out");
      rmSync(dest, { recursive: true, force: true });
      await build(shop, "FROM scratch\nCOPY . /\n", ["-o", dest]);
      return statSync(join(dest, "a")).ino === statSync(join(dest, "b")).ino;
    };
    writeLinked(shop.context, groups);
    assert.equal(await links(), true);
    writeLinked(shop.context, others);
    assert.equal(await links(), false);
    assert.match(await build(shop, "FROM scratch\nCOPY . /\n", ["-o", join(shop.folder, "none")]), /CACHED/);
  });

  it("are seen through a mount, and told by --explain", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = `${BUSYBOX}RUN --mount=target=/m [ $(stat -c %i /m/a) = $(stat -c %i /m/b) ] && echo one || echo two\n`;
    writeLinked(shop.context, groups);
    assert.match(await build(shop, text), /\d one\n/);
    writeLinked(shop.context, others);
    assert.match(await build(shop, text), /\d two\n/);
    writeLinked(shop.context, groups);
    await build(shop, "FROM scratch\nCOPY a b c e /\n");
    writeLinked(shop.context, others);
    await build(shop, "FROM scratch\nCOPY a b c e /d/\nCOPY . /\n");
    writeLinked(shop.context, groups);
    assert.match(await build(shop, "FROM scratch\nCOPY a b c e /d/\nCOPY . /\n", ["--explain"]), /b: hard links \(none → linked to a\)/);
  });

  it("hit where only names outside of what is copied are linked", async () => {
    using shop = workshop();
    writeLinked(shop.context, [["a"], ["b"]]);
    await build(shop, "FROM scratch\nCOPY a /\n");
    writeLinked(shop.context, [["a", "b"]]);
    assert.match(await build(shop, "FROM scratch\nCOPY a /\n"), /CACHED/);
  });
});

const LETTERS = "bcdefghi";

it("X12: a build sees what is written through a mapping, which changes no time", async () => {
  using shop = workshop();
  const path = join(shop.context, "data");
  writeFileSync(path, Buffer.alloc(8192, "."));
  const writer = spawn(process.execPath, [WRITER, path], { stdio: ["pipe", "pipe", "inherit"] });
  const write = async (letter: string): Promise<void> => {
    writer.stdin.write(letter);
    await once(writer.stdout, "data");
  };
  try {
    await write("a");
    // Young files are hashed anew anyhow.
    await delay(200);
    const built = async (): Promise<string> => {
      await build(shop, "FROM scratch\nCOPY data /\n", ["-o", join(shop.folder, "out")]);
      return readFileSync(join(shop.folder, "out", "data"), "latin1").slice(0, 2);
    };
    assert.equal(await built(), "a.");
    // On most file systems the time is that of the first write, until the page is on the disk: it may come there at any time.
    for (let tries = 0, isSame = false; !isSame && tries < LETTERS.length; tries += 1) {
      const letter = LETTERS.charAt(tries);
      const before = statSync(path);
      await write(letter);
      isSame = statSync(path).mtimeMs === before.mtimeMs;
      assert.equal(await built(), `${letter}.`);
    }
  } finally {
    writer.kill("SIGKILL");
  }
});
