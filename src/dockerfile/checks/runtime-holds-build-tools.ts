/** Decant's RuntimeHoldsBuildTools. */
import { heldTools } from "./held-tools.ts";
import { atInstruction, atStep, decantRule } from "./rule.ts";
import { runText } from "./run-text.ts";
import { repositoryOf, rootImage, runSteps, shippedStages } from "./shipped.ts";
import type { CheckedDockerfile, Finding, Rule } from "./types.ts";

const TOOLCHAINS: ReadonlySet<string> = new Set([
  "buildpack-deps",
  "gcc",
  "golang",
  "gradle",
  "haskell",
  "maven",
  "mcr.microsoft.com/dotnet/sdk",
  "rust",
]);
const INSTALL = /\b(?:apt-get|apt|apk|dnf|microdnf|yum|zypper)\b[^;&|]{0,2000}?\b(?:install|add)\b([^;&|]{0,4000})/g;
const REMOVE = /\b(?:apt-get|apt|dnf|microdnf|yum|zypper)\b[^;&|]{0,200}?\b(?:purge|remove|autoremove)\b|\bapk\s+del\b/;
const TOOL = /^(?:build-essential|build-base|gcc|g\+\+|clang|make|cmake|cargo|rustc|golang|golang-go|go|python3?-dev|linux-headers)$/;
const MAX_TEXT = 65_536;

/** Compilers in what ships: they belong in a stage that the result only copies from. */
export const runtimeHoldsBuildTools: Rule = {
  ...decantRule("RuntimeHoldsBuildTools", "The result should not hold compilers and other build tools", function* (dockerfile) {
    const held = heldTools(dockerfile, "compiler");
    for (const { shown, image, stage, range } of held ?? []) {
      const message = `The result holds ${shown}${image === undefined ? "" : `, which ${shown.includes(" and ") ? "come" : "comes"} with ${image}`}`;
      if (range === undefined)
        yield atInstruction(stage.stage.from, `${message}: copy what was built to a smaller base`, stage.stage.from.image.range);
      else yield* atRange(dockerfile, range, `${message}: install them in a stage of their own, and copy what they made`);
    }
    if (held === undefined) yield* byNames(dockerfile);
    // What steps install is not in the base.
    else if (dockerfile.options.built === undefined) yield* byCommands(dockerfile);
  }),
  afterBuild: true,
};

/** At the instruction of the result with this range; at a FROM for a trigger of an image. */
export function* atRange(dockerfile: CheckedDockerfile, range: Finding["range"], message: string): Generator<Finding> {
  for (const { steps } of shippedStages(dockerfile)) {
    const step = steps.find(({ instruction }) => instruction.range === range);
    if (step === undefined) continue;
    yield atStep(step, message);
    return;
  }
}

function* byNames(dockerfile: CheckedDockerfile): Generator<Finding> {
  const root = shippedStages(dockerfile).at(-1);
  if (root !== undefined && TOOLCHAINS.has(repositoryOf(rootImage(root)))) {
    const message = `The result is built on ${rootImage(root)}, which holds a whole toolchain: copy what it made to a smaller base`;
    yield atInstruction(root.stage.from, message, root.stage.from.image.range);
  }
  yield* byCommands(dockerfile);
}

function* byCommands(dockerfile: CheckedDockerfile): Generator<Finding> {
  for (const { step, run } of runSteps(shippedStages(dockerfile))) {
    const text = runText(run).slice(0, MAX_TEXT);
    if (REMOVE.test(text)) continue;
    const tools = new Set<string>();
    for (const [, words = ""] of text.matchAll(INSTALL)) for (const word of words.split(/[\s\\]+/)) if (TOOL.test(word)) tools.add(word);
    if (tools.size > 0) yield atStep(step, `The result holds build tools (${[...tools].join(", ")}): install them in a stage of their own`);
  }
}
