/**
 * Goes through a Dockerfile as BuildKit's conversion does and keeps what rules ask for: bases, reachability, environment, variables.
 * Mistakes on the way do not stop it: the first of each instruction is kept as a problem.
 */
import { type DecantError, isDecantError } from "../../errors.ts";
import { type ImageConfig, parsePlatform, parseReference } from "../../oci/index.ts";
import { semanticError, toDiagnostic } from "../errors.ts";
import { type Expansion, expandWord } from "../expand.ts";
import { type GlobalArgumentOptions, globalArguments, predefinedArguments } from "../global-arguments.ts";
import { didYouMean } from "../suggest.ts";
import type { Diagnostic, ParsedDockerfile, Stage, Word } from "../types.ts";
import { neededStages, stageNeeds } from "./needs.ts";
import { type StageEnd, walkStage } from "./stage-walk.ts";
import type { CheckedDockerfile, CheckedStage, CheckOptions } from "./types.ts";

/** What rules look at, and what is wrong with the file besides. */
export interface Walk {
  readonly dockerfile: CheckedDockerfile;
  readonly problems: readonly Diagnostic[];
}

/** Walks `parsed`. Never throws for what stands in it. */
export function walkDockerfile(parsed: ParsedDockerfile, options: CheckOptions): Walk {
  const problems: Diagnostic[] = [];
  const attempt = <Value>(range: Diagnostic["range"], work: () => Value): Value | undefined => {
    try {
      return work();
    } catch (error) {
      if (!isProblem(error)) throw error;
      problems.push(toDiagnostic(error, range));
      return undefined;
    }
  };
  const argumentOptions: GlobalArgumentOptions = {
    escape: parsed.escape,
    buildArgs: options.buildArgs ?? {},
    platform: options.platform,
    buildPlatform: options.buildPlatform,
    target: options.target ?? parsed.stages.at(-1)?.name ?? "",
  };
  const [firstArg] = parsed.metaArgs;
  const globals =
    (firstArg === undefined ? undefined : attempt(firstArg.range, () => globalArguments(parsed.metaArgs, argumentOptions))) ??
    predefinedArguments(argumentOptions);

  const target = targetIndex(parsed, options.target, problems);
  const bases = planBases(parsed, globals, attempt);
  const parents = parentIndexes(parsed.stages, bases);
  const needs = parsed.stages.map((stage) => stageNeeds(parsed.stages, stage, parsed.stages[parents[stage.index] ?? -1]));
  const needed = neededStages(needs, parents, target);
  const checksAll = options.target === undefined && options.onlyNeeded !== true;

  const stages: CheckedStage[] = [];
  const ends: StageEnd[] = [];
  for (const stage of parsed.stages) {
    const parent = parents[stage.index];
    const base = bases[stage.index]?.base;
    const platform = bases[stage.index]?.platform;
    const isNeeded = needed.has(stage.index);
    const isChecked = checksAll || isNeeded;
    if (parent === undefined && base !== undefined && base.value !== "" && isNeeded)
      attempt(stage.from.image.range, () => checkName(base.value, stage.from.image.range));
    const image = parent === undefined ? imageOf(options, base, platform) : stages[parent]?.image;
    const inherited = parent === undefined ? undefined : ends[parent];
    const { steps, end } = walkStage({
      stage,
      parsed,
      options,
      globals,
      inherited,
      image,
      isKnown: inherited?.isComplete ?? (base?.value === "scratch" || image !== undefined),
      isChecked,
      attempt,
    });
    ends.push(end);
    stages.push({
      stage,
      base,
      platform,
      parent: parent === undefined ? undefined : stages[parent],
      image,
      needs: [...(needs[stage.index] ?? []), ...(parent === undefined ? [] : [parent])],
      isChecked,
      isNeeded,
      steps,
    });
  }
  const dockerfile: CheckedDockerfile = {
    parsed,
    options,
    globals,
    defaultGlobals: defaultGlobals(parsed, argumentOptions),
    stages,
    target: stages[target],
  };
  return { dockerfile, problems };
}

