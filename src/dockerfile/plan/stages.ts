/** What each FROM means, and which stage is the target (rules S34 to S42). */
import { DecantError, isDecantError, withSource } from "../../errors.ts";
import { parsePlatform, type Platform } from "../../oci/index.ts";
import { semanticError } from "../errors.ts";
import { type Expansion, expandWord } from "../expand.ts";
import { didYouMean } from "../suggest.ts";
import type { ParsedDockerfile, Stage, Word } from "../types.ts";
import type { Attempt } from "./attempt.ts";
import type { PlannedStage, PlanOptions, StageBase } from "./types.ts";

/** For did-you-mean. */
const USUAL_PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/riscv64", "amd64", "arm64", "linux"];

/** A stage before it is known what it needs. */
export type NamedStage = Pick<PlannedStage, "stage" | "base" | "baseName" | "from" | "platform" | "explicitPlatform" | "isReplaced">;

/** Understands every FROM. */
export function nameStages(
  parsed: ParsedDockerfile,
  globals: ReadonlyMap<string, string>,
  options: PlanOptions,
  attempt: Attempt,
): NamedStage[] {
  const { escape } = parsed;
  const byName = new Map<string, number>();
  return parsed.stages.map((stage) => {
    const { image, platform: platformWord } = stage.from;
    const expand = (word: Word): Expansion => expandWord(word.text, globals, { escape, range: word.range });
    const from = {
      image: attempt(() => expand(image)),
      platform: platformWord === undefined ? undefined : attempt(() => expand(platformWord)),
    };
    const baseName = from.image?.value ?? "";
    if (from.image?.value === "")
      attempt(() => {
        throw semanticError(`Cannot use FROM ${image.text}: base name (${image.text}) should not be blank`, {
          range: image.range,
          hint: "Give the ARG a default, or pass --build-arg",
        });
      });
    const base = baseOf(baseName, byName);
    if (stage.name !== undefined) byName.set(stage.name, stage.index);
    const ownPlatform = platformOf(platformWord, from.platform, options, attempt);
    const explicitPlatform = platformWord !== undefined;
    if (stage.name !== undefined && options.hasContext?.(stage.name, ownPlatform) === true) {
      const replaced: Stage = { ...stage, instructions: [] };
      const taken = { base: { kind: "image" }, baseName: stage.name, platform: ownPlatform, explicitPlatform } as const;
      return { stage: replaced, from, ...taken, isReplaced: true };
    }
    // BuildKit checks a --platform of scratch, and then ignores it.
    const platform = base.kind === "scratch" ? options.platform : ownPlatform;
    return { stage, base, baseName, from, platform, explicitPlatform, isReplaced: false };
  });
}

function baseOf(name: string, byName: ReadonlyMap<string, number>): StageBase {
  const index = byName.get(name);
  if (index !== undefined) return { kind: "stage", index };
  if (name === "") return { kind: "unknown" };
  return { kind: name === "scratch" ? "scratch" : "image" };
}

function platformOf(word: Word | undefined, expansion: Expansion | undefined, options: PlanOptions, attempt: Attempt): Platform {
  if (word === undefined || expansion === undefined) return options.platform;
  return attempt(() => stagePlatform(word, expansion.value, options.buildPlatform)) ?? options.platform;
}

function stagePlatform(word: Word, text: string, host: Platform): Platform {
  if (text === "")
    throw semanticError(`Cannot use FROM --platform=${word.text}: empty platform value from expression ${word.text}`, {
      range: word.range,
      hint: "Give the ARG a default, or pass --build-arg",
    });
  try {
    return parsePlatform(text, host);
  } catch (error) {
    if (!isDecantError(error, "PLATFORM")) throw error;
    const hint = didYouMean(text, USUAL_PLATFORMS) ?? error.hint;
    throw withSource(hint === undefined ? error : new DecantError("PLATFORM", error.message, { hint, cause: error }), word.range);
  }
}

/** The stage that `--target` names, or the last one. Throws `DOCKERFILE_SEMANTIC`. */
export function findTarget(stages: readonly NamedStage[], target: string | undefined): NamedStage {
  const last = stages.at(-1);
  if (last === undefined) throw semanticError("Cannot build: dockerfile contains no stages to build");
  if (target === undefined || target === "") return last;
  const found = stages.findLast(({ stage }) => stage.name === target.toLowerCase());
  if (found !== undefined) return found;
  const names = stages.flatMap(({ stage }) => (stage.name === undefined ? [] : [stage.name]));
  const known = names.length === 0 ? "The Dockerfile names no stages" : `Its stages are: ${names.join(", ")}`;
  throw semanticError(`Cannot build target "${target}": target stage "${target}" could not be found`, {
    hint: didYouMean(target.toLowerCase(), names) ?? known,
    name: "UnknownTarget",
  });
}
