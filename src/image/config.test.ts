import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { type ImageConfig, parseImageConfig } from "../oci/index.ts";
import { type ConfigInput, imageConfigOf } from "./config.ts";

const A = sha256("a");
const B = sha256("b");

function input(changes: Partial<ConfigInput> = {}): ConfigInput {
  return {
    platform: { os: "linux", architecture: "amd64" },
    config: {},
    history: [{ created_by: "COPY a / # buildkit" }],
    created: "2026-01-02T03:04:05Z",
    ...changes,
  };
}

const base = (changes: Readonly<Record<string, unknown>> = {}): ImageConfig =>
  parseImageConfig({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [A] },
    history: [{ created_by: "base" }],
    ...changes,
  });

test("imageConfigOf() writes the keys in BuildKit's order", () => {
  const { json } = imageConfigOf(
    input({
      config: { Shell: ["/bin/bash"], Labels: { b: "2", a: "1" }, Cmd: ["sh"], Env: ["A=1"], User: "app", WorkingDir: "/app" },
      history: [{ comment: "buildkit.dockerfile.v0", created_by: "COPY a / # buildkit", created: "2026-01-02T03:04:05Z" }],
    }),
    [A],
  );
  assert.equal(
    json,
    `{"architecture":"amd64","config":{"User":"app","Env":["A=1"],"Cmd":["sh"],"WorkingDir":"/app","Labels":{"a":"1","b":"2"},"Shell":["/bin/bash"]},` +
      `"created":"2026-01-02T03:04:05Z","history":[{"created":"2026-01-02T03:04:05Z","created_by":"COPY a / # buildkit","comment":"buildkit.dockerfile.v0"}],` +
      `"os":"linux","rootfs":{"type":"layers","diff_ids":["${A}"]}}`,
  );
});

test("imageConfigOf() leaves out what Go's omitempty leaves out", () => {
  const { config } = imageConfigOf(
    input({ config: { Entrypoint: null, Cmd: [], Volumes: {}, User: "", ArgsEscaped: false, OnBuild: null } }),
    [A],
  );
  assert.deepEqual(config.config, {});
});

test("imageConfigOf() keeps the unknown fields of the base, at both levels", () => {
  const { config } = imageConfigOf(
    input({
      base: base({ "com.example.extra": { kept: true }, config: { Env: ["OLD=1"], Memory: 7 } }),
      config: { Env: ["NEW=1"] },
      history: [{ created_by: "base" }, { created_by: "ours" }],
    }),
    [A, B],
  );
  const { "com.example.extra": extra, config: container } = Object.fromEntries(Object.entries(config));
  assert.deepEqual(extra, { kept: true });
  assert.deepEqual(container, { Env: ["NEW=1"], Memory: 7 });
});

test("imageConfigOf() takes known fields from the build only", () => {
  const { config } = imageConfigOf(input({ base: base({ config: { Cmd: ["old"], User: "old" } }), config: {} }), [A]);
  assert.deepEqual(config.config, {});
});

test("imageConfigOf() keeps the base's author unless the build has one", () => {
  const withAuthor = base({ author: "them" });
  assert.equal(imageConfigOf(input({ base: withAuthor }), [A]).config.author, "them");
  assert.equal(imageConfigOf(input({ base: withAuthor, author: "us" }), [A]).config.author, "us");
});

test("imageConfigOf() writes the platform of the build over the base's", () => {
  const { config } = imageConfigOf(
    input({ base: base({ architecture: "arm", variant: "v7" }), platform: { os: "linux", architecture: "arm64" } }),
    [A],
  );
  assert.equal(config.architecture, "arm64");
  assert.equal(config.variant, undefined);
});

test("imageConfigOf() refuses a history that does not name every layer", () => {
  assert.throws(
    () => imageConfigOf(input({ history: [{ created_by: "one" }, { created_by: "ENV", empty_layer: true }] }), [A, B]),
    (error) => isDecantError(error, "INTERNAL") && /names 1 layers; the image has 2/.test(error.message),
  );
});

const repairs: { name: string; baseHistory: readonly object[] | undefined; want: string[] }[] = [
  { name: "has none", baseHistory: undefined, want: ["(decant: not in the base's history)", "ours"] },
  {
    name: "names no layer",
    baseHistory: [{ created_by: "ENV", empty_layer: true }],
    want: ["ENV empty", "(decant: not in the base's history)", "ours"],
  },
  { name: "names too many", baseHistory: [{ created_by: "1" }, { created_by: "2" }], want: ["1", "2 empty", "ours"] },
];
for (const { name, baseHistory, want } of repairs) {
  test(`imageConfigOf() repairs the history of a base that ${name}`, () => {
    const from = base({ history: baseHistory });
    const { config } = imageConfigOf(input({ base: from, history: [...(from.history ?? []), { created_by: "ours" }] }), [A, B]);
    const shown = (config.history ?? []).map(
      (entry) => `${entry.created_by ?? `(${entry.comment})`}${entry.empty_layer === true ? " empty" : ""}`,
    );
    assert.deepEqual(shown, want);
  });
}
