/** SOURCE_DATE_EPOCH in its forms (F47): a number as build argument, in the environment or as default of a global ARG; the time of a context. */
import { expandWord, type ParsedDockerfile } from "../dockerfile/index.ts";
import { unsupported, usageError } from "../errors.ts";

const NAME = "SOURCE_DATE_EPOCH";

/** The build arguments with the number in place of the word, and the number. */
export interface ResolvedEpoch {
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Seconds since 1970. */
  readonly epochSec?: number;
}

/** Finds it. `timeOf` tells the time of the build context ("context") or of a named one, where it has one. Throws `USAGE`, `UNSUPPORTED`. */
export async function resolveEpoch(
  parsed: ParsedDockerfile,
  given: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
  timeOf: (context: string) => Promise<number | undefined>,
): Promise<ResolvedEpoch> {
  const text = valueOf(parsed, given, env);
  if (text === undefined || text === "") return { buildArgs: given };
  if (/^\d{1,12}$/.test(text)) return { buildArgs: { ...given, [NAME]: text }, epochSec: Number(text) };
  const timeSec = await timeOf(text);
  if (timeSec !== undefined) return { buildArgs: { ...given, [NAME]: String(timeSec) }, epochSec: timeSec };
  if (text === "context")
    throw usageError(
      `Cannot use ${NAME}=context: this context has no time of its own; wanted a git repository, or a URL with Last-Modified`,
    );
  if (parsed.stages.some(({ name }) => name === text.toLowerCase())) throw unsupported(`${NAME} from stage "${text}"`, { row: "F47" });
  throw usageError(`Cannot use ${NAME} "${text}": wanted seconds since 1970, "context", or a named context that has a time of its own`);
}

/** docker buildx passes the environment's on; the Dockerfile's own default comes last. */
function valueOf(
  parsed: ParsedDockerfile,
  given: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (Object.hasOwn(given, NAME)) return given[NAME];
  if (env[NAME] !== undefined && env[NAME] !== "") return env[NAME];
  const known = new Map(Object.entries(given));
  for (const { args } of parsed.metaArgs) {
    for (const { key, value } of args) {
      if (known.has(key.text) || value === undefined) continue;
      known.set(key.text, expandWord(value.text, known, { escape: parsed.escape, range: value.range }).value);
    }
  }
  return known.get(NAME);
}
