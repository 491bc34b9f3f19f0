/** `outline` and `targets`: what a Dockerfile takes, and which stages can be built (F58). */
import { planOptionsOf, platformNamed } from "../build/index.ts";
import { checkParsed, type Outline, outlineOf, planDockerfile, type Stage } from "../dockerfile/index.ts";
import { given } from "../given.ts";
import type { SourceFile } from "../source.ts";
import { type DockerfileOptions, openDockerfile } from "./dockerfile-options.ts";
import { OUTLINE, TARGETS } from "./options/build.ts";
import { checkOptions } from "./options/shape.ts";

/** What `outline` gives. */
export interface DockerfileOutline extends Outline {
  readonly file: SourceFile;
}

/** One stage, as `targets` lists it. */
export interface DockerfileTarget {
  /** Absent for a stage without a name, which is a target only as the last one. */
  readonly name?: string;
  readonly index: number;
  readonly isDefault: boolean;
  readonly description?: string;
  /** What FROM says, variables not filled in. */
  readonly base: string;
  readonly platform?: string;
  readonly line: number;
}

/** What `targets` gives. */
export interface DockerfileTargets {
  readonly file: SourceFile;
  readonly targets: readonly DockerfileTarget[];
}

/** What a target takes. Rejects with `CONTEXT`, `DOCKERFILE_*`, `PLATFORM`. */
export async function outline(options: DockerfileOptions): Promise<DockerfileOutline> {
  checkOptions(OUTLINE, options);
  await using opened = await openDockerfile(options);
  const { written } = opened;
  checkParsed(written);
  const platform = platformNamed(opened, options.platform);
  return { file: written.file, ...outlineOf(planDockerfile(written, planOptionsOf(opened, platform))) };
}

/** Every stage that can be built. Rejects with `CONTEXT`, `DOCKERFILE_*`. */
export async function targets(options: DockerfileOptions): Promise<DockerfileTargets> {
  checkOptions(TARGETS, options);
  await using opened = await openDockerfile(options);
  const { written } = opened;
  checkParsed(written);
  return { file: written.file, targets: written.stages.map((stage) => targetOf(stage, written.stages.length)) };
}

function targetOf({ index, name, description, from }: Stage, count: number): DockerfileTarget {
  return {
    ...given({ name }),
    index,
    isDefault: index === count - 1,
    ...given({ description }),
    base: from.image.text,
    ...(from.platform === undefined ? {} : { platform: from.platform.text }),
    line: from.range.start.line,
  };
}
