import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "node:test";
import { makeUnfinished } from "./unfinished.ts";

test("H3: makeUnfinished() sweeps what killed processes left, and nothing that is held or not its own", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-unfinished-"));
  const program = `import { makeUnfinished } from ${JSON.stringify(join(import.meta.dirname, "unfinished.ts"))};
    makeUnfinished(process.argv[1], "file"); makeUnfinished(process.argv[1], "folder"); process.kill(process.pid, "SIGKILL");`;
  using held = makeUnfinished(dir.path, "folder");
  writeFileSync(join(held.path, "half"), "");
  spawnSync(process.execPath, ["--input-type=module", "-e", program, dir.path]);
  assert.equal(readdirSync(dir.path).length, 3);
  mkdirSync(join(dir.path, ".decant-0123456789ab.old"));
  writeFileSync(join(dir.path, ".decant-notes"), "");
  using file = makeUnfinished(dir.path, "file");
  const wanted = [".decant-0123456789ab.old", ".decant-notes", basename(held.path), basename(file.path)];
  assert.deepEqual(readdirSync(dir.path).toSorted(), wanted.toSorted());
});
