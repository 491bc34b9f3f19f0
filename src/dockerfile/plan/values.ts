/** What the words of one instruction come to, and which variables they ask for in vain (rules S15 to S23). */
import type { SourceRange } from "../../source.ts";
import { type Expansion, expandWord, expandWords } from "../expand.ts";
import { resolveMount } from "../instructions/mount.ts";
import { suggest } from "../suggest.ts";
import type { AddInstruction, ArgInstruction, CopyInstruction, EscapeToken, Stage, StageInstruction, Word } from "../types.ts";
import { copyFrom, mountFrom, type StageNames } from "./sources.ts";
import type { CopyValues, StepValues, UndefinedVariable } from "./types.ts";
import { normalizeWorkdir } from "./workdir.ts";

/** What is known of a stage at an instruction. */
export interface Scope {
  readonly names: StageNames;
  readonly stage: Stage;
  readonly escape: EscapeToken;
  readonly globals: ReadonlyMap<string, string>;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The environment of RUN steps, the last set last. */
  readonly env: Map<string, string>;
  /** Declared ARGs, with their values where they have any. */
  readonly args: Map<string, string | undefined>;
  workdir: string | undefined;
  /** False when the base's variables are not known: then no variable can be called undefined. */
  readonly isComplete: boolean;
}

/** Values, and what was not there. */
interface ReadWords {
  readonly values: StepValues;
  readonly undefinedVariables: readonly UndefinedVariable[];
}

/** They never reach the environment (rule S31) and are defined anyway. */
export const SBOM_ARGUMENTS: ReadonlySet<string> = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);
/** Did-you-mean compares with so many names: a file of a hundred thousand must not take its square. */
const MAX_CANDIDATES = 200;

interface Words {
  /** Expands, and notes variables that are not there. */
  readonly one: (word: Word) => string;
  readonly note: (expansion: Pick<Expansion, "unmatched">, range: SourceRange) => void;
}

/** Expands the words that BuildKit expands, in its order. Throws `DOCKERFILE_SEMANTIC` as expansion and the sources of files do. */
export function readWords(instruction: StageInstruction, scope: Scope): ReadWords {
  const undefinedVariables: UndefinedVariable[] = [];
  const note: Words["note"] = ({ unmatched }, range) => void undefinedVariables.push(...undefinedOf(unmatched, scope, range));
  const one: Words["one"] = (word) => {
    const expansion = expandWord(word.text, scope.env, { escape: scope.escape, range: word.range });
    note(expansion, word.range);
    return expansion.value;
  };
  return { values: valuesOf(instruction, scope, { one, note }), undefinedVariables };
}

function undefinedOf(names: readonly string[], scope: Scope, range: SourceRange): UndefinedVariable[] {
  if (!scope.isComplete) return [];
  return names
    .filter((name) => !scope.args.has(name) && !SBOM_ARGUMENTS.has(name))
    .map((name) => ({ name, suggestion: suggest(name, [...scope.env.keys().take(MAX_CANDIDATES)]), range }));
}

function valuesOf(instruction: StageInstruction, scope: Scope, words: Words): StepValues {
  const { one } = words;
  switch (instruction.kind) {
    case "env":
    case "label":
      return { kind: instruction.kind, pairs: instruction.pairs.map(({ key, value }) => ({ key: one(key), value: one(value) })) };
    case "arg":
      return { kind: "arg", args: declaredArgs(instruction, scope, words) };
    case "copy":
    case "add":
      return copyValues(instruction, scope, words);
    case "run":
      return {
        kind: "run",
        instruction,
        mounts: instruction.mounts.map((flag) => ({
          mount: resolveMount(flag, (text, range) => one({ text, range })),
          from: mountFrom(scope.names, scope.stage, flag),
        })),
      };
    case "workdir": {
      const written = one(instruction.path);
      return { kind: "workdir", instruction, path: normalizeWorkdir(scope.workdir, written), written };
    }
    case "user":
      return { kind: "user", instruction, user: one(instruction.user) };
    case "volume":
      return { kind: "volume", instruction, paths: instruction.paths.map(one) };
    case "stopsignal":
      return { kind: "stopsignal", instruction, signal: one(instruction.signal) };
    case "expose":
      return {
        kind: "expose",
        instruction,
        // BuildKit does not report variables here.
        words: instruction.ports.flatMap(({ text, range }) =>
          expandWords(text, scope.env, { escape: scope.escape, range }).words.map((word) => ({ text: word, range })),
        ),
      };
    case "cmd":
    case "entrypoint":
    case "healthcheck":
    case "maintainer":
    case "onbuild":
    case "shell":
      return { kind: "fixed", instruction };
    default:
      return instruction satisfies never;
  }
}

/**
 * ARG: --build-arg, else its default, else the global value (rule S26). Each value sees those before it, so the scope is changed here, and a
 * name that comes later in the line is declared by then.
 */
function declaredArgs(instruction: ArgInstruction, scope: Scope, words: Words): { key: string; value: string | undefined }[] {
  return instruction.args.map(({ key: { text: key }, value: written }) => {
    const given = Object.hasOwn(scope.buildArgs, key) ? scope.buildArgs[key] : undefined;
    const value = given ?? (written === undefined ? scope.globals.get(key) : words.one(written));
    scope.args.set(key, value);
    if (value !== undefined && !SBOM_ARGUMENTS.has(key)) setLast(scope.env, key, value);
    return { key, value };
  });
}

function copyValues(instruction: CopyInstruction | AddInstruction, scope: Scope, { one, note }: Words): CopyValues {
  const { excludes, heredocs } = instruction;
  const optional = (word: Word | undefined): string => (word === undefined ? "" : one(word));
  const chown = optional(instruction.chown);
  const chmod = optional(instruction.chmod);
  const checksum = instruction.kind === "add" && instruction.checksum !== undefined ? one(instruction.checksum) : undefined;
  return {
    kind: "copy",
    instruction,
    from: copyFrom(scope.names, scope.stage, instruction),
    chown,
    chmod,
    checksum,
    sources: instruction.sources.map((word) => ({ text: one(word), range: word.range })),
    destination: one(instruction.destination),
    // BuildKit does not report variables here.
    excludes: excludes.map(({ text, range }) => expandWord(text, scope.env, { escape: scope.escape, range }).value),
    documents: heredocs.map(({ content, expand, range }) => {
      if (!expand) return content;
      const expansion = expandWord(content, scope.env, { escape: "\\", range, quotes: "ignore" });
      note(expansion, range);
      return expansion.value;
    }),
  };
}

/** Sets a variable; the last one set comes last, as BuildKit orders them. */
export function setLast(env: Map<string, string>, key: string, value: string): void {
  env.delete(key);
  env.set(key, value);
}
