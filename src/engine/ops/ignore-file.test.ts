import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readIgnorePatterns } from "./ignore-file.ts";

test("S95: readIgnorePatterns() takes the file beside the Dockerfile before that of the context", async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-ignore-"));
  const patterns = async (dockerfile?: string): Promise<readonly string[]> =>
    (await readIgnorePatterns(dir.path, dockerfile === undefined ? undefined : join(dir.path, dockerfile))).map(({ pattern }) => pattern);
  assert.deepEqual(await patterns("Dockerfile"), []);
  await writeFile(join(dir.path, ".dockerignore"), "context\n");
  assert.deepEqual([await patterns(), await patterns("Dockerfile")], [["context"], ["context"]]);
  await writeFile(join(dir.path, "Dockerfile.dockerignore"), "own\n");
  assert.deepEqual([await patterns(), await patterns("Dockerfile")], [["context"], ["own"]]);
  // A Dockerfile that is no file has no ignore file of its own.
  assert.deepEqual(await patterns("Dockerfile/x"), ["context"]);
});
