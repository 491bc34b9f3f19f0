/** U10: a hint never proposes what is itself refused. Walks all hints that name an option. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SUPPORT } from "../support.ts";
import { parseCommandLine } from "./args.ts";
import type { Command, CommandSpec } from "./command.ts";
import { COMMANDS, commandNames } from "./commands.ts";
import { FOREIGN_COMMANDS } from "./foreign-commands.ts";

const specs = new Map<string, CommandSpec>();
for (const [name, { load }] of Object.entries(COMMANDS)) {
  const { command }: { readonly command: Command } = await load();
  specs.set(name, command.spec);
}

/** Options of a Dockerfile's instructions, and of other programs that hints name. */
const ELSEWHERE = /\b(?:RUN|COPY|ADD|FROM|WORKDIR|docker|sudo|systemd-run|npm|git|apt-get|mount|curl|tar|xz|pip|gpg)\b[^,;:]*$/;

/** What a hint says of an option of `spec` that does not work. A "decant COMMAND" in the hint before the option is meant instead. */
function problemsOf(hint: string, spec: CommandSpec | undefined): string[] {
  return [...hint.matchAll(/--([a-z][a-z-]*[a-z])/g)].flatMap(({ 1: option = "", index }) => {
    const before = hint.slice(0, index);
    const named = commandNames()
      .map(([name, command]) => ({ command, at: before.lastIndexOf(`decant ${name} `) }))
      .toSorted((a, b) => b.at - a.at)[0];
    if (named !== undefined && named.at >= 0)
      return hasOption(specs.get(named.command), option) ? [] : [`decant ${named.command} --${option}`];
    if (ELSEWHERE.test(before)) return [];
    const isThere = spec === undefined ? [...specs.values()].some((each) => hasOption(each, option)) : hasOption(spec, option);
    return isThere ? [] : [`--${option}`];
  });
}

function hasOption(spec: CommandSpec | undefined, option: string): boolean {
  return spec !== undefined && (Object.hasOwn(spec.options, option) || option === "help");
}

for (const [name, spec] of specs) {
  test(`U10: hints of what "decant ${name}" refuses propose what it has`, () => {
    for (const [option, { hint, row }] of Object.entries({ ...spec.foreign, ...spec.unsupported })) {
      assert.ok(!Object.hasOwn(spec.options, option), `--${option} is refused and supported`);
      const text = hint ?? SUPPORT.find(({ id }) => id === row)?.hint ?? "";
      assert.deepEqual(problemsOf(text, spec), [], `--${option}: ${text}`);
    }
  });
}

test("U10: hints of the support table propose what decant build has", () => {
  const build = specs.get("build");
  for (const { id, hint = "" } of SUPPORT) assert.deepEqual(problemsOf(hint, build), [], `${id}: ${hint}`);
});

test("U10: hints anywhere in the source propose options that a command has", () => {
  // The language has flags of its own.
  const ofInstructions = new Set(["checksum", "chmod", "chown", "from", "keep-git-dir", "link", "mount", "parents", "exclude", "unpack"]);
  // Remedies of an audit are for what is in the image.
  const root = join(import.meta.dirname, "..");
  let count = 0;
  for (const file of globSync("**/*.ts", { cwd: root, exclude: ["**/*.test.ts", "**/testdata/**", "audit/**"] })) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, quote = "", hint = ""] of text.matchAll(
      /(["'`])((?:Use|Give|Leave|Pass|Name|Run|Build|Choose|Add|Write|Log|See)\b[^\n]*?)\1[,;\s})]/g,
    )) {
      if (!hint.includes("--") || hint.includes(quote)) continue;
      count += 1;
      const problems = problemsOf(hint, undefined).filter((option) => !ofInstructions.has(option.slice(2)));
      assert.deepEqual(problems, [], `${file}: ${hint}`);
    }
  }
  assert.ok(count > 20);
});

for (const typed of ["--gpu", "--cpu", "--cache-repos", "--cach-to", "--squas", "--creeds"]) {
  test(`U10: what was meant by ${typed} is nothing that is refused`, () => {
    const build = specs.get("build");
    if (build === undefined) throw new Error("there is no build");
    assert.throws(
      () => parseCommandLine(build, [typed, "."]),
      (error: Error & { readonly hint?: string }) => problemsOf(error.hint ?? "", build).length === 0,
    );
  });
}

test("U10: what other tools call a command is answered with commands that exist", () => {
  const names = new Set(commandNames().map(([name]) => name));
  for (const [typed, hint] of Object.entries(FOREIGN_COMMANDS)) {
    assert.ok(!names.has(typed), `${typed} is a command`);
    for (const [, first = "", second = ""] of hint.matchAll(/\bdecant ([a-z]+)(?: ([a-z]+))?/g))
      assert.ok(
        names.has(first) || names.has(`${first} ${second}`) || /^(?:has|takes|keeps|needs|builds|makes)$/.test(first),
        `${typed}: ${hint}`,
      );
    assert.deepEqual(problemsOf(hint, undefined), [], `${typed}: ${hint}`);
  }
});

// Advice grows old when Decant learns something: these said that there was nothing.
for (const [typed, advice] of [
  ["--cache-repo=x", /--cache-to type=registry/],
  ["--no-push-cache", /--cache-to/],
  ["--gpus=all", /--device/],
  ["--sign-by=x", /decant sign/],
] as const)
  test(`U12: the advice for ${typed} names what Decant has`, () => {
    const build = specs.get("build");
    if (build === undefined) throw new Error("there is no build");
    assert.throws(
      () => parseCommandLine(build, [typed, "."]),
      (error: Error & { readonly hint?: string }) => advice.test(error.hint ?? ""),
    );
  });

for (const [typed, advice] of [
  ["buildx ls", /decant builders ls/],
  ["compose", /decant serve/],
  ["info", /decant doctor/],
] as const)
  test(`U12: the advice for "${typed}" names what Decant has`, () => assert.match(FOREIGN_COMMANDS[typed] ?? "", advice));
