/**
 * The targets of a build: a stage each, with its own names and destinations. Every target is built as a build of it alone would be; the graph, the
 * store and the run are shared. What would put two targets at one place is an error before anything runs.
 */
import type { ParsedDockerfile } from "../dockerfile/index.ts";
import { DecantError, usageError } from "../errors.ts";
import { type OutputSpec, targetNames } from "../image/index.ts";
import { join } from "node:path";
import type { BuildOptions } from "./types.ts";

/** One of the stages that a build is for. */
export interface BuildTarget {
  /** What people call it; undefined for the last stage of a build that names none. */
  readonly name: string | undefined;
  /** Those of a build of this target alone. */
  readonly options: BuildOptions;
  /** "also": its steps must succeed, and nothing is made of it. */
  readonly role: "result" | "also";
  /** The build has a list of targets. */
  readonly isOfSeveral: boolean;
}

/** Its name where the build has several targets by its options; undefined in any other build. */
export function shownTarget({ name, isOfSeveral }: BuildTarget): string | undefined {
  return isOfSeveral ? name : undefined;
}

/** Which image of its build an image is, for messages: "api for linux/arm64"; empty where there is one alone. */
export function shownImage(target: BuildTarget, platform: string | undefined): string {
  const name = shownTarget(target);
  return [...(name === undefined ? [] : [name]), ...(platform === undefined ? [] : [`for ${platform}`])].join(" ");
}

/** In names and destinations: the target. */
const PLACE = "{target}";

/** The targets that the options name; undefined with `allTargets`, which the Dockerfile decides. Throws `USAGE`. */
export function namedTargets(options: BuildOptions): readonly BuildTarget[] | undefined {
  const { target, targets, allTargets = false } = options;
  if (target !== undefined && (targets !== undefined || allTargets))
    throw usageError("Cannot build one target and several: wanted target, targets or allTargets", "Leave all but one out");
  if (targets !== undefined && allTargets)
    throw usageError("Cannot build named targets and all targets: wanted targets or allTargets", "Leave one out");
  if (allTargets) return undefined;
  // An empty name is that of the last stage, as in BuildKit.
  return targetsOf(options, targets ?? [target === "" ? undefined : target]);
}

/** A target for each stage with a name. Throws `USAGE`, `DOCKERFILE_SEMANTIC` when there is a result without a name. */
export function allTargets(options: BuildOptions, { stages }: ParsedDockerfile): readonly BuildTarget[] {
  const last = stages.at(-1);
  if (last !== undefined && last.name === undefined)
    throw new DecantError(
      "DOCKERFILE_SEMANTIC",
      "Cannot build all targets: the last stage has no name, so that its image cannot have one",
      {
        hint: "Name it: FROM … AS NAME",
        source: [last.from.range],
      },
    );
  return targetsOf(
    options,
    stages.flatMap(({ name }) => name ?? []),
  );
}

function targetsOf(options: BuildOptions, wanted: readonly (string | undefined)[]): readonly BuildTarget[] {
  const names = [...new Set(wanted.map((name) => name?.toLowerCase()))];
  if (names.length === 0 || names.includes("") || (names.length > 1 && names.includes(undefined)))
    throw usageError("Cannot build targets: one has no name", "Name stages, as in --target test,final");
  checkNamed(options, names);
  const results = names.map((name): BuildTarget => ({
    name,
    options: optionsFor(options, name, names),
    role: "result",
    isOfSeveral: isForSeveral(options),
  }));
  checkApart(results);
  return [...results, ...alsoOf(options, names)];
}

/** Stages that are no target themselves. */
function alsoOf(options: BuildOptions, targets: readonly (string | undefined)[]): BuildTarget[] {
  const { targets: _targets, allTargets: _all, also = [], tags: _tags, annotations: _annotations, ...rest } = options;
  const names = [...new Set(also.map((name) => name.toLowerCase()))];
  if (names.includes("")) throw usageError("Cannot run a further stage: it has no name", "Name it, as in --also test");
  return names
    .filter((name) => !targets.includes(name))
    .map((name) => ({ name, options: { ...rest, target: name, outputs: [{ type: "cacheonly" }] }, role: "also", isOfSeveral: true }));
}

/** Is it a build of several targets by its options, however many there are? */
function isForSeveral({ targets, allTargets: all = false }: Pick<BuildOptions, "targets" | "allTargets">): boolean {
  return targets !== undefined || all;
}

function optionsFor(options: BuildOptions, name: string | undefined, all: readonly (string | undefined)[]): BuildOptions {
  const { targets: _targets, allTargets: _all, also: _also, target, tags, outputs, ...rest } = options;
  return {
    ...rest,
    target: isForSeveral(options) ? name : target,
    tags: tags && namesFor(tags, name, all),
    outputs: outputs?.map((output) => outputFor(output, name, all, isForSeveral(options))),
  };
}

