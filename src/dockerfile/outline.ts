/**
 * What a target takes: build arguments, secrets and ssh agents, of it and of the stages that it needs (F58). Pure.
 */
import type { SourceRange } from "../source.ts";
import { walkDockerfile } from "./checks/walk.ts";
import type { CheckedDockerfile, CheckedStage, CheckOptions } from "./checks/types.ts";
import { semanticError } from "./errors.ts";
import { expandWord } from "./expand.ts";
import type { Diagnostic, ParsedDockerfile } from "./types.ts";

/** As for checks; the target is the last stage when absent. */
export type OutlineOptions = Omit<CheckOptions, "purpose" | "onlyNeeded" | "ignore" | "hasShell">;

/** A build argument. */
export interface OutlineArg {
  readonly name: string;
  /** The value that it has now; absent when it has none. */
  readonly value?: string;
  readonly description?: string;
  readonly range: SourceRange;
}

/** A secret or an ssh agent. */
export interface OutlineUse {
  readonly name: string;
  readonly required: boolean;
  readonly range: SourceRange;
}

/** What a target takes, each list in the order of the text. */
export interface Outline {
  /** Absent for a stage without a name. */
  readonly name?: string;
  readonly description?: string;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineUse[];
  readonly ssh: readonly OutlineUse[];
}

/** The outline of a file without errors (see `checkParsed`). Throws `DOCKERFILE_SEMANTIC` for what cannot be expanded, and for a target that is not there. */
export function outlineOf(parsed: ParsedDockerfile, options: OutlineOptions): Outline {
  const { dockerfile, problems } = walkDockerfile(parsed, { ...options, onlyNeeded: true });
  const [problem] = problems;
  if (problem !== undefined) throw asError(problem);
  const { target } = dockerfile;
  if (target === undefined) throw semanticError("Cannot outline: dockerfile contains no stages to build");
  const needed = dockerfile.stages.filter(({ isNeeded }) => isNeeded);
  const { name, description } = target.stage;
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    args: inOrder(args(dockerfile, needed)),
    secrets: inOrder(uses(needed, "secret")),
    ssh: inOrder(uses(needed, "ssh")),
  };
}

function asError({ message, range, hint }: Diagnostic): Error {
  return semanticError(message, { range, hint });
}

interface GlobalArg extends OutlineArg {
  /** Other global arguments that its default uses. */
  readonly uses: readonly string[];
}

function args(dockerfile: CheckedDockerfile, needed: readonly CheckedStage[]): OutlineArg[] {
  const globals = globalArgs(dockerfile);
  const found = new Map<string, OutlineArg>();
  const useGlobal = (first: string): void => {
    const queue = [first];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const global = globals.get(name);
      if (global === undefined || found.has(name)) continue;
      const { uses: others, ...arg } = global;
      found.set(name, arg);
      queue.push(...others);
    }
  };
  for (const { base, platform, steps } of needed) {
    for (const name of [...(base?.matched ?? []), ...(platform?.matched ?? [])]) useGlobal(name);
    for (const { instruction, argValues } of steps) {
      if (instruction.kind !== "arg") continue;
      for (const [index, { key, value, description }] of instruction.args.entries()) {
        const name = key.text;
        const isGiven = Object.hasOwn(dockerfile.options.buildArgs ?? {}, name);
        // Its value comes from before the first FROM, or from the platform, which is nobody's to set.
        if (value === undefined && !isGiven && dockerfile.globals.has(name)) useGlobal(name);
        else if (!found.has(name)) {
          const now = argValues[index];
          found.set(name, {
            name,
            range: instruction.range,
            ...(now === undefined ? {} : { value: now }),
            ...(description === undefined ? {} : { description }),
          });
        }
      }
    }
  }
  return [...found.values()];
}

function globalArgs({ parsed, globals }: CheckedDockerfile): Map<string, GlobalArg> {
  const found = new Map<string, GlobalArg>();
  for (const instruction of parsed.metaArgs) {
    for (const { key, value, description } of instruction.args) {
      const name = key.text;
      const now = globals.get(name);
      const matched = value === undefined ? [] : expandWord(value.text, globals, { escape: parsed.escape, range: value.range }).matched;
      found.set(name, {
        name,
        range: instruction.range,
        // ARG A=x, then ARG A=$A-y: what the first one used counts for the second.
        uses: [...matched.filter((other) => other !== name), ...(matched.includes(name) ? (found.get(name)?.uses ?? []) : [])],
        ...(now === undefined ? {} : { value: now }),
        ...(description === undefined ? {} : { description }),
      });
    }
  }
  return found;
}

function uses(needed: readonly CheckedStage[], type: "secret" | "ssh"): OutlineUse[] {
  const found = new Map<string, OutlineUse>();
  for (const { instruction, mounts } of needed.flatMap(({ steps }) => steps)) {
    for (const mount of mounts) {
      if (mount.type !== type) continue;
      const name = type === "ssh" ? (mount.id ?? "default") : (mount.source ?? mount.id ?? mount.target?.split("/").at(-1) ?? "");
      if (!found.has(name)) found.set(name, { name, required: mount.required, range: instruction.range });
    }
  }
  return [...found.values()];
}

function inOrder<Item extends { readonly range: SourceRange }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => a.range.start.line - b.range.start.line);
}
