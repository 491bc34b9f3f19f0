/**
 * A stage as SOURCE_DATE_EPOCH (F47): FROM scratch, and one ADD whose source has a time, which is what the build takes. It need not be a part
 * of what is built.
 */
import { type AddInstruction, expandWord, globalArguments, type ParsedDockerfile, type Stage } from "../../dockerfile/index.ts";
import type { Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import type { SourceOp } from "../ops.ts";
import { semanticError } from "./errors.ts";
import { checkChecksum, remoteSource } from "./remote-source.ts";

/** What variables of the stage depend on. */
export interface EpochStageOptions {
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** Name of the target stage, or "". */
  readonly target: string;
}

/** The source of the stage's ADD. Throws `DOCKERFILE_SEMANTIC` for a stage that is anything else. */
export function epochStageSource(parsed: ParsedDockerfile, stage: Stage, options: EpochStageOptions): SourceOp {
  const { escape } = parsed;
  const { buildArgs } = options;
  const env = globalArguments(parsed.metaArgs, { ...options, escape });
  env.delete("SOURCE_DATE_EPOCH");
  const wrong = (state: string, range: SourceRange): Error =>
    semanticError(
      `Cannot take SOURCE_DATE_EPOCH of stage "${stage.name ?? stage.index}": ${state}`,
      range,
      "Such a stage is FROM scratch and one ADD of a URL or a git repository, with ARG before it where needed",
    );
  const expand = ({ text, range }: { readonly text: string; readonly range: SourceRange }): string =>
    expandWord(text, env, { escape, range }).value;
  if (expand(stage.from.image) !== "scratch") throw wrong("it must use FROM scratch", stage.from.image.range);
  let found: SourceOp | undefined;
  for (const instruction of stage.instructions) {
    if (instruction.kind === "arg") {
      for (const { key, value } of instruction.args) {
        const given = Object.hasOwn(buildArgs, key.text) ? buildArgs[key.text] : undefined;
        const known = given ?? (value === undefined ? undefined : expand(value));
        if (known !== undefined) env.set(key.text, known);
      }
    } else if (instruction.kind !== "add")
      throw wrong(
        `it does not meet source-only requirements: unsupported ${instruction.kind.toUpperCase()} instruction`,
        instruction.range,
      );
    else if (found === undefined) found = addedSource(instruction, expand, wrong);
    else throw wrong("it must contain exactly one remote ADD", instruction.range);
  }
  if (found === undefined) throw wrong("it must contain exactly one remote ADD", stage.from.range);
  return found;
}

function addedSource(
  instruction: AddInstruction,
  expand: (word: { readonly text: string; readonly range: SourceRange }) => string,
  wrong: (state: string, range: SourceRange) => Error,
): SourceOp {
  const [only] = instruction.sources;
  if (only === undefined || instruction.sources.length > 1 || instruction.heredocs.length > 0)
    throw wrong("it must contain exactly one remote ADD source", instruction.range);
  const source = { text: expand(only), range: only.range };
  const checksum = instruction.checksum === undefined ? undefined : expand(instruction.checksum);
  if (checksum !== undefined) checkChecksum(checksum, instruction.checksum?.range, [source]);
  const remote = remoteSource(instruction, source, checksum);
  if (remote === undefined) throw wrong("its source must be a single HTTP(S) or Git ADD", only.range);
  return remote.op;
}
