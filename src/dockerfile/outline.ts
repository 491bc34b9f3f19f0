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
    secrets: inOrder(uses(plan, "secret")),
    ssh: inOrder(uses(plan, "ssh")),
  };
}

interface KnownArg extends OutlineArg {
  /** Other global arguments that its default uses. */
  readonly uses: readonly string[];
}

/** The arguments of a stage: its own and the global ones. What is declared last counts. */
interface Scope {
  readonly known: Map<string, KnownArg>;
  readonly used: Set<string>;
}

/** Of several stages that declare a name, the target tells its own; then come the stages that it is from, then those that it copies from. */
function args(plan: Plan, needed: readonly PlannedStage[]): OutlineArg[] {
  const scopes = scopesOf(plan, needed);
  const found = new Map<string, OutlineArg>();
  for (const { stage } of fromTarget(plan)) {
    const scope = scopes.get(stage.index);
    if (scope === undefined) continue;
    for (const [name, { uses: _uses, ...arg }] of usedArgs(scope)) if (!found.has(name)) found.set(name, arg);
  }
  return [...found.values()];
}

/** What the target needs: itself, the stages that it is from, then those that it copies from. */
function fromTarget({ stages, target }: Plan): PlannedStage[] {
  const found = new Set<PlannedStage>();
  const visit = (stage: PlannedStage | undefined): void => {
    if (stage === undefined || found.has(stage)) return;
    found.add(stage);
    if (stage.base.kind === "stage") visit(stages[stage.base.index]);
    for (const other of stage.needs) visit(stages[other]);
  };
  visit(target);
  return [...found];
}

function usedArgs({ known, used }: Scope): Map<string, KnownArg> {
  const found = new Map<string, KnownArg>();
  const queue = [...used];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const arg = known.get(name);
    if (arg === undefined || found.has(name)) continue;
    found.set(name, arg);
    queue.push(...arg.uses);
  }
  return found;
}

function scopesOf(plan: Plan, needed: readonly PlannedStage[]): Map<number, Scope> {
  const globals = globalArgs(plan);
  const scopes = new Map<number, Scope>();
  for (const { stage, from, steps } of needed) {
    const known = new Map(globals);
    const used = new Set([...(from.image?.matched ?? []), ...(from.platform?.matched ?? [])]);
    scopes.set(stage.index, { known, used });
    for (const { instruction, values } of steps) {
      if (instruction.kind !== "arg" || values.kind !== "arg") continue;
      for (const [index, { key, value, description }] of instruction.args.entries()) {
        const name = key.text;
        used.add(name);
        const isGiven = Object.hasOwn(plan.options.buildArgs, name);
        // Its value comes from before the first FROM, or from the platform, which is nobody's to set.
        if (value === undefined && !isGiven && plan.globals.has(name)) continue;
        known.set(name, { name, uses: [], range: instruction.range, ...given({ value: values.args[index]?.value, description }) });
      }
    }
  }
  return scopes;
}

function globalArgs({ parsed, globals }: Plan): Map<string, KnownArg> {
  const found = new Map<string, KnownArg>();
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

function uses(plan: Plan, type: "secret" | "ssh"): OutlineUse[] {
  const found = new Map<string, OutlineUse>();
  for (const { instruction, values } of fromTarget(plan).flatMap(({ steps }) => steps)) {
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
