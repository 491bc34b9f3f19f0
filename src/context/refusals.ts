/**
 * What a build is asked for that the rest would not look at: other frontends, build arguments of BuildKit, policies.
 * Each is refused by name, as nothing is skipped in silence (src/support.ts).
 */
import { access } from "node:fs/promises";
import { basename } from "node:path";
import { detectSyntax, type ParsedDockerfile } from "../dockerfile/index.ts";
import { errnoOf, unsupported } from "../errors.ts";
import type { SupportId } from "../support-row.ts";
import type { DockerfileText } from "./dockerfile-file.ts";

/** docker/dockerfile of any registry and version, and BuildKit's own name for the frontend that is built in. */
const OWN_SYNTAX = /^(?:[^/\s]+\/)*docker\/dockerfile(?:-upstream)?(?::[^/@\s]+)?(?:@\S+)?$|^dockerfile\.v0$/;
const SWITCHES: Readonly<Record<string, SupportId>> = { BUILDKIT_INLINE_CACHE: "F98" };
const POLICY_VARIABLE = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY";

/** Throws `UNSUPPORTED` for the first such thing. */
export async function refuseUnknown(
  dockerfile: DockerfileText,
  buildArgs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (const [name, value] of Object.entries(buildArgs)) {
    const row = SWITCHES[name];
    if (row !== undefined && /^(?:1|t|true)$/i.test(value)) throw unsupported(`--build-arg ${name}=${value}`, { row });
    if (name.startsWith("BUILDKIT_ATTEST_")) throw unsupported(`--build-arg ${name}`, { row: "F132", hint: "Use --sbom or --provenance" });
  }
  if ((env[POLICY_VARIABLE] ?? "") !== "") throw unsupported(`The source policy in ${POLICY_VARIABLE}`, { row: "F136" });
  if (await exists(`${dockerfile.path}.rego`))
    throw unsupported(`The policy "${basename(dockerfile.path)}.rego" beside the Dockerfile`, { row: "F137" });
}

/** Throws `UNSUPPORTED` for a file that another frontend is to read. */
export function refuseFrontend({ file, directives }: ParsedDockerfile, buildArgs: Readonly<Record<string, string>>): void {
  const argument = buildArgs["BUILDKIT_SYNTAX"];
  const source = directives.syntax?.range;
  const wanted = argument ?? detectSyntax(file.text);
  if (wanted === undefined || wanted === "" || OWN_SYNTAX.test(wanted)) return;
  throw unsupported(`Frontend "${wanted}"`, { row: "F1", ...(argument !== undefined || source === undefined ? {} : { source }) });
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return false;
    throw error;
  }
}
