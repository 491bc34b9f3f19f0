/** Stages, what they depend on, and which of them the target needs (rules S34 to S42). */
import {
  expandWord,
  type MountFlag,
  type MountOption,
  type ParsedDockerfile,
  type Stage,
  type StageInstruction,
  didYouMean,
} from "../../dockerfile/index.ts";
import { DecantError, isDecantError, withSource } from "../../errors.ts";
import { parsePlatform, type Platform } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";
import type { ConvertOptions } from "./context.ts";
import { semanticError } from "./errors.ts";

/** For did-you-mean. */
const USUAL_PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/riscv64", "amd64", "arm64", "linux"];

/** A stage with its FROM understood. */
export interface PlannedStage {
  readonly stage: Stage;
  /** FROM with its variables filled in. */
  readonly baseName: string;
  readonly base: { readonly kind: "scratch" } | { readonly kind: "stage"; readonly index: number } | { readonly kind: "image" };
  readonly platform: Platform;
  readonly explicitPlatform: boolean;
  /** A named context stands in for it: its own instructions are gone, and the image's triggers do not run. */
  readonly replaced?: true;
}

/** What a `--from` names. */
export type FromTarget =
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "image"; readonly name: string; readonly range: SourceRange };

/** All that an instruction takes files from besides its own stage and the build context. */
export function sourcesOf(stages: readonly PlannedStage[], current: PlannedStage, instruction: StageInstruction): FromTarget[] {
  if (instruction.kind === "run") return instruction.mounts.flatMap((flag) => mountFrom(stages, current, flag) ?? []);
  const from = copyFrom(stages, current, instruction);
  return from === undefined ? [] : [from];
}

/** Understands every FROM. */
export function planStages(
  parsed: ParsedDockerfile,
  globals: ReadonlyMap<string, string>,
  { platform, buildPlatform, hasContext }: Pick<ConvertOptions, "platform" | "buildPlatform" | "hasContext">,
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
    if (stage.name !== undefined && hasContext?.(stage.name, ownPlatform) === true) {
      return {
        stage: { ...stage, instructions: [] },
        baseName: stage.name,
        base: { kind: "image" },
        platform: ownPlatform,
        explicitPlatform: wanted !== undefined,
        replaced: true,
      };
    }
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
    throw semanticError(
      `Cannot use FROM --platform=${word.text}: empty platform value from expression ${word.text}`,
      word.range,
      "Give the ARG a default, or pass --build-arg",
    );
  try {
    return parsePlatform(text, host);
  } catch (error) {
    if (!isDecantError(error, "PLATFORM")) throw error;
    const hint = didYouMean(text, USUAL_PLATFORMS) ?? error.hint;
    throw withSource(hint === undefined ? error : new DecantError("PLATFORM", error.message, { hint, cause: error }), word.range);
  }
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
      `Cannot copy from stage ${text}: the last stage is ${stages.length - 1}, counted from 0 (invalid stage index ${text})`,
      range,
      "Use the name of a stage",
    );
  // A trigger of its base may name the stage itself: that is how far it has come.
  const isOwnTrigger = index === current.stage.index && !current.stage.instructions.includes(instruction);
  if (index >= current.stage.index && !isOwnTrigger) {
    throw semanticError(
      `Cannot copy from stage "${text}": it needs to be defined before current stage "${current.stage.name ?? current.stage.index}"`,
      range,
      index === current.stage.index ? "A stage cannot copy from itself" : "Move that stage further up",
    );
  }
  return { kind: "stage", index };
}

/**
 * Where `from=` of a `--mount` points: a stage by name (never by index, rule S36), else an image. Known before variables are, because from=
 * holds none. Throws for stages that come later.
 */
export function mountFrom(stages: readonly PlannedStage[], current: PlannedStage, flag: MountFlag): FromTarget | undefined {
  const last = (key: string): MountOption | undefined =>
    flag.options.findLast((option) => option.key === key && option.value !== undefined);
  const from = last("from");
  const type = last("type")?.value?.toLowerCase() ?? "bind";
  if (from?.value === undefined || from.value === "" || type === "tmpfs" || type === "secret" || type === "ssh") return undefined;
  const name = from.value;
  const found = stages.findLast(({ stage }) => stage.name === name.toLowerCase());
  if (found === undefined) return { kind: "image", name, range: from.range };
  if (found.stage.index >= current.stage.index) {
    throw semanticError(
      `Cannot mount from stage "${name}": stage needs to be defined before current command`,
      from.range,
      found === current ? "A stage cannot mount from itself" : "Move that stage further up",
    );
  }
  return { kind: "stage", index: found.stage.index };
}
