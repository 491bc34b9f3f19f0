/** What options alone can get wrong: told before the context is opened, and so before anything is fetched, run or written. */
import { followedExporters } from "../context/index.ts";
import { unusedVariables } from "../environment.ts";
import { NEWEST } from "../followed.ts";
import { defaultPlatform, hostPlatform } from "../oci/index.ts";
import { checkCaCertificates } from "./ca-certificates.ts";
import { buildDevices } from "./devices.ts";
import type { BuildRun } from "./open-build.ts";
import { checkOutputs } from "./outputs.ts";
import { platformsOf } from "./platform.ts";
import { type BuildTarget, namedTargets } from "./targets.ts";
import type { BuildOptions } from "./types.ts";
import { workingDirectory } from "../working-directory.ts";
import { usageError } from "../errors.ts";

/**
 * Checks platform, names, destinations, certificates and devices, and gives the targets that the options name; undefined for all of the Dockerfile.
 * Throws `USAGE`, `REFERENCE`, `PLATFORM`, `EXPORT`, `UNSUPPORTED`, `NOT_FOUND`.
 */
export async function checkBuildOptions(options: BuildOptions, run: BuildRun): Promise<readonly BuildTarget[] | undefined> {
  const { cwd = workingDirectory(), env = process.env } = options;
  const { emit } = run;
  for (const { name, note } of unusedVariables(env))
    emit({ type: "warning", code: "UnusedVariable", message: `The variable ${name} of the environment is not used. ${note}` });
  const targets = namedTargets(options);
  // Platforms, at least, are checked now.
  if (targets === undefined) platformsOf(options.platforms, platformsHere(env));
  else await checkTargets(targets, run);
  checkFileName(options.provenance?.filename);
  buildDevices(options, { cwd, emit });
  await checkCaCertificates(options.caCerts, env, cwd);
  return targets;
}

/** Checks the outputs of every target. Throws as `checkOutputs`. */
export async function checkTargets(targets: readonly BuildTarget[], { signal }: BuildRun): Promise<void> {
  for (const { options } of targets) {
    const { cwd = workingDirectory(), env = process.env } = options;
    // Which frontend is followed, only the Dockerfile says: outputs do not ask for it.
    const followed = { ...NEWEST, compatibility: followedExporters(options.compatibilityVersion, options.buildArgs ?? {}) };
    await checkOutputs(options, { platforms: platformsOf(options.platforms, platformsHere(env)), cwd, followed, signal });
  }
}

function platformsHere(env: NonNullable<BuildOptions["env"]>): Parameters<typeof platformsOf>[1] {
  const buildPlatform = hostPlatform({ arch: process.arch });
  return { buildPlatform, defaultPlatform: defaultPlatform(env, buildPlatform) };
}

/** A file beside others: no path. */
function checkFileName(name: string | undefined): void {
  if (name !== undefined && (/^\.{0,2}$/.test(name) || /[/\0]/.test(name)))
    throw usageError(`Cannot use "${name}" as the file name of provenance: wanted a name without slashes, such as provenance.json`);
}
