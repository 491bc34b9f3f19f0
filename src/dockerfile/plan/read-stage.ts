/** Goes through the instructions of one stage, with what its base leaves it (rules S26 to S33). */
import { DEFAULT_PATH, type ImageConfig } from "../../oci/index.ts";
import type { ParsedDockerfile, StageInstruction } from "../types.ts";
import { attemptInto } from "./attempt.ts";
import type { StageLinks } from "./needs.ts";
import { type StageNames } from "./sources.ts";
import type { NamedStage } from "./stages.ts";
import type { PlannedStep, PlanOptions, StageStart, StepValues } from "./types.ts";
import { readWords, SBOM_ARGUMENTS, type Scope, setLast } from "./values.ts";
import type { DecantError } from "../../errors.ts";

/** What a stage leaves to those that are built on it. */
export interface StageEnd extends StageStart {
  /** The variables that the configuration has, in its order. */
  readonly configEnv: ReadonlyMap<string, string>;
  readonly image: ImageConfig | undefined;
}

/** What the stage is read with. */
interface StageInput {
  readonly parsed: ParsedDockerfile;
  readonly options: PlanOptions;
  readonly globals: ReadonlyMap<string, string>;
  readonly names: StageNames;
  readonly planned: NamedStage;
  readonly links: StageLinks;
  /** What its parent has left; absent for images and scratch. */
  readonly inherited: StageEnd | undefined;
}

/** A stage that was read. */
interface ReadStage {
  readonly start: StageStart;
  readonly steps: readonly PlannedStep[];
  readonly end: StageEnd;
}

/** Reads the stage. Mistakes are kept in the steps. */
export function readStage(input: StageInput): ReadStage {
  const { parsed, options, globals, names, planned, links } = input;
  const { stage } = planned;
  const base = input.inherited ?? imageEnd(planned, options);
  const configEnv = new Map(base.configEnv);
  const env = new Map(base.env);
  // As the conversion orders them: what the configuration has comes after the ARGs of a parent.
  for (const [key, value] of configEnv) setLast(env, key, value);
  const { workdir, isComplete } = base;
  const start: StageStart = { env: new Map(env), args: base.args, workdir, isComplete };
  const scope: Scope = {
    names,
    stage,
    escape: parsed.escape,
    globals,
    buildArgs: options.buildArgs,
    env,
    args: new Map(base.args),
    workdir,
    isComplete,
  };
  const own = stage.instructions;
  const steps = [...links.triggers, ...own].map((instruction, at): PlannedStep => {
    const trigger = at < links.triggers.length ? stage.from : undefined;
    const sources = links.sources[at];
    // Where its files come from is a mistake, which is known already.
    const step = sources === undefined ? unread(instruction, scope) : readStep(instruction, scope, configEnv);
    return { trigger, sources: sources ?? [], ...step };
  });
  return { start, steps, end: { ...start, env, args: scope.args, workdir: scope.workdir, configEnv, image: base.image } };
}

type ReadStep = Omit<PlannedStep, "trigger" | "sources">;

const NO_VALUES: StepValues = { kind: "unread" };

function unread(instruction: StageInstruction, { workdir }: Scope): ReadStep {
  return { instruction, problem: undefined, values: NO_VALUES, sets: [], workdir, undefinedVariables: [] };
}

function readStep(instruction: StageInstruction, scope: Scope, configEnv: Map<string, string>): ReadStep {
  const { workdir } = scope;
  const problems: DecantError[] = [];
  const read = attemptInto(problems)(() => readWords(instruction, scope));
  const values = read?.values ?? NO_VALUES;
  const sets = setsOf(values);
  if (values.kind === "env")
    for (const [key, value] of sets) {
      setLast(scope.env, key, value);
      configEnv.set(key, value);
    }
  if (values.kind === "workdir") scope.workdir = values.path;
  return { instruction, problem: problems[0], values, sets, workdir, undefinedVariables: read?.undefinedVariables ?? [] };
}

/** ENV: all pairs of a line see the environment from before it (rule S22), so they are set after it was read. */
function setsOf(values: StepValues): readonly (readonly [string, string])[] {
  if (values.kind === "env") return values.pairs.map(({ key, value }) => [key, value] as const);
  if (values.kind !== "arg") return [];
  return values.args.flatMap(({ key, value }) => (value === undefined || SBOM_ARGUMENTS.has(key) ? [] : [[key, value] as const]));
}

/** What an image or an empty tree leaves. An image without PATH gets one (rule S33). */
function imageEnd({ base, baseName, platform }: NamedStage, options: PlanOptions): StageEnd {
  const image = base.kind === "image" ? options.image?.(baseName, platform) : undefined;
  const configEnv = new Map<string, string>();
  for (const line of image?.config?.Env ?? []) {
    const equals = line.indexOf("=");
    configEnv.set(equals < 0 ? line : line.slice(0, equals), equals < 0 ? "" : line.slice(equals + 1));
  }
  if (!configEnv.has("PATH")) configEnv.set("PATH", DEFAULT_PATH);
  return {
    env: new Map(),
    args: new Map(),
    workdir: image === undefined ? "/" : image.config?.WorkingDir,
    isComplete: base.kind === "scratch" || image !== undefined,
    configEnv,
    image,
  };
}
