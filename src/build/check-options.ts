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
import type { BuildOptions } from "./types.ts";
import { workingDirectory } from "../working-directory.ts";
import { usageError } from "../errors.ts";

/** Checks platform, names, destinations, certificates and devices. Throws `USAGE`, `REFERENCE`, `PLATFORM`, `EXPORT`, `UNSUPPORTED`, `NOT_FOUND`. */
export async function checkBuildOptions(options: BuildOptions, { emit, signal }: BuildRun): Promise<void> {
  const { cwd = workingDirectory(), env = process.env } = options;
  const buildPlatform = hostPlatform({ arch: process.arch });
  for (const { name, note } of unusedVariables(env))
    emit({ type: "warning", code: "UnusedVariable", message: `The variable ${name} of the environment is not used. ${note}` });
  const platforms = platformsOf(options.platforms, { buildPlatform, defaultPlatform: defaultPlatform(env, buildPlatform) });
  // Which frontend is followed, only the Dockerfile says: outputs do not ask for it.
  const followed = { ...NEWEST, compatibility: followedExporters(options.compatibilityVersion, options.buildArgs ?? {}) };
  await checkOutputs(options, { platforms, cwd, followed, signal });
  checkFileName(options.provenance?.filename);
  buildDevices(options, { cwd, emit });
  await checkCaCertificates(options.caCerts, env, cwd);
}

/** A file beside others: no path. */
function checkFileName(name: string | undefined): void {
  if (name !== undefined && (/^\.{0,2}$/.test(name) || /[/\0]/.test(name)))
    throw usageError(`Cannot use "${name}" as the file name of provenance: wanted a name without slashes, such as provenance.json`);
}
