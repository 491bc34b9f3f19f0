/** `checkDockerfile`: what is wrong with a Dockerfile and what could be better, without building it (F57). */
import { checkFile, platformNamed } from "../build/index.ts";
import type { CheckWarning, Diagnostic } from "../dockerfile/index.ts";
import { formatPlatform } from "../oci/index.ts";
import type { SourceFile } from "../source.ts";
import { joinChecks, type PlatformCheck } from "./check-platforms.ts";
import { type DockerfileOptions, openDockerfile } from "./dockerfile-options.ts";
import { checkOptions, type Shape, shapeOf } from "./options/shape.ts";
import { flag, list, maybe, text } from "./options/kinds.ts";
import { DOCKERFILE } from "./options/build.ts";

/** Options of `checkDockerfile`. Without `target` every stage is checked. */
export interface CheckDockerfileOptions extends DockerfileOptions {
  /** Look base images up (their configuration only), in the store and then the registry. Default true. */
  readonly lookUpImages?: boolean | undefined;
  /** Checks for each of them; what is found for some only says for which. Default: `platform`. */
  readonly platforms?: readonly string[] | undefined;
}

/** What checks say. */
export interface DockerfileCheck {
  readonly file: SourceFile;
  readonly warnings: readonly CheckWarning[];
  /** Why the file cannot be built, as far as its text tells. */
  readonly errors: readonly Diagnostic[];
  /** Rules whose breaking is an error, because the file or BUILDKIT_DOCKERFILE_CHECK says `error=true`. */
  readonly violations: readonly string[];
  /** What could not be judged, e.g. because a base image could not be looked up. */
  readonly notes: readonly string[];
  /** No error, and no rule of BuildKit is broken: what the exit code says. */
  readonly passed: boolean;
}

const OPTIONS: Shape = shapeOf<CheckDockerfileOptions>("checkDockerfile", {
  ...DOCKERFILE,
  lookUpImages: maybe(flag),
  platforms: maybe(list(text)),
});

/**
 * Checks a Dockerfile. Mistakes of the file are in the result. Rejects with `CONTEXT`, `DOCKERFILE_NOT_FOUND`, `CONFIG_FILE`,
 * `PLATFORM`, `STORE*`, or with the signal's reason.
 */
export async function checkDockerfile(options: CheckDockerfileOptions): Promise<DockerfileCheck> {
  checkOptions(OPTIONS, options);
  await using opened = await openDockerfile(options);
  const named = (options.platforms ?? []).flatMap((list) => list.split(","));
  const platforms = (named.length === 0 ? [options.platform] : named).map((name) => platformNamed(opened, name));
  const byName = new Map(platforms.map((platform) => [formatPlatform(platform), platform]));
  const checks: PlatformCheck[] = [];
  for (const [name, platform] of byName)
    checks.push({ platform: name, ...(await checkFile(opened, platform, { lookUp: options.lookUpImages !== false })) });
  const joined = joinChecks(checks);
  const passed = joined.errors.length === 0 && joined.warnings.every(({ origin }) => origin !== "buildkit");
  return { file: opened.written.file, ...joined, passed };
}
