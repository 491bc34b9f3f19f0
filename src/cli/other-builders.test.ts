import assert from "node:assert/strict";
import { test } from "node:test";
import { asDocker, withMediaTypes } from "./other-builders.ts";
import { registryEnv } from "./registry-options.ts";

const NONE = { destination: [], tag: [] };
const rows = [
  [NONE, ["."], { ...NONE }, "."],
  [{ ...NONE, context: "dir:///work" }, [], { ...NONE, context: "dir:///work" }, "/work"],
  [
    { ...NONE, context: "https://a/b.git", dockerfile: "D" },
    [],
    { ...NONE, context: "https://a/b.git", dockerfile: "D", file: "D" },
    "https://a/b.git",
  ],
  [
    { destination: ["r.io/a:1", "r.io/a:2"], tag: ["b"] },
    ["."],
    { destination: ["r.io/a:1", "r.io/a:2"], tag: ["b", "r.io/a:1", "r.io/a:2"], push: true },
    ".",
  ],
  [{ destination: ["a"], tag: [], "no-push": true }, ["."], { destination: ["a"], tag: ["a"], "no-push": true }, "."],
] as const;
for (const [values, words, want, context] of rows) {
  test(`U10: asDocker() of ${JSON.stringify(values)}`, () => {
    assert.deepEqual(asDocker(values, words), { values: want, contextFolder: context });
  });
}

test("U10: asDocker() wants one context and one Dockerfile", () => {
  assert.throws(() => asDocker(NONE, []), /without a context; wanted a folder/);
  assert.throws(() => asDocker({ ...NONE, context: "b" }, ["a"]), /two contexts: "a" and "b"/);
  assert.throws(() => asDocker({ ...NONE, file: "a", dockerfile: "b" }, ["a"]), /they mean the same/);
});

test("U10: withMediaTypes() gives --format to outputs that say nothing of it", () => {
  const image = { type: "image", names: ["a"], push: false } as const;
  assert.deepEqual(withMediaTypes([], { format: "docker", tag: ["a"] }), [{ ...image, ociMediaTypes: false }]);
  assert.deepEqual(withMediaTypes([{ ...image, ociMediaTypes: true }], { format: "docker", tag: [] }), [{ ...image, ociMediaTypes: true }]);
  assert.deepEqual(withMediaTypes([{ type: "local", dest: "x" }], { format: "oci", tag: [] }), [{ type: "local", dest: "x" }]);
  assert.deepEqual(withMediaTypes([], { tag: ["a"] }), []);
});

test("U10: registryEnv() reads --authfile alone, and refuses --tls-verify=false", () => {
  const env = { REGISTRY_AUTH_FILE: "/other", DOCKER_AUTH_CONFIG: "{}", A: "b" };
  const context = { env, cwd: "/work" };
  assert.deepEqual(registryEnv({ authfile: "auth.json" }, context), {
    REGISTRY_AUTH_FILE: "/work/auth.json",
    DOCKER_AUTH_CONFIG: undefined,
    A: "b",
  });
  assert.equal(registryEnv({ "tls-verify": true }, context), env);
  assert.throws(() => registryEnv({ "tls-verify": false }, context), {
    hint: 'Write "insecure = true" for the registry into registries.conf',
  });
});
