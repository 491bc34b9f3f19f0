/** xz without the program xz. A file of its own, because it changes PATH of its process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, collect } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { runProcess } from "../sys/index.ts";
import { decompress } from "./decompress.ts";

test("decompress() reads xz in WebAssembly where there is no program", async () => {
  const text = "the same bytes ".repeat(10_000);
  const { stdout } = await runProcess({ argv: ["xz", "-c"], input: bytesOf(text), env: process.env });
  process.env["PATH"] = "/nonexistent";
  assert.equal((await collect(decompress(bytesOf(stdout)), 1_000_000)).toString(), text);
  await assert.rejects(collect(decompress(bytesOf(stdout.subarray(0, 60))), 1_000_000), (error) => isDecantError(error, "ARCHIVE"));
});
