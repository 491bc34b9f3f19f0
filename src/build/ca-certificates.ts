/** `caCerts`: the host's certificates for RUN steps. */
import { resolve } from "node:path";
import type { ContextOptions } from "../context/index.ts";
import { hostCaCertificates } from "../engine/index.ts";
import { usageError } from "../errors.ts";
import { checkNamedFile, readNamedFile } from "../sys/index.ts";

const MAX_BUNDLE_BYTES = 16 * 1024 * 1024;
const OFF: ReadonlySet<string> = new Set(["off", "none", "false"]);
const AUTO: ReadonlySet<string> = new Set(["auto", "on", "true"]);

function isNamed(wanted: string | undefined): wanted is string {
  return wanted !== undefined && !OFF.has(wanted) && !AUTO.has(wanted);
}

/** The bundle of certificates for RUN steps; undefined for none. Absolute. Throws `USAGE` for a file that cannot be used. */
export function caCertificatesOf(wanted: string | undefined, env: NonNullable<ContextOptions["env"]>, cwd: string): string | undefined {
  if (!isNamed(wanted)) return wanted !== undefined && OFF.has(wanted) ? undefined : hostCaCertificates(env);
  const path = resolve(cwd, wanted);
  const fault = checkNamedFile({ path });
  if (fault !== undefined) throw cannotUse(wanted, fault.problem);
  return path;
}

/** Is the bundle one? Throws `USAGE`. */
export async function checkCaCertificates(wanted: string | undefined, env: NonNullable<ContextOptions["env"]>, cwd: string): Promise<void> {
  const path = caCertificatesOf(wanted, env, cwd);
  if (path === undefined || !isNamed(wanted)) return;
  const read = await readNamedFile({ path }, { maxBytes: MAX_BUNDLE_BYTES });
  if ("problem" in read) throw cannotUse(wanted, read.problem);
  if (!read.bytes.includes("-----BEGIN ")) throw cannotUse(wanted, "it has no certificate in the form PEM");
}

function cannotUse(wanted: string, problem: string): Error {
  return usageError(`Cannot use --ca-certs "${wanted}": ${problem}`, "Give a file of PEM certificates, auto or off");
}
