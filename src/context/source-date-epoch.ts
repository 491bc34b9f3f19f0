/**
 * SOURCE_DATE_EPOCH in its forms (F47), as build argument, in the environment or as default of a global ARG: a number, "context", the name of a
 * named context, or that of a stage that fetches something.
 */
import { expandWord, type ParsedDockerfile } from "../dockerfile/index.ts";
import { usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { given } from "../given.ts";
import { type EpochStageOptions, epochStageSource, type SourceOp } from "../graph/index.ts";
import type { SourceRange } from "../source.ts";
import type { NamedContext } from "./named-contexts.ts";

const NAME = "SOURCE_DATE_EPOCH";

/** The build arguments and the file with the number in place of the name, and the number. */
interface ResolvedEpoch {
  readonly parsed: ParsedDockerfile;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Seconds since 1970; absent: the images have the time at which they are made. */
  readonly epochSec?: number;
}

/** What a name may stand for. */
interface EpochSources {
  /** The build context's own time, where it has one. */
  readonly contextTime: () => number | undefined;
  readonly namedContext: (name: string) => NamedContext | undefined;
  /** `added`: the place of the stage whose ADD it is; absent for a context. */
  readonly timeOf: (source: SourceOp, added?: SourceRange) => Promise<number | undefined>;
  readonly emit: Emit;
}

/** Finds it. What has no time of its own is a warning, as BuildKit takes it for nothing. Throws `USAGE`, `DOCKERFILE_SEMANTIC`, and what fetching does. */
export async function resolveEpoch(
  parsed: ParsedDockerfile,
  options: EpochStageOptions & { readonly env: Readonly<Record<string, string | undefined>> },
  sources: EpochSources,
): Promise<ResolvedEpoch> {
  const named = givenEpoch(options.buildArgs, options.env);
  const text = named ?? defaultValue(parsed, options.buildArgs);
  if (text === undefined || text === "") return { parsed, buildArgs: options.buildArgs };
  const epochSec = /^\d{1,12}$/.test(text) ? Number(text) : await timeOfNamed(text, parsed, options, sources);
  if (epochSec === undefined) {
    sources.emit({
      type: "warning",
      code: "NoEpoch",
      message: `${NAME}=${text} has no effect: only a git commit, a URL with Last-Modified and an archive have a time of their own`,
    });
  }
  const { [NAME]: _replaced, ...others } = options.buildArgs;
  return {
    parsed: withDefault(parsed, epochSec),
    buildArgs: named === undefined || epochSec === undefined ? others : { ...others, [NAME]: String(epochSec) },
    ...given({ epochSec }),
  };
}

async function timeOfNamed(
  name: string,
  parsed: ParsedDockerfile,
  options: EpochStageOptions,
  sources: EpochSources,
): Promise<number | undefined> {
  if (name === "context") return sources.contextTime();
  const context = sources.namedContext(name);
  if (context !== undefined) return context.kind === "files" ? await sources.timeOf(context.files.source) : undefined;
  const stage = parsed.stages.find((each) => each.name === name.toLowerCase());
  if (stage !== undefined) return await sources.timeOf(epochStageSource(parsed, stage, options), stage.from.range);
  throw usageError(
    `Cannot use ${NAME} "${name}" (invalid ${NAME}: ${name}); wanted seconds since 1970, "context", or the name of a context or a stage`,
  );
}

/** What it was given as: docker buildx passes the environment's on. */
export function givenEpoch(
  buildArgs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (Object.hasOwn(buildArgs, NAME)) return buildArgs[NAME];
  return env[NAME] === "" ? undefined : env[NAME];
}

function defaultValue(parsed: ParsedDockerfile, named: Readonly<Record<string, string>>): string | undefined {
  const known = new Map(Object.entries(named));
  for (const { args } of parsed.metaArgs) {
    for (const { key, value } of args) {
      if (Object.hasOwn(named, key.text) || value === undefined) continue;
      known.set(key.text, expandWord(value.text, known, { escape: parsed.escape, range: value.range }).value);
    }
  }
  return known.get(NAME);
}

/** The global ARG with the number as its default, or with none. */
function withDefault(parsed: ParsedDockerfile, epochSec: number | undefined): ParsedDockerfile {
  const metaArgs = parsed.metaArgs.map((instruction) => ({
    ...instruction,
    args: instruction.args.map((arg) => {
      if (arg.key.text !== NAME || arg.value === undefined) return arg;
      const { value, ...bare } = arg;
      return epochSec === undefined ? bare : { ...bare, value: { ...value, text: String(epochSec) } };
    }),
  }));
  return { ...parsed, metaArgs };
}