function outputFor(output: OutputSpec, name: string | undefined, all: readonly (string | undefined)[], isSeveral: boolean): OutputSpec {
  const dest = "dest" in output && output.dest !== undefined ? { dest: destFor(output, output.dest, name, all, isSeveral) } : {};
  if (!("names" in output)) return { ...output, ...dest };
  // The digest tells images of one repository apart.
  const isByDigest = "pushByDigest" in output && output.pushByDigest === true;
  const names = namesFor(output.names, name, isByDigest ? [name] : all);
  const isPushed = output.type === "registry" || (output.type === "image" && output.push);
  if (isPushed && names.length === 0 && all.length > 1)
    throw usageError(`Cannot push the image of target "${name}": it has no name`, `Name it: --tag ${name}=NAME, or --tag NAME-${PLACE}`);
  return { ...output, ...dest, names };
}

/** "STAGE=NAME" is a name of that target alone, and "{target}" in a name stands for the target. No image has "=" or "{" in its name. */
function namesFor(names: readonly string[], target: string | undefined, all: readonly (string | undefined)[]): string[] {
  return names.flatMap((text) => {
    const at = text.indexOf("=");
    if (at >= 0) return text.slice(0, at).toLowerCase() === target ? [filled(text.slice(at + 1), target)] : [];
    if (all.length > 1 && !text.includes(PLACE))
      throw usageError(
        `Cannot name the images of ${all.length} targets "${text}": a name is for one image`,
        `Write --tag STAGE=${text} for one of them, or ${PLACE} in the name, as in --tag ${withPlace(text)}`,
      );
    return [filled(text, target)];
  });
}

/** A folder has one for each target; a file needs a name for each. */
function destFor(
  output: OutputSpec,
  dest: string,
  name: string | undefined,
  all: readonly (string | undefined)[],
  isSeveral: boolean,
): string {
  if (dest.includes(PLACE)) return filled(dest, name);
  if (!isSeveral || name === undefined) return dest;
  if (output.type === "local" || ("tar" in output && output.tar === false)) return join(dest, name);
  if (all.length === 1) return dest;
  throw usageError(
    `Cannot write ${all.length} targets to dest "${dest}": it is one file`,
    `Write ${PLACE} in its name, as in dest=${dest === "-" ? `${PLACE}.tar` : withPlace(dest)}`,
  );
}

function filled(text: string, target: string | undefined): string {
  if (!text.includes(PLACE)) return text;
  if (target === undefined)
    throw usageError(`Cannot fill "${text}": the build names no target`, "Name the stage with --target, or leave {target} out");
  return text.replaceAll(PLACE, target);
}

/** "app:1" as "app-{target}:1", "out/app.tar" as "out/app-{target}.tar". */
function withPlace(text: string): string {
  const [, stem = "", end = ""] = /^(.*?)([:.@][^/]*)?$/s.exec(text) ?? [];
  return `${stem}-${PLACE}${end}`;
}

/** A name for a stage that is not built is a mistake, and never left out in silence. */
function checkNamed({ tags = [], outputs = [] }: BuildOptions, targets: readonly (string | undefined)[]): void {
  for (const text of [...tags, ...outputs.flatMap((output) => ("names" in output ? output.names : []))]) {
    const at = text.indexOf("=");
    const stage = text.slice(0, Math.max(at, 0)).toLowerCase();
    if (at < 0 || targets.includes(stage)) continue;
    const known = targets.filter((name) => name !== undefined);
    throw usageError(
      `Cannot name an image "${text}": "${stage}" is no target of this build`,
      known.length === 0 ? `Add --target ${stage === "" ? "STAGE" : stage}` : `Its targets are: ${known.join(", ")}`,
    );
  }
}

/** Throws when two targets would have one name. */
function checkApart(targets: readonly BuildTarget[]): void {
  const owners = new Map<string, string | undefined>();
  for (const { name, options } of targets) {
    const byDigest = (output: OutputSpec): boolean => "pushByDigest" in output && output.pushByDigest === true;
    const ofOutputs = (options.outputs ?? []).flatMap((output) => ("names" in output && !byDigest(output) ? output.names : []));
    for (const image of targetNames([...(options.tags ?? []), ...ofOutputs])) {
      if (owners.has(image) && owners.get(image) !== name)
        throw usageError(`Cannot name two images "${image}": targets "${owners.get(image)}" and "${name}" would both have it`);
      owners.set(image, name);
    }
  }
}
