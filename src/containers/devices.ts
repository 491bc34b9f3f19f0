/** Device files that a container gets. */
import { type Stats, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { SandboxDevice } from "../engine/index.ts";
import { errnoOf, usageError } from "../errors.ts";
import { noMountSource } from "./errors.ts";
import type { ContainerDevice } from "./types.ts";

/** Of the mode: who may read and write. */
const PERMISSIONS = 0o777;

/** As runtime-spec wants them. Throws `NOT_FOUND` for one that this machine lacks, and `USAGE` for what is no device. */
export function containerDevices(wanted: readonly ContainerDevice[]): SandboxDevice[] {
  return wanted.map(({ source, target = source, access = "rwm" }) => {
    if (!isAbsolute(target) || !/^[rwm]+$/.test(access))
      throw usageError(`Cannot use device "${source}:${target}:${access}": wanted SOURCE, SOURCE:TARGET or SOURCE:TARGET:rwm`);
    const file = statsOf(source);
    const type = file.isBlockDevice() ? "b" : file.isCharacterDevice() ? "c" : undefined;
    if (type === undefined) throw usageError(`Cannot use device "${source}": it is no device file`, "Mount files with -v");
    const { rdev, uid, gid, mode } = file;
    return { path: target, type, access, major: majorOf(rdev), minor: minorOf(rdev), fileMode: mode & PERMISSIONS, uid, gid };
  });
}

function statsOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw errnoOf(error) === "ENOENT" ? noMountSource(path) : error;
  }
}

/** As glibc's gnu_dev_major, for numbers that fit 32 bits. */
function majorOf(rdev: number): number {
  return (rdev >>> 8) & 0xfff;
}

function minorOf(rdev: number): number {
  return (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
}
