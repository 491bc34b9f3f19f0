/** U8: options of the wrong type, unknown ones, and functions of the caller that fail: each an error with a code. */
import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as decant from "../../index.ts";
import { isDecantError } from "../../errors.ts";

type Call = (options: unknown) => unknown;
// As a caller without TypeScript sees the library.
const library = decant as unknown as Readonly<Record<string, Call>>;

/** What the call rejects with; a run is iterated to its end first, which must never throw. */
async function failureOf(name: string, options: unknown): Promise<unknown> {
  try {
    const given = library[name]?.(options);
    if (typeof given === "object" && given !== null && Symbol.asyncIterator in given) {
      await using run = given as decant.Run<unknown>;
      for await (const event of run) assert.ok(event);
      await run.result;
    } else await given;
    return undefined;
  } catch (error) {
    return error;
  }
}

const ROWS: readonly (readonly [name: string, options: unknown, message: string, hint?: string])[] = [
  ["build", undefined, "Cannot use the options of build(): it is undefined; wanted an object"],
  ["build", "app", "Cannot use the options of build(): it is a text; wanted an object"],
  ["build", {}, 'Cannot use option "context" of build(): it is missing'],
  ["build", { context: ".", tags: "x" }, 'Cannot use option "tags" of build(): it is a text; wanted a list'],
  ["build", { context: ".", tags: [1] }, 'Cannot use option "tags.0" of build(): it is the number 1; wanted a text'],
  [
    "build",
    { context: ".", outputs: [{ type: "zip" }] },
    'Cannot use option "outputs.0.type" of build(): it is "zip"; wanted "image", "registry", "oci", "docker", "local", "tar", "cacheonly"',
  ],
  [
    "build",
    { context: ".", outputs: [{ type: "oci", tar: true, names: [] }] },
    'Cannot use option "outputs.0.dest" of build(): it is missing',
  ],
  [
    "build",
    { context: ".", outputs: [{ type: "tar", dest: "x", names: [] }] },
    'Cannot use option "outputs.0.names" of build(): there is no such option',
  ],
  ["build", { context: ".", outputs: {} }, 'Cannot use option "outputs" of build(): it is an object; wanted a list'],
  [
    "build",
    { context: ".", network: "bridge" },
    'Cannot use option "network" of build(): it is "bridge"; wanted "default", "host", "none"',
  ],
  ["build", { context: ".", tgas: ["x"] }, 'Cannot use option "tgas" of build(): there is no such option', 'Did you mean "tags"?'],
  ["build", { context: ".", buildArgs: ["A=1"] }, 'Cannot use option "buildArgs" of build(): it is a list; wanted an object'],
  ["build", { context: ".", buildArgs: { A: 1 } }, 'Cannot use option "buildArgs.A" of build(): it is the number 1; wanted a text'],
  [
    "build",
    { context: ".", allow: ["everything"] },
    'Cannot use option "allow.0" of build(): it is a text; wanted "network.host", "security.insecure", "device", "device=NAME" or "buildx.local.delete"',
  ],
  ["build", { context: ".", signal: {} }, 'Cannot use option "signal" of build(): it is an object; wanted an AbortSignal'],
  ["build", { context: ".", stdout: "-" }, 'Cannot use option "stdout" of build(): it is a text; wanted a function'],
  [
    "build",
    { context: "-", stdin: "FROM scratch" },
    'Cannot use option "stdin" of build(): it is a text; wanted an async iterable of Uint8Array',
  ],
  [
    "build",
    { context: ".", shmSizeBytes: -1 },
    'Cannot use option "shmSizeBytes" of build(): it is the number -1; wanted a whole number, 0 or more',
  ],
  [
    "build",
    { context: ".", secrets: [{ id: "a", value: 7 }] },
    'Cannot use option "secrets.0.value" of build(): it is the number 7; wanted a text or bytes',
  ],
  ["build", { context: ".", noCache: "yes" }, 'Cannot use option "noCache" of build(): it is a text; wanted true or false'],
  ["checkDockerfile", {}, 'Cannot use option "context" of checkDockerfile(): it is missing'],
  [
    "outline",
    { context: ".", platforms: [] },
    'Cannot use option "platforms" of outline(): there is no such option',
    'Did you mean "platform"?',
  ],
  ["targets", null, "Cannot use the options of targets(): it is null; wanted an object"],
  ["dockerfileGraph", { context: 1 }, 'Cannot use option "context" of dockerfileGraph(): it is the number 1; wanted a text'],
  ["listImages", { rot: "x" }, 'Cannot use option "rot" of listImages(): there is no such option', 'Did you mean "root"?'],
  ["inspectImage", {}, 'Cannot use option "image" of inspectImage(): it is missing'],
  ["removeImages", { images: "app" }, 'Cannot use option "images" of removeImages(): it is a text; wanted a list'],
  ["pruneStore", { olderThanMs: "1h" }, 'Cannot use option "olderThanMs" of pruneStore(): it is a text; wanted a number, 0 or more'],
  ["pullImage", { image: ["app"] }, 'Cannot use option "image" of pullImage(): it is a list; wanted a text'],
  ["pushImage", { image: "app", rewriteTimestamp: true }, 'Cannot use option "rewriteTimestamp" of pushImage(): there is no such option'],
  ["importImage", { name: "x" }, 'Cannot use option "file" of importImage(): it is missing'],
  ["auditImage", { image: "x", policy: { allow: [{}] } }, 'Cannot use option "policy.allow.0.reason" of auditImage(): it is missing'],
  ["sbomOf", { image: "x", format: "xml" }, 'Cannot use option "format" of sbomOf(): it is "xml"; wanted "spdx", "cyclonedx"'],
  ["runImage", { image: "x", network: "bridge" }, 'Cannot use option "network" of runImage(): it is "bridge"; wanted "host", "none"'],
  ["buildBase", {}, 'Cannot use option "base" of buildBase(): it is missing'],
  ["showBase", { base: "x", jobs: 1.5 }, 'Cannot use option "jobs" of showBase(): it is the number 1.5; wanted a whole number, 0 or more'],
  ["lockBase", { base: "x", write: 0 }, 'Cannot use option "write" of lockBase(): it is the number 0; wanted true or false'],
  ["diffBases", { before: "x" }, 'Cannot use option "after" of diffBases(): it is missing'],
  ["verifyBase", { base: "x", mirror: {} }, 'Cannot use option "mirror" of verifyBase(): it is an object; wanted a text'],
];

