import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { parseAnnotations } from "./annotations.ts";

test("parseAnnotations() reads keys with and without the level of the manifest, the last value of a key wins", () =>
  assert.deepEqual(parseAnnotations(["a.b=1", "manifest:c=x=y", "a.b=2", "e="]), { "a.b": "2", c: "x=y", e: "" }));

for (const [item, code, message] of [
  ["key", "USAGE", /wanted KEY=VALUE/],
  ["=x", "USAGE", /wanted KEY=VALUE/],
  ["layer:a=b", "USAGE", /there is no level "layer"/],
  ["index:a=b", "UNSUPPORTED", /level "index"/],
  ["manifest,index-descriptor:a=b", "UNSUPPORTED", /level "index-descriptor"/],
  ["manifest[linux/amd64]:a=b", "UNSUPPORTED", /one platform/],
] as const) {
  test(`parseAnnotations() refuses ${item}`, () =>
    assert.throws(
      () => parseAnnotations([item]),
      (error) => isDecantError(error, code) && message.test(error.message),
    ));
}
