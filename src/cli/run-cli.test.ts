import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { VERSION } from "../version.ts";
import { BUILD_OPTION_GROUPS, BUILD_OPTION_TABLE } from "./build-options.ts";
import { COMMANDS, GROUPS } from "./commands.ts";
import { Interrupted, type CliContext, type OutputStream } from "./context.ts";
import { runCli } from "./run-cli.ts";

/** Runs a command line without a process. */
async function run(
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: "", err: "" };
  const stream = (name: "out" | "err"): OutputStream => ({
    write: async (data) => {
      texts[name] += typeof data === "string" ? data : Buffer.from(data).toString();
    },
    isTerminal: false,
    color: false,
    size: () => ({ columns: 80, rows: 24 }),
  });
  const context: CliContext = {
    env: {},
    cwd: "/",
    stdin: (async function* () {})(),
    stdout: stream("out"),
    stderr: stream("err"),
    signal,
    forwardSignals: () => ({ [Symbol.dispose]: () => undefined }),
  };
  const code = await runCli(args, context);
  return { code, ...texts };
}

test("runCli() prints the version of package.json", async () => {
  const { version }: { version?: unknown } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
  assert.equal(VERSION, version);
  assert.match((await run(["version"])).out, new RegExp(`^decant ${VERSION} \\(node `));
  assert.equal((await run(["--version"])).out, (await run(["version"])).out);
});

for (const [shell, file] of [
  ["bash", "decant.bash"],
  ["zsh", "_decant"],
  ["fish", "decant.fish"],
] as const)
  test(`U11: runCli() prints the completion of ${shell}`, async () => {
    const out = readFileSync(join(import.meta.dirname, "../../completions", file), "utf8");
    assert.deepEqual(await run(["completion", shell]), { code: 0, out, err: "" });
  });

test("U11: runCli() knows no completion of other shells", async () => {
  for (const words of [["tcsh"], ["__proto__"], ["bash", "zsh"]])
    assert.match((await run(["completion", ...words])).err, /^ERROR: Cannot complete in ".*": wanted bash, zsh or fish\n/);
});

test("runCli() suggests the command that was meant", async () => {
  const want = 'ERROR: Cannot run command "biuld": there is no such command\n\nHint: Did you mean "decant build"?\n';
  assert.deepEqual(await run(["biuld"]), { code: 1, out: "", err: want });
  assert.equal((await run(["__proto__"])).code, 1);
});

const mistakes = [
  [["base", "lokc"], 'Cannot run command "base lokc": there is no such command', 'Did you mean "decant base lock"?'],
  [["base", "frobnicate"], 'Cannot run command "base frobnicate": there is no such command', "See: decant base --help"],
  [["help", "base", "lokc"], 'Cannot run command "base lokc": there is no such command', 'Did you mean "decant base lock"?'],
  [["base", "--locked"], 'Cannot run command "base --locked": there is no such command', "See: decant base --help"],
  [["bsae", "list"], 'Cannot run command "bsae": there is no such command', 'Did you mean "decant base"?'],
  // The critical stranger: an option that a command would pass over in silence is an error.
  [
    ["build", "--plan", "--report", "r.html", "."],
    "Cannot use --report with --plan: only a build writes it",
    "Leave --report out, or build",
  ],
  [["plan", "--iidfile", "id", "."], "Cannot use --iidfile with --plan: only a build writes it", "Leave --iidfile out, or build"],
  [
    ["build", "--check", "--report", "r.html", "."],
    "Cannot use --report with --check: only a build writes it",
    "Leave --report out, or build",
  ],
  [["build", "--plan", "--check", "."], "Cannot use --plan with --check: each is there instead of the build", "Leave one out"],
  [["build", "--plan", "--call=outline", "."], "Cannot use --plan with --call: each is there instead of the build", "Leave one out"],
  [
    ["build", "--on-error", "shell", "--progress", "rawjson", "."],
    "Cannot use --on-error shell with --progress rawjson: beside a shell, progress is plain",
    "Leave --progress rawjson out",
  ],
  [
    ["build", "--on-error", "shell", "-q", "."],
    "Cannot use --on-error shell with --quiet: beside a shell, progress is plain",
    "Leave --quiet out",
  ],
  [["plan", "--jsno", "."], 'Cannot use option --jsno: "decant plan" has no such option', "Did you mean --json?"],
  [["frobnicate"], 'Cannot run command "frobnicate": there is no such command', "See: decant help"],
] as const;
for (const [args, message, hint] of mistakes) {
  test(`runCli() tells what was meant by ${args.join(" ")}`, async () => {
    assert.deepEqual(await run(args), { code: 1, out: "", err: `ERROR: ${message}\n\nHint: ${hint}\n` });
  });
}

for (const group of Object.keys(GROUPS)) {
  test(`runCli() prints the commands of ${group}, however it is asked`, async (context) => {
    const { code, out } = await run([group]);
    assert.equal(code, 0);
    context.assert.fileSnapshot(out, join(import.meta.dirname, `testdata/help-${group}.txt`), {
      serializers: [(value: unknown) => String(value)],
    });
    for (const args of [
      [group, "--help"],
      [group, "-h"],
      [group, "help"],
      ["help", group],
    ])
      assert.equal((await run(args)).out, out);
    assert.equal((await run([group, "help", "list"])).out, (await run([group, "list", "--help"])).out);
  });
}

test("runCli() prints help for no words, help and --help", async (context) => {
  const { code, out } = await run([]);
  assert.equal(code, 0);
  context.assert.fileSnapshot(out, join(import.meta.dirname, "testdata/help.txt"), { serializers: [(value: unknown) => String(value)] });
  for (const args of [["help"], ["--help"], ["-h"]]) assert.equal((await run(args)).out, out);
});

for (const name of Object.keys(COMMANDS)) {
  test(`runCli() prints the help of ${name}`, async (context) => {
    const { code, out } = await run([...name.split(" "), "--help"]);
    assert.equal(code, 0);
    context.assert.fileSnapshot(out, join(import.meta.dirname, `testdata/help-${name.replace(" ", "-")}.txt`), {
      serializers: [(value: unknown) => String(value)],
    });
    assert.equal((await run(["help", ...name.split(" ")])).out, out);
  });
}

test("runCli() refuses a flag of docker that is not supported, by name", async () => {
  const { code, err } = await run(["build", "--policy=x", "."]);
  assert.equal(code, 1);
  assert.match(err, /^ERROR: Option --policy of "decant build" is not supported yet\n\nHint: .*\(docs\/reference\/support\.md#F137\)\n$/);
});

test("runCli() gives 130 when Ctrl-C ended the work", async () => {
  const { code, err } = await run(["build", "/nonexistent"], AbortSignal.abort(new Interrupted(130)));
  assert.deepEqual({ code, err }, { code: 130, err: "Cancelled\n" });
});

test("the help of decant build has each option under one heading", () => {
  assert.deepEqual(Object.values(BUILD_OPTION_GROUPS).flat().toSorted(), Object.keys(BUILD_OPTION_TABLE).toSorted());
});
