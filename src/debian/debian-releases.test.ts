import assert from "node:assert/strict";
import { test } from "node:test";
import { debianRelease } from "./debian-releases.ts";

test("debianRelease() knows releases by code name and by version", () => {
  assert.deepEqual(
    ["bookworm", "13", "sid", "stable", ""].map((name) => debianRelease(name)?.codename),
    ["bookworm", "trixie", undefined, undefined, undefined],
  );
});
