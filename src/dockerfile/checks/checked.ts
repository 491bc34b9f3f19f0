/** The plan of a Dockerfile as rules look at it, and what is wrong with the file besides. */
import { type DecantError, isDecantError } from "../../errors.ts";
import { semanticError, toDiagnostic } from "../errors.ts";
import { globalArguments, predefinedArguments } from "../global-arguments.ts";
import { attemptInto } from "../plan/attempt.ts";
import { globalOptions } from "../plan/plan.ts";
import type { Plan, PlannedStage, PlannedStep, StepValues } from "../plan/types.ts";
import { setLast } from "../plan/values.ts";
import type { Diagnostic } from "../types.ts";
import { checkBaseName } from "./base-name.ts";
import { missingArguments } from "./missing-arguments.ts";
import type { CheckedDockerfile, CheckedStage, CheckedStep, CheckOptions } from "./types.ts";

/** What rules look at. */
export function checkedDockerfile(plan: Plan, options: CheckOptions): CheckedDockerfile {
  const stages: CheckedStage[] = [];
  const shells = new Map<number, boolean>();
  for (const planned of plan.stages) {
    const { stage, base, image, isNeeded } = planned;
    const index = base.kind === "stage" ? base.index : -1;
    const parent = stages[index];
    const hadShell = parent === undefined ? (image?.config?.Shell ?? []).length > 0 : shells.get(index) === true;
    const { steps, hasShell } = checkedSteps(plan, planned, hadShell);
    shells.set(stage.index, hasShell);
    stages.push({
      stage,
      baseName: planned.baseName,
      base: planned.from.image,
      platform: planned.from.platform,
      wanted: planned.platform,
      parent,
      image,
      needs: planned.needs,
      isNeeded,
      isChecked: plan.options.everyStage === true || isNeeded,
      steps,
    });
  }
  const { parsed, globals, target } = plan;
  return {
    parsed,
    options: { ...plan.options, ...options },
    globals,
    defaultGlobals: defaultGlobals(plan),
    stages,
    target: target === undefined ? undefined : stages[target.stage.index],
  };
}

/** Mistakes that a build would meet, in the order of the plan. */
export function planDiagnostics(plan: Plan): Diagnostic[] {
  const steps = plan.stages.flatMap((stage) => stage.steps.flatMap(({ problem }) => problem ?? []));
  const names: DecantError[] = [];
  for (const stage of plan.stages) attemptInto(names)(() => checkBase(plan, stage));
  const [first] = plan.parsed.stages;
  return [...plan.problems, ...names, ...steps].flatMap((problem) => {
    const fallback = first?.from.range;
    return fallback === undefined ? [] : [toDiagnostic(problem, fallback)];
  });
}

/** FROM must name an image: a stage or a named context would have been found. */
function checkBase({ options }: Plan, { stage, base, baseName, platform, isNeeded, isReplaced }: PlannedStage): void {
  if (!isNeeded || isReplaced || base.kind !== "image" || options.hasContext?.(baseName, platform) === true) return;
  try {
    checkBaseName(baseName);
  } catch (error) {
    if (!isDecantError(error, "REFERENCE")) throw error;
    throw semanticError(`Cannot use FROM ${baseName}: failed to parse stage name "${baseName}": ${error.message}`, {
      range: stage.from.image.range,
      hint: error.hint,
    });
  }
}

function checkedSteps(
  plan: Plan,
  { start, steps }: PlannedStage,
  hadShell: boolean,
): { readonly steps: readonly CheckedStep[]; readonly hasShell: boolean } {
  let hasShell = hadShell;
  const scope = { env: new Map(start.env), declared: new Set(start.args.keys()), isComplete: start.isComplete };
  const checked = steps.map((step): CheckedStep => {
    const { instruction } = step;
    const missing = instruction.kind === "run" ? missingArguments(instruction, scope, plan.globals, plan.parsed) : [];
    const found = checkedStep(step, { missingArguments: missing, hasShellSetting: hasShell });
    for (const [name, value] of step.sets) setLast(scope.env, name, value);
    if (instruction.kind === "arg") for (const { key } of instruction.args) scope.declared.add(key.text);
    if (instruction.kind === "shell") hasShell = instruction.args.length > 0;
    return found;
  });
  return { steps: checked, hasShell };
}

function checkedStep(step: PlannedStep, known: Pick<CheckedStep, "missingArguments" | "hasShellSetting">): CheckedStep {
  const { instruction, trigger, values, undefinedVariables, workdir = "/" } = step;
  return {
    instruction,
    trigger,
    values: textsOf(values, instruction),
    argValues: values.kind === "arg" ? values.args.map(({ value }) => value) : [],
    mounts: values.kind === "run" ? values.mounts.map(({ mount }) => mount) : [],
    from: values.kind === "copy" ? values.from : undefined,
    undefinedVariables,
    workdir,
    ...known,
  };
}

/** Names of an ARG count also where a value could not be read. */
function textsOf(values: StepValues, instruction: PlannedStep["instruction"]): readonly string[] {
  switch (values.kind) {
    case "env":
    case "label":
      return values.pairs.flatMap(({ key, value }) => [key, value]);
    case "copy":
      return [...values.sources.map(({ text }) => text), values.destination];
    case "workdir":
      return [values.written];
    case "user":
      return [values.user];
    case "volume":
      return values.paths;
    case "stopsignal":
      return [values.signal];
    case "expose":
      return values.words.map(({ text }) => text);
    case "arg":
    case "run":
    case "fixed":
    case "unread":
      return instruction.kind === "arg" ? instruction.args.map(({ key }) => key.text) : [];
    default:
      return values satisfies never;
  }
}

/** As if no build argument was given: only those of the platform count, which are always there. */
function defaultGlobals({ parsed, options }: Plan): ReadonlyMap<string, string> | undefined {
  const wanted = globalOptions(parsed, options);
  const predefined = predefinedArguments(wanted);
  const buildArgs = Object.fromEntries(Object.entries(options.buildArgs).filter(([key]) => predefined.has(key)));
  return attemptInto([])(() => globalArguments(parsed.metaArgs, { ...wanted, buildArgs }));
}