for (const [name, options, message, hint] of ROWS)
  test(`U8: ${name}(${JSON.stringify(options) ?? "undefined"}) is an error of use`, async () => {
    const error = await failureOf(name, options);
    assert.ok(isDecantError(error, "USAGE"), String(error));
    assert.equal(error.message, message);
    if (hint !== undefined) assert.equal(error.hint, hint);
  });

test("U8: an option that holds a secret is not quoted", async () => {
  const error = await failureOf("build", { context: ".", secrets: "hunter2" });
  assert.ok(isDecantError(error, "USAGE"));
  assert.doesNotMatch(JSON.stringify(error) + error.message, /hunter2/);
});

for (const [name, callbacks] of [
  ["stdout", { outputs: [{ type: "tar", dest: "-" }], stdout: () => Promise.reject(new Error("no more")) }],
  ["onAudit", { audit: "warn", onAudit: () => assert.fail("no more") }],
  [
    "stdin",
    {
      file: "-",
      stdin: new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("no more")) }),
    },
  ],
] as const)
  test(`U8: a function ${name} that fails ends the build with an error of its caller`, async () => {
    await using at = await mkdtempDisposable(join(tmpdir(), "decant-options-"));
    await writeFile(join(at.path, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const error = await failureOf("build", { root: join(at.path, "store"), env: {}, context: at.path, ...callbacks });
    assert.ok(isDecantError(error, "USAGE"), String(error));
    assert.equal(error.message, `Cannot go on: the function ${name} of the caller failed: no more`);
    assert.ok(error.cause instanceof Error);
  });
