/** Stages, what they depend on, and which of them the target needs (rules S34 to S42). */
import { expandWord, type ParsedDockerfile, type Stage, type StageInstruction, didYouMean } from "../../dockerfile/index.ts";
import { parsePlatform, type Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import { semanticError } from "./errors.ts";

/** A stage with its FROM understood. */
export interface PlannedStage {
  readonly stage: Stage;
  /** FROM with its variables filled in. */
  readonly baseName: string;
  readonly base: { readonly kind: "scratch" } | { readonly kind: "stage"; readonly index: number } | { readonly kind: "image" };
  readonly platform: Platform;
  readonly explicitPlatform: boolean;
}

/** What a `--from` names. */
export type FromTarget =
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly name: string; readonly range: SourceRange };

/** Understands every FROM. */
export function planStages(
  parsed: ParsedDockerfile,
  globals: ReadonlyMap<string, string>,
  { platform, buildPlatform }: { readonly platform: Platform; readonly buildPlatform: Platform },
): PlannedStage[] {
  const byName = new Map<string, number>();
  return parsed.stages.map((stage) => {
    const { image, platform: wanted } = stage.from;
    const baseName = expandWord(image.text, globals, { escape: parsed.escape, range: image.range }).value;
    if (baseName === "")
      throw semanticError(
        `Cannot use FROM ${image.text}: base name (${image.text}) should not be blank`,
        image.range,
        "Give the ARG a default, or pass --build-arg",
      );
    const parent = byName.get(baseName);
    if (stage.name !== undefined) byName.set(stage.name, stage.index);
    const base =
      parent !== undefined
        ? ({ kind: "stage", index: parent } as const)
        : baseName === "scratch"
          ? ({ kind: "scratch" } as const)
          : ({ kind: "image" } as const);
    const ownPlatform = wanted === undefined ? platform : stagePlatform(parsed, wanted, globals, buildPlatform);
    return {
      stage,
      baseName,
      base,
      // BuildKit checks a --platform of scratch, and then ignores it.
      platform: base.kind === "scratch" ? platform : ownPlatform,
      explicitPlatform: wanted !== undefined,
    };
  });
}

function stagePlatform(
  parsed: ParsedDockerfile,
  word: { readonly text: string; readonly range: SourceRange },
  globals: ReadonlyMap<string, string>,
  host: Platform,
): Platform {
  const text = expandWord(word.text, globals, { escape: parsed.escape, range: word.range }).value;
  if (text === "")
    throw semanticError(`Cannot use FROM --platform=${word.text}: empty platform value from expression ${word.text}`, word.range);
  return parsePlatform(text, host);
}

/** The stage that `--target` names, or the last one. */
export function findTarget(stages: readonly PlannedStage[], target: string | undefined): PlannedStage {
  const last = stages.at(-1);
  if (last === undefined) throw semanticError("Cannot build: dockerfile contains no stages to build", undefined);
  if (target === undefined || target === "") return last;
  const found = stages.findLast(({ stage }) => stage.name === target.toLowerCase());
  if (found !== undefined) return found;
  const names = stages.flatMap(({ stage }) => (stage.name === undefined ? [] : [stage.name]));
  const known = names.length === 0 ? "The Dockerfile names no stages" : `Its stages are: ${names.join(", ")}`;
  throw semanticError(
    `Cannot build target "${target}": target stage "${target}" could not be found`,
    undefined,
    didYouMean(target.toLowerCase(), names) ?? known,
  );
}

/** Where `COPY --from=NAME` of a stage points: a stage by index or name, else an image. Throws for stages that come later. */
export function copyFrom(stages: readonly PlannedStage[], current: PlannedStage, instruction: StageInstruction): FromTarget | undefined {
  if (instruction.kind !== "copy" || instruction.from === undefined) return undefined;
  const { text, range } = instruction.from;
  if (/(^|[^\\])\$/.test(text)) {
    throw semanticError(
      `Cannot use --from=${text}: variable expansion is not supported for --from`,
      range,
      "Define a new stage with FROM using ARG from global scope, and copy from that stage",
    );
  }
  const index = /^\d+$/.test(text) ? Number(text) : stages.findLast(({ stage }) => stage.name === text.toLowerCase())?.stage.index;
  if (index === undefined) return { kind: "image", name: text, range };
  if (stages[index] === undefined)
    throw semanticError(
      `Cannot copy from stage ${text}: there are ${stages.length} stages, counted from 0 (invalid stage index ${text})`,
      range,
    );
  if (index >= current.stage.index) {
    throw semanticError(
      `Cannot copy from stage "${text}": it needs to be defined before current stage "${current.stage.name ?? current.stage.index}"`,
      range,
      index === current.stage.index ? "A stage cannot copy from itself" : "Move that stage further up",
    );
  }
  return { kind: "stage", index };
}
