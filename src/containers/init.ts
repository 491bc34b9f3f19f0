/** An init for `--init`: a small program of this machine that starts the container's, passes signals on, and buries orphans. */
import { isStaticProgram } from "../elf/index.ts";
import { findTool } from "../sys/index.ts";
import { noInit } from "./errors.ts";

/** Where it is in the container: the path that docker uses. */
export const INIT_PATH = "/sbin/docker-init";

const NAMES = [
  "docker-init",
  "catatonit",
  "tini-static",
  "tini",
  // Where the packages of podman and docker put theirs.
  "/usr/libexec/podman/catatonit",
  "/usr/libexec/docker/docker-init",
  "/usr/lib/podman/catatonit",
];

/** Finds one that any image can run, because it needs no loader. Throws `NOT_FOUND`. */
export async function findInit(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  for (const name of NAMES) {
    const path = findTool(name, env);
    if (path !== undefined && (await isStaticProgram(path))) return path;
  }
  throw noInit();
}
