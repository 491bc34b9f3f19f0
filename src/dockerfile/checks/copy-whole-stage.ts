/** Decant's CopyWholeStage. */
import { formatSize } from "../../bytes.ts";
import type { CopiedPart, CopyFacts } from "../../facts/index.ts";
import { joinWorkdir } from "../plan/workdir.ts";
import { atStep, decantRule } from "./rule.ts";
import { runText } from "./run-text.ts";
import { shippedStages } from "./shipped.ts";
import type { CheckedDockerfile, CheckedStage, CheckedStep, Finding, Rule } from "./types.ts";

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
export const copyWholeStage: Rule = {
  ...decantRule("CopyWholeStage", "Copy what a build made, not the folder that it worked in", function* (dockerfile) {
    const { stages, options } = dockerfile;
    if (options.built !== undefined) {
      yield* measured(dockerfile, options.built.copies);
      return;
    }
    for (const { steps } of stages) {
      for (const step of steps) {
        const { instruction, values } = step;
        if (instruction.kind !== "copy" || instruction.from === undefined) continue;
        const source = stages[step.from?.kind === "stage" ? step.from.index : -1];
        if (source === undefined) continue;
        for (const [index, word] of instruction.sources.entries()) {
          const path = joinWorkdir("/", values[index] ?? "");
          const installer = installedIn(source, path);
          if (installer === undefined) continue;
          const message = `COPY takes all of ${path}, where ${installer.name} ran: ${installer.leaves} come along`;
          yield atStep(step, message, word.range);
        }
      }
    }
  }),
  afterBuild: true,
};

/** Less than this is not worth a word. */
const MIN_BYTES = 100_000;
const SHOWN_PARTS = 5;

/** What copies really brought, and how much of it the result does not need. */
function* measured(dockerfile: CheckedDockerfile, copies: ReadonlyMap<Finding["range"], CopyFacts>): Generator<Finding> {
  for (const { steps } of shippedStages(dockerfile)) {
    for (const step of steps) {
      const { instruction } = step;
      const facts = instruction.kind === "copy" ? copies.get(instruction.range) : undefined;
      if (instruction.kind !== "copy" || facts === undefined) continue;
      const isLarge = facts.parts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) >= MIN_BYTES;
      const isCertain = facts.parts.some(({ kind }) => kind === "development packages" || kind === "history of git");
      if (isLarge || isCertain) yield atStep(step, messageOf(step, facts), instruction.sources[0]?.range);
    }
  }
}

function messageOf({ instruction, values }: CheckedStep, { parts, sizeBytes, files }: CopyFacts): string {
  const from = instruction.kind === "copy" && instruction.from !== undefined ? ` of "${instruction.from.text}"` : "";
  const what = values
    .slice(0, -1)
    .map((value) => joinWorkdir("/", value))
    .join(", ");
  const large = parts.filter((part) => part.sizeBytes >= MIN_BYTES);
  const shown = (large.length === 0 ? parts : large).slice(0, SHOWN_PARTS);
  const listed = shown.map(describe);
  if (parts.length > shown.length) listed.push(`and ${parts.length - shown.length} more`);
  const unneeded = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  return (
    `COPY takes ${what}${from}: ${formatSize(sizeBytes)} in ${files} files, of which ${formatSize(unneeded)} are for building only\n` +
    `${listed.join("\n")}\n${adviceFor(parts)}`
  );
}

function describe({ path, kind, sizeBytes, largest, count, wholeBytes }: CopiedPart): string {
  if (kind !== "development packages") return `${path} ${formatSize(sizeBytes)} (${kind})`;
  const names = largest.map(({ name, sizeBytes: bytes }) => `${name} ${formatSize(bytes)}`);
  const more = count > largest.length ? ", …" : "";
  const packages = count === 1 ? "1 development package" : `${count} development packages`;
  return `${path} ${formatSize(wholeBytes)}, of which ${formatSize(sizeBytes)} in ${packages} (${names.join(", ")}${more})`;
}

function adviceFor(parts: readonly CopiedPart[]): string {
  return parts.some(({ kind }) => kind === "development packages")
    ? 'Run "npm prune --omit=dev" at the end of the build stage, and copy only what the program needs'
    : "Copy only what the program needs";
}

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
