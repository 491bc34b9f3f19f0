import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { pushNames, targetNames } from "./names.ts";

test("targetNames() completes names and says each once", () => {
  assert.deepEqual(targetNames(["app", "docker.io/library/app:latest", "ghcr.io/me/app:1"]), [
    "docker.io/library/app:latest",
    "ghcr.io/me/app:1",
  ]);
});

const refused = ["App", "app:", "a b", "", `app@sha256:${"0".repeat(64)}`, `app:1@sha256:${"0".repeat(64)}`];
for (const name of refused) {
  test(`targetNames() refuses "${name}"`, () => {
    assert.throws(
      () => targetNames([name]),
      (error) => isDecantError(error, "REFERENCE"),
    );
  });
}

test("pushNames() wants a name", () => {
  assert.throws(
    () => pushNames([]),
    (error) => isDecantError(error, "USAGE"),
  );
});

test("F.2: pushNames() for a push by digest wants names without a tag", () => {
  const byDigest = { pushByDigest: true };
  assert.deepEqual(pushNames(["app", "ghcr.io/me/app"], byDigest), ["docker.io/library/app", "ghcr.io/me/app"]);
  for (const name of ["app:1", `app@sha256:${"0".repeat(64)}`])
    assert.throws(
      () => pushNames([name], byDigest),
      (error) => isDecantError(error, "USAGE") && error.hint === 'Write "app", or leave push-by-digest out',
    );
});
