/** The Dockerfile that a check, an outline or a list of targets is about, wherever it is: as for a build, but nothing is built. */
import { resolve } from "node:path";
import { noEvents } from "../events.ts";
import { parseGitUrl } from "../graph/index.ts";
import { openBuildContext } from "./build-context.ts";
import { type DockerfileText, readDockerfile } from "./dockerfile-file.ts";
import { openSession } from "./session.ts";
import { openAgents } from "./ssh-agents.ts";
import { openSecrets } from "./step-resources.ts";
import type { BuildOptions } from "./types.ts";

/** What is looked at. */
export interface CheckedContext {
  readonly dockerfile: DockerfileText;
  /** The context, if it is a folder of this machine: its .dockerignore and decant.yaml count. */
  readonly folder?: string;
  /** The Dockerfile as a file of this machine, whose own .dockerignore counts. */
  readonly path?: string;
}

/** Opens it; the store is needed only for what has to be fetched. Throws as `openBuildContext`. */
export async function openCheckedContext(
  options: Pick<BuildOptions, "root" | "env" | "context" | "file" | "cwd" | "stdin" | "buildArgs" | "secrets" | "ssh" | "signal">,
): Promise<CheckedContext> {
  const { context, file, cwd = process.cwd(), env = process.env, signal = new AbortController().signal } = options;
  const isRemote = context === "-" || file === "-" || isAddress(context) || (file !== undefined && /^https?:\/\//.test(file));
  if (!isRemote) {
    const folder = resolve(cwd, context);
    const dockerfile = await readDockerfile(folder, file, cwd);
    return { dockerfile, folder, path: dockerfile.path };
  }
  await using session = await openSession(options);
  const access = { secret: openSecrets(options.secrets ?? [], { cwd, env }), sshAgent: openAgents(options.ssh ?? [], { cwd, env }) };
  const { dockerfile, files } = await openBuildContext(options, session, { cwd, emit: noEvents, access, signal });
  return { dockerfile, ...("path" in files ? { folder: files.path } : {}) };
}

/** As `openBuildContext` decides it. */
function isAddress(context: string): boolean {
  return /^https?:\/\//.test(context) || parseGitUrl(context, { asContext: true }) !== undefined;
}
