/**
 * What a target takes: build arguments, secrets and ssh agents, of it and of the stages that it needs (F58). Pure.
 */
import { given } from "../given.ts";
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";
import { expandWord } from "./expand.ts";
import type { Plan, PlannedStage } from "./plan/types.ts";

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

/** The outline of a plan's target. Throws `DOCKERFILE_SEMANTIC` for what cannot be expanded, and for a target that is not there. */
export function outlineOf(plan: Plan): Outline {
  const needed = plan.stages.filter(({ isNeeded }) => isNeeded);
  const [problem] = [...plan.problems, ...needed.flatMap(({ steps }) => steps.flatMap(({ problem: own }) => own ?? []))];
  if (problem !== undefined) throw problem;
  const { target } = plan;
  if (target === undefined) throw semanticError("Cannot outline: dockerfile contains no stages to build");
  const { name, description } = target.stage;
  return {
    ...given({ name, description }),
    args: inOrder(args(plan, needed)),
    secrets: inOrder(uses(needed, "secret")),
    ssh: inOrder(uses(needed, "ssh")),
  };
}

interface GlobalArg extends OutlineArg {
  /** Other global arguments that its default uses. */
  readonly uses: readonly string[];
}

function args(plan: Plan, needed: readonly PlannedStage[]): OutlineArg[] {
  const globals = globalArgs(plan);
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
  for (const { from, steps } of needed) {
    for (const name of [...(from.image?.matched ?? []), ...(from.platform?.matched ?? [])]) useGlobal(name);
    for (const { instruction, values } of steps) {
      if (instruction.kind !== "arg" || values.kind !== "arg") continue;
      for (const [index, { key, value, description }] of instruction.args.entries()) {
        const name = key.text;
        const isGiven = Object.hasOwn(plan.options.buildArgs, name);
        // Its value comes from before the first FROM, or from the platform, which is nobody's to set.
        if (value === undefined && !isGiven && plan.globals.has(name)) useGlobal(name);
        else if (!found.has(name)) {
          const now = values.args[index]?.value;
          found.set(name, {
            name,
            range: instruction.range,
            ...given({ value: now, description }),
          });
        }
      }
    }
  }
  return [...found.values()];
}

function globalArgs({ parsed, globals }: Plan): Map<string, GlobalArg> {
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
        ...given({ value: now, description }),
      });
    }
  }
  return found;
}

function uses(needed: readonly PlannedStage[], type: "secret" | "ssh"): OutlineUse[] {
  const found = new Map<string, OutlineUse>();
  for (const { instruction, values } of needed.flatMap(({ steps }) => steps)) {
    for (const { mount } of values.kind === "run" ? values.mounts : []) {
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
