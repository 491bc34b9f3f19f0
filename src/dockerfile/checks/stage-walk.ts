/** Goes through the instructions of one stage and keeps its environment, as the conversion does. */
import { isDecantError } from "../../errors.ts";
import type { ImageConfig } from "../../oci/index.ts";
import { expandWord } from "../expand.ts";
import { parseTrigger } from "../parser.ts";
import type { ArgInstruction, Diagnostic, ParsedDockerfile, Stage, StageInstruction, TriggerInstruction } from "../types.ts";
import { missingArguments } from "./missing-arguments.ts";
import type { CheckedStep, CheckOptions, UndefinedVariable } from "./types.ts";
import { type StageScope, stepValues, type StepValues, undefinedOf } from "./values.ts";

/** What a stage leaves to those that are built on it. */
export interface StageEnd extends StageScope {
  readonly hasShellSetting: boolean;
  readonly workdir: string;
  readonly triggers: readonly TriggerInstruction[];
}

/** What a stage begins with. */
export interface StageWalkInput {
  readonly stage: Stage;
  readonly parsed: ParsedDockerfile;
  readonly options: CheckOptions;
  readonly globals: ReadonlyMap<string, string>;
  readonly inherited: StageEnd | undefined;
  readonly image: ImageConfig | undefined;
  /** The variables of the base are known. */
  readonly isKnown: boolean;
  readonly isChecked: boolean;
  readonly attempt: <Value>(range: Diagnostic["range"], work: () => Value) => Value | undefined;
}

/** Walks a stage; its end is given also where it is not checked, because others may be built on it. */
export function walkStage(input: StageWalkInput): { readonly steps: readonly CheckedStep[]; readonly end: StageEnd } {
  const { stage, parsed, inherited, image, globals, options } = input;
  const scope: StageScope = {
    escape: parsed.escape,
    env: new Map(inherited?.env ?? baseEnvironment(image)),
    declared: new Set(inherited?.declared),
    isComplete: input.isKnown,
  };
  let hasShellSetting = inherited?.hasShellSetting ?? (image?.config?.Shell ?? []).length > 0;
  let workdir = inherited?.workdir ?? image?.config?.WorkingDir ?? "/";
  const left: TriggerInstruction[] = [];
  const steps: CheckedStep[] = [];
  const triggers = inherited?.triggers ?? imageTriggers(image);
  const all = [
    ...triggers.map((instruction) => [instruction, stage.from] as const),
    ...stage.instructions.map((each) => [each, undefined] as const),
  ];
  for (const [instruction, trigger] of all) {
    const found = input.attempt((trigger ?? instruction).range, () =>
      instruction.kind === "arg" ? declare(instruction, scope, globals, options.buildArgs ?? {}) : stepValues(instruction, scope),
    ) ?? { values: [], argValues: [], mounts: [], undefinedVariables: [] };
    steps.push({
      instruction,
      trigger,
      ...found,
      missingArguments: instruction.kind === "run" ? missingArguments(instruction, scope, globals, parsed) : [],
      hasShellSetting,
      workdir,
    });
    const [value = ""] = found.values;
    if (instruction.kind === "env")
      for (let at = 0; at < found.values.length; at += 2) scope.env.set(found.values[at] ?? "", found.values[at + 1] ?? "");
    if (instruction.kind === "shell") hasShellSetting = instruction.args.length > 0;
    if (instruction.kind === "workdir") workdir = joinPath(workdir, value);
    if (instruction.kind === "onbuild" && instruction.trigger !== undefined) left.push(instruction.trigger);
  }
  return { steps: input.isChecked ? steps : [], end: { ...scope, hasShellSetting, workdir, triggers: left } };
}

/** A path from a working directory on, without "." and "..", and without a slash at its end. */
export function joinPath(workdir: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${workdir}/${path}`).split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** ARG: `--build-arg`, else its default, else the global value; without any it is declared all the same. */
function declare(
  instruction: ArgInstruction,
  scope: StageScope,
  globals: ReadonlyMap<string, string>,
  buildArgs: Readonly<Record<string, string>>,
): StepValues {
  const undefinedVariables: UndefinedVariable[] = [];
  const argValues = instruction.args.map(({ key, value }) => {
    const name = key.text;
    let result = Object.hasOwn(buildArgs, name) ? buildArgs[name] : value === undefined ? globals.get(name) : undefined;
    if (result === undefined && value !== undefined) {
      const expansion = expandWord(value.text, scope.env, { escape: scope.escape, range: value.range });
      undefinedVariables.push(...undefinedOf(expansion.unmatched, scope, value.range));
      result = expansion.value;
    }
    if (result !== undefined) scope.env.set(name, result);
    scope.declared.add(name);
    return result;
  });
  return { values: instruction.args.map(({ key }) => key.text), argValues, mounts: [], undefinedVariables };
}

function baseEnvironment(image: ImageConfig | undefined): Map<string, string> {
  const env = new Map([["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]]);
  for (const line of image?.config?.Env ?? []) {
    const equals = line.indexOf("=");
    env.set(equals < 0 ? line : line.slice(0, equals), equals < 0 ? "" : line.slice(equals + 1));
  }
  return env;
}

/** What an image wants to be run; a trigger that does not parse fails the build and is not for checks to judge. */
function imageTriggers(image: ImageConfig | undefined): StageInstruction[] {
  return (image?.config?.OnBuild ?? []).flatMap((text) => {
    try {
      return [parseTrigger(text, { name: "ONBUILD" })];
    } catch (error) {
      if (isDecantError(error, "DOCKERFILE_SYNTAX")) return [];
      throw error;
    }
  });
}
