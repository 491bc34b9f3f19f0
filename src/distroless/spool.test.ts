import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { bytesOf } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { temp } from "../store/testdata/support.ts";
import { runProcess } from "../sys/index.ts";
import { createSpool } from "./spool.ts";

const LARGE_BYTES = 9 * 1024 * 1024;

test("A9: a disk that is full while a package is unpacked is STORE_FULL", async (context) => {
  await using dir = await temp();
  const mounted = await runProcess({ argv: ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir.path] });
  if (mounted.exitCode !== 0) return context.skip("mounting needs root");
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    await runProcess({ argv: ["umount", dir.path] });
  });
  await using spool = createSpool(join(dir.path, "spool"));
  await assert.rejects(
    spool.keep(bytesOf(Buffer.alloc(LARGE_BYTES)), LARGE_BYTES),
    (error) => isDecantError(error, "STORE_FULL") && /decant prune/.test(error.hint ?? ""),
  );
});
