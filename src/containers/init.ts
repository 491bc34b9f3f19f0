/** An init for `--init`: a small program of this machine that starts the container's, passes signals on, and buries orphans. */
import { readElfHead } from "../elf/index.ts";
import { findTool, readNamedFile } from "../sys/index.ts";
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
const MAX_BYTES = 16_777_216;

/** Finds one that any image can run, because it needs no loader. Throws `NOT_FOUND`. */
export async function findInit(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  for (const name of NAMES) {
    const path = findTool(name, env);
    if (path !== undefined && (await isStatic(path))) return path;
  }
  throw noInit();
}

async function isStatic(path: string): Promise<boolean> {
  const file = await readNamedFile({ path }, { maxBytes: MAX_BYTES });
  if (!("bytes" in file)) return false;
  const { bytes } = file;
  const head = await readElfHead({
    size: bytes.byteLength,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  });
  return head.kind === "elf" && head.elf.interpreter === undefined;
}
