/** Decant's CopyWholeStage. */
import { stageIndex } from "./needs.ts";
import { atStep, decantRule } from "./rule.ts";
import { runText } from "./run-text.ts";
import { joinPath } from "./stage-walk.ts";
import type { CheckedStage, Rule } from "./types.ts";

interface Installer {
  readonly name: string;
  readonly matches: RegExp;
  /** Where it is used, what is left is what ships. */
  readonly unless?: RegExp;
  readonly leaves: string;
}

const INSTALLERS: readonly Installer[] = [
  {
    name: "npm",
    matches: /\b(?:npm\s+(?:ci|i|install)|yarn(?:\s+install)?|pnpm\s+(?:i|install))(?:\s|$)/,
    unless: /--omit[= ]dev|--only[= ]prod|--production|--prod\b|\bprune\b|\bNODE_ENV=production\b|workspaces\s+focus/,
    leaves: "development dependencies",
  },
  { name: "cargo", matches: /\bcargo\s+build\b/, leaves: "sources and intermediate files" },
  { name: "go", matches: /\bgo\s+build\b/, leaves: "sources" },
];

/** The folder of a whole build copied into another stage: what the build needed comes along. */
export const copyWholeStage: Rule = decantRule(
  "CopyWholeStage",
  "Copy what a build made, not the folder that it worked in",
  function* ({ parsed, stages }) {
    for (const { steps } of stages) {
      for (const step of steps) {
        const { instruction, values } = step;
        if (instruction.kind !== "copy" || instruction.from === undefined) continue;
        const source = stages[stageIndex(parsed.stages, instruction.from.text) ?? -1];
        if (source === undefined) continue;
        for (const [index, word] of instruction.sources.entries()) {
          const path = joinPath("/", values[index] ?? "");
          const installer = installedIn(source, path);
          if (installer === undefined) continue;
          const message = `COPY takes all of ${path}, where ${installer.name} ran: ${installer.leaves} come along`;
          yield atStep(step, message, word.range);
        }
      }
    }
  },
);

/** What ran at or below `path` in the stage or those it is from. */
function installedIn(source: CheckedStage, path: string): Installer | undefined {
  const chain: CheckedStage[] = [];
  for (let stage: CheckedStage | undefined = source; stage !== undefined; stage = stage.parent) chain.push(stage);
  const runs = chain
    .flatMap(({ steps }) => steps)
    .flatMap(({ instruction, workdir }) => (instruction.kind === "run" ? [{ text: runText(instruction), workdir }] : []));
  const env = chain.flatMap(({ steps }) => steps).flatMap(({ instruction }) => (instruction.kind === "env" ? [instruction.line] : []));
  return INSTALLERS.find(({ matches, unless }) => {
    if (unless !== undefined && [...runs.map(({ text }) => text), ...env].some((text) => unless.test(text))) return false;
    return runs.some(({ text, workdir }) => workdir !== "/" && isAtOrBelow(workdir, path) && matches.test(text));
  });
}

function isAtOrBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? folder : `${folder}/`);
}
