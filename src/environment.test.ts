import assert from "node:assert/strict";
import { test } from "node:test";
import { unusedVariables } from "./environment.ts";

for (const [name, env, want] of [
  ["nothing", {}, []],
  ["what is used, or means nothing here", { DOCKER_DEFAULT_PLATFORM: "linux/arm64", DOCKER_CONTEXT: "x", OTEL_SDK_DISABLED: "1" }, []],
  ["what is set to nothing", { BUILDX_BUILDER: "" }, []],
  [
    "what is as Decant does it",
    { BUILDX_BUILDER: "default", BUILDAH_FORMAT: "oci", BUILDAH_LAYERS: "true", DOCKER_CONTENT_TRUST: "0" },
    [],
  ],
  [
    "what would change the result",
    { BUILDX_BUILDER: "fleet", BUILDAH_FORMAT: "docker", DOCKER_CONTENT_TRUST: "1", BUILDX_GIT_LABELS: "full" },
    ["DOCKER_CONTENT_TRUST", "BUILDX_BUILDER", "BUILDX_GIT_LABELS", "BUILDAH_FORMAT"],
  ],
] as const)
  test(`U9: unusedVariables() of ${name}`, () =>
    assert.deepEqual(
      unusedVariables(env).map((row) => row.name),
      want,
    ));
