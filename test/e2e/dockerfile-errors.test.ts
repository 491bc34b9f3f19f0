/**
 * Every message about a mistake in a Dockerfile, as the command prints it: file, line and column, the lines with the words marked, what is
 * wrong, what to do. The page is testdata/dockerfile-errors.txt; after a change, run this file with --test-update-snapshots and read the diff.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { CliContext, OutputStream } from "../../src/cli/context.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import { type Mistake, MISTAKES } from "../support/dockerfile-mistakes.ts";

const PAGE = join(import.meta.dirname, "testdata/dockerfile-errors.txt");

/** What `decant build` prints for it on standard error. */
async function messageOf(
  { dockerfile, files = {}, flags = [] }: Omit<Mistake, "name">,
  store: string,
): Promise<{ readonly code: number; readonly text: string }> {
  using folder = mkdtempDisposableSync(join(tmpdir(), "decant-mistake-"));
  const context = join(folder.path, "context");
  for (const [name, content] of Object.entries({ ...files, Dockerfile: dockerfile })) {
    const path = join(context, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, name === "Dockerfile" ? Buffer.from(dockerfile.replaceAll("\uFFFD", "\xff"), "latin1") : content);
  }
  let text = "";
  const stream = (keep: boolean): OutputStream => ({
    write: async (data) => {
      if (keep) text += typeof data === "string" ? data : Buffer.from(data).toString();
    },
    isTerminal: false,
    color: false,
    size: () => ({ columns: 120, rows: 24 }),
  });
  const cli: CliContext = {
    env: { HOME: "/root", CONTAINERS_REGISTRIES_CONF: join(dirname(store), "registries.conf") },
    cwd: context,
    stdin: (async function* () {})(),
    stdout: stream(false),
    stderr: stream(true),
    signal: new AbortController().signal,
    forwardSignals: () => ({ [Symbol.dispose]: () => undefined }),
  };
  const code = await runCli(["build", "--root", store, "--progress=quiet", ...flags, "."], cli);
  return { code, text: text.replaceAll(folder.path, "/tmp/folder") };
}

test("every mistake of a Dockerfile is told with its place and what to do", async (context) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "decant-mistakes-"));
  const store = join(folder.path, "store");
  // Names of images lead to a port that nobody listens on.
  writeFileSync(join(folder.path, "registries.conf"), '[[registry]]\nprefix = "docker.io"\nlocation = "127.0.0.1:1"\ninsecure = true\n');
  await messageOf({ dockerfile: "FROM scratch\nCOPY a /\n", files: { a: "" }, flags: ["--tag", "base:1"] }, store);
  let page = "";
  const vague: string[] = [];
  for (const mistake of MISTAKES) {
    const { code, text } = await messageOf(mistake, store);
    assert.equal(code, 1, `${mistake.name} builds`);
    assert.ok(!text.includes("This is a bug"), `${mistake.name}: ${text}`);
    // FILE:LINE:COLUMN, a mark under the words, and what to do.
    const isPlaced = /^ {2}\S+:\d+:\d+$/m.test(text) && /^ +\| +\^+$/m.test(text);
    if (!(isPlaced || mistake.hasNoWords === true) || !/^Hint: /m.test(text)) vague.push(mistake.name);
    page += `### ${mistake.name}\n\n${text}\n`;
  }
  context.assert.fileSnapshot(page, PAGE, { serializers: [(value: unknown) => String(value)] });
  assert.deepEqual(vague, []);
});
