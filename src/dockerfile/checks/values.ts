/** What the words of one instruction come to, and which variables they ask for in vain. */
import type { SourceRange } from "../../source.ts";
import { type Expansion, expandWord, expandWords } from "../expand.ts";
import { resolveMount } from "../instructions/mount.ts";
import { suggest } from "../suggest.ts";
import type { EscapeToken, Mount, StageInstruction, Word } from "../types.ts";
import type { UndefinedVariable } from "./types.ts";

/** What is known of a stage at an instruction. */
export interface StageScope {
  readonly escape: EscapeToken;
  /** ENV and ARG, the last set last. */
  readonly env: Map<string, string>;
  /** Names of ARGs, also of those without a value. */
  readonly declared: Set<string>;
  /** False when the base image's variables are not known: then no variable can be called undefined. */
  readonly isComplete: boolean;
}

/** Values, and what was not there. */
export interface StepValues {
  readonly values: readonly string[];
  readonly argValues: readonly (string | undefined)[];
  readonly mounts: readonly Mount[];
  readonly undefinedVariables: readonly UndefinedVariable[];
}

/** They never reach the environment and are defined anyway. */
const NEVER_UNDEFINED: ReadonlySet<string> = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);
/** Did-you-mean compares with so many names: a file of a hundred thousand must not take its square. */
const MAX_CANDIDATES = 200;

/**
 * Expands the words that BuildKit expands, in its order. Throws `DOCKERFILE_SEMANTIC` as expansion does. ARG is not done here: each of its
 * values sees those before it.
 */
export function stepValues(instruction: StageInstruction, scope: StageScope): StepValues {
  const undefinedVariables: UndefinedVariable[] = [];
  const take = (expansion: Pick<Expansion, "unmatched">, range: SourceRange): void => {
    undefinedVariables.push(...undefinedOf(expansion.unmatched, scope, range));
  };
  const one = (word: Word): string => {
    const expansion = expandWord(word.text, scope.env, { escape: scope.escape, range: word.range });
    take(expansion, word.range);
    return expansion.value;
  };
  const mounts =
    instruction.kind === "run" ? instruction.mounts.map((flag) => resolveMount(flag, (text, range) => one({ text, range }))) : [];
  return { values: valuesOf(instruction, scope, one, take), argValues: [], mounts, undefinedVariables };
}

/** Those of `names` that are neither set nor declared. */
export function undefinedOf(names: readonly string[], scope: StageScope, range: SourceRange): UndefinedVariable[] {
  if (!scope.isComplete) return [];
  return names
    .filter((name) => !scope.declared.has(name) && !NEVER_UNDEFINED.has(name))
    .map((name) => ({ name, suggestion: suggest(name, [...scope.env.keys().take(MAX_CANDIDATES)]), range }));
}

function valuesOf(
  instruction: StageInstruction,
  scope: StageScope,
  one: (word: Word) => string,
  take: (expansion: Pick<Expansion, "unmatched">, range: SourceRange) => void,
): string[] {
  const { escape, env } = scope;
  switch (instruction.kind) {
    case "env":
    case "label":
      return instruction.pairs.flatMap(({ key, value }) => [one(key), one(value)]);
    case "copy":
    case "add": {
      for (const word of [instruction.chown, instruction.chmod]) if (word !== undefined) one(word);
      if (instruction.kind === "add" && instruction.checksum !== undefined) one(instruction.checksum);
      const paths = [...instruction.sources, instruction.destination].map(one);
      for (const { content, expand, range } of instruction.heredocs)
        if (expand) take(expandWord(content, env, { escape: "\\", range, quotes: "ignore" }), range);
      return paths;
    }
    case "workdir":
      return [one(instruction.path)];
    case "user":
      return [one(instruction.user)];
    case "volume":
      return instruction.paths.map(one);
    case "stopsignal":
      return [one(instruction.signal)];
    case "expose":
      // BuildKit does not report variables here.
      return instruction.ports.flatMap(({ text, range }) => expandWords(text, env, { escape, range }).words);
    case "arg":
    case "cmd":
    case "entrypoint":
    case "healthcheck":
    case "maintainer":
    case "onbuild":
    case "run":
    case "shell":
      return [];
    default:
      return instruction satisfies never;
  }
}
