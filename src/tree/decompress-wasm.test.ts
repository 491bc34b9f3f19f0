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

test("R2: decompress() reads several xz streams in WebAssembly, and nothing passes for the whole", async () => {
  const stream = Buffer.from("/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAAQQAAAACX5wOMB8Y1yAABGQGlLIHMH7bzfQEAAAAABFla", "base64");
  for (const [tail, want] of [
    [Buffer.alloc(0), "AA"],
    [Buffer.alloc(8), "AA"],
    [Buffer.from("rest"), "AA ARCHIVE"],
  ] as const) {
    let got = "";
    try {
      for await (const chunk of decompress(bytesOf(Buffer.concat([stream, stream, tail])))) got += Buffer.from(chunk).toString();
    } catch (error) {
      got += isDecantError(error) ? ` ${error.code}` : String(error);
    }
    assert.equal(got, want);
  }
});