interface Base {
  readonly base: Expansion | undefined;
  readonly platform: Expansion | undefined;
}

function planBases(
  parsed: ParsedDockerfile,
  globals: ReadonlyMap<string, string>,
  attempt: <Value>(range: Diagnostic["range"], work: () => Value) => Value | undefined,
): Base[] {
  const expand = (word: Word): Expansion | undefined =>
    attempt(word.range, () => expandWord(word.text, globals, { escape: parsed.escape, range: word.range }));
  return parsed.stages.map(({ from }) => {
    const base = expand(from.image);
    if (base?.value === "")
      attempt(from.image.range, () => {
        throw semanticError(`Cannot use FROM ${from.image.text}: base name (${from.image.text}) should not be blank`, {
          range: from.image.range,
          hint: "Give the ARG a default, or pass --build-arg",
        });
      });
    return { base, platform: from.platform === undefined ? undefined : expand(from.platform) };
  });
}

/** The stage that each FROM names, where it names one. */
function parentIndexes(stages: readonly Stage[], bases: readonly Base[]): (number | undefined)[] {
  const byName = new Map<string, number>();
  return stages.map((stage) => {
    const parent = byName.get(bases[stage.index]?.base?.value ?? "");
    if (stage.name !== undefined) byName.set(stage.name, stage.index);
    return parent;
  });
}

/** FROM must name an image: a stage would have been found. */
function checkName(name: string, range: Diagnostic["range"]): void {
  try {
    parseReference(name);
  } catch (error) {
    if (!isDecantError(error, "REFERENCE")) throw error;
    throw semanticError(`Cannot use FROM ${name}: failed to parse stage name "${name}": ${error.message}`, { range, hint: error.hint });
  }
}

function imageOf(options: CheckOptions, base: Expansion | undefined, platform: Expansion | undefined): ImageConfig | undefined {
  if (base === undefined || base.value === "" || base.value === "scratch" || options.image === undefined) return undefined;
  try {
    const wanted = platform === undefined ? options.platform : parsePlatform(platform.value, options.buildPlatform);
    return options.image(base.value, wanted);
  } catch (error) {
    if (isDecantError(error, "PLATFORM")) return undefined;
    throw error;
  }
}

function targetIndex(parsed: ParsedDockerfile, wanted: string | undefined, problems: Diagnostic[]): number {
  const { stages } = parsed;
  const last = stages.length - 1;
  if (wanted === undefined || wanted === "") return last;
  const named = stages.findLast(({ name }) => name === wanted.toLowerCase());
  if (named !== undefined) return named.index;
  if (/^\d+$/.test(wanted) && stages[Number(wanted)] !== undefined) return Number(wanted);
  const [first] = stages;
  const names = stages.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const hint = didYouMean(wanted.toLowerCase(), names);
  if (first !== undefined)
    problems.push({
      severity: "error",
      code: "UnknownTarget",
      message: `Cannot use target "${wanted}": target stage "${wanted}" could not be found`,
      range: first.from.range,
      ...(hint === undefined ? {} : { hint }),
    });
  return last;
}

/** As if no build argument was given: only those of the platform count, which are always there. */
function defaultGlobals(parsed: ParsedDockerfile, options: GlobalArgumentOptions): ReadonlyMap<string, string> | undefined {
  const predefined = predefinedArguments(options);
  const buildArgs = Object.fromEntries(Object.entries(options.buildArgs).filter(([key]) => predefined.has(key)));
  try {
    return globalArguments(parsed.metaArgs, { ...options, buildArgs });
  } catch (error) {
    if (isProblem(error)) return undefined;
    throw error;
  }
}

function isProblem(error: unknown): error is DecantError {
  return isDecantError(error, "DOCKERFILE_SEMANTIC") || isDecantError(error, "DOCKERFILE_SYNTAX");
}
