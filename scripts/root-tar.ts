/** Root file systems of Debian, made with mmdebstrap: what stands in for base images whose registry cannot be reached. */
import { execFile } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const MIRROR = "http://deb.debian.org";

/** What is in a root file system. */
export interface RootTar {
  /** Debian codename. */
  readonly suite: string;
  readonly packages: readonly string[];
}

/** Where the tar of a root file system is kept below `folder`. */
export function rootTarPath(folder: string, { suite, packages }: RootTar): string {
  return join(folder, `${suite}+${packages.join("+")}.tar`);
}

/** Makes the file `tar`; it is there whole or not at all. Needs mmdebstrap and the network. */
export async function makeRootTar(tar: string, { suite, packages }: RootTar): Promise<void> {
  const part = `${tar}.part`;
  rmSync(part, { force: true });
  const sources = [
    `deb ${MIRROR}/debian ${suite} main`,
    `deb ${MIRROR}/debian ${suite}-updates main`,
    `deb ${MIRROR}/debian-security ${suite}-security main`,
  ];
  const args = ["--quiet", "--variant=minbase", "--format=tar", `--include=${packages.join(",")}`, suite, part, ...sources];
  try {
    await promisify(execFile)("mmdebstrap", args, { maxBuffer: 64 * 1024 * 1024 });
  } catch (cause) {
    rmSync(part, { force: true });
    throw new Error(`mmdebstrap failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  renameSync(part, tar);
}
