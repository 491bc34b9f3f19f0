/**
 * What a build is asked for that the rest would not look at: other frontends, build arguments of BuildKit, policies.
 * Each is refused by name, as nothing is skipped in silence (src/support.ts).
 */
import { given } from "../given.ts";
import { access } from "node:fs/promises";
import { basename } from "node:path";
import { detectSyntax, type ParsedDockerfile } from "../dockerfile/index.ts";
import { errnoOf, unsupported } from "../errors.ts";
import { type Emit, eventSource } from "../events.ts";
import { type Followed, frontendOfTag, isNewerTag, NEWEST, parseCompatibility } from "../followed.ts";
import type { DockerfileText } from "./dockerfile-file.ts";

/** docker/dockerfile of any registry and version, and BuildKit's own name for the frontend that is built in. */
const OWN_SYNTAX = /^(?:[^/\s]+\/)*docker\/dockerfile(?:-upstream)?(?::(?<tag>[^/@\s]+))?(?:@\S+)?$|^dockerfile\.v0$/;
const COMPATIBILITY_ARGUMENT = "compatibility-version";

/** Throws `UNSUPPORTED` for the first such thing. */
export async function refuseUnknown(dockerfile: DockerfileText, buildArgs: Readonly<Record<string, string>>): Promise<void> {
  for (const name of Object.keys(buildArgs)) {
    if (name.startsWith("BUILDKIT_ATTEST_")) throw unsupported(`--build-arg ${name}`, { row: "F132", hint: "Use --sbom or --provenance" });
  }
  if (await exists(`${dockerfile.path}.rego`))
    throw unsupported(`The policy "${basename(dockerfile.path)}.rego" beside the Dockerfile`, { row: "F137" });
}

/**
 * The frontend that is to read a file: the tag of docker/dockerfile that `# syntax=` or BUILDKIT_SYNTAX names, else the newest. Throws `UNSUPPORTED`
 * for another frontend.
 */
export function followedFrontend(
  { file, directives }: ParsedDockerfile,
  buildArgs: Readonly<Record<string, string>>,
  emit: Emit,
): Pick<Followed, "frontend" | "minor"> {
  const argument = buildArgs["BUILDKIT_SYNTAX"];
  const source = argument === undefined ? directives.syntax?.range : undefined;
  const wanted = argument ?? detectSyntax(file.text) ?? "";
  const own = OWN_SYNTAX.exec(wanted);
  if (wanted !== "" && own === null) throw unsupported(`Frontend "${wanted}"`, { row: "F1", ...given({ source }) });
  const tag = own?.groups?.["tag"];
  if (tag !== undefined && isNewerTag(tag)) {
    const message = `Frontend "${wanted}" is newer than docker/dockerfile:${NEWEST.frontend}, which Decant follows`;
    emit({ type: "warning", code: "NewerFrontend", message, ...(source === undefined ? {} : { source: eventSource(source) }) });
  }
  return frontendOfTag(tag);
}

/** `compatibility-version`: an option, else the build argument of that name. Throws `USAGE`. */
export function followedExporters(
  option: number | string | undefined,
  buildArgs: Readonly<Record<string, string>>,
): Followed["compatibility"] {
  const text = option ?? buildArgs[COMPATIBILITY_ARGUMENT];
  return text === undefined ? NEWEST.compatibility : parseCompatibility(String(text));
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
