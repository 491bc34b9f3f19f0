/** An image in pieces: directories on top of each other, shown to the audit as a tree and to a runtime as a mount. Needs a mount namespace of its own. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileReading, subjectFiles } from "../../src/audit/files.ts";
import { RUN_CHECKS } from "../../src/audit/checks/run/checks.ts";
import { RUN_AS_CHECKS } from "../../src/audit/checks/run-as/checks.ts";
import type { AuditSubject, Finding } from "../../src/audit/types.ts";
import { walkedTree, type WalkedTree } from "../../src/audit/walked-tree.ts";
import type { TreePath } from "../../src/paths.ts";
import { type Entry, hostTree, type Tree } from "../../src/tree/index.ts";
import type { Change, Program } from "./types.ts";

/** Who programs run as. */
export const USER = 65532;

/** An unchanged image that is mounted and was walked. */
export interface Image {
  readonly lowers: readonly string[];
  readonly walked: WalkedTree;
}

/** Runs a program that must end well. */
export function must(command: string, ...args: readonly string[]): string {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 256 * 1024 * 1024 });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${done.stderr}${done.error?.message ?? ""}`);
  return done.stdout;
}

/** Mounts directories, the topmost first, read-only. Overlayfs wants two. */
export function mountAt(target: string, lowers: readonly string[]): void {
  mkdirSync(target, { recursive: true });
  must("mount", "-t", "overlay", "overlay", "-o", `ro,lowerdir=${lowers.join(":")}`, target);
}

/** Takes it away again. */
export function unmount(target: string): void {
  must("umount", "-l", target);
}

/** Mounts and walks the directories once. */
export function openImage(folder: string, lowers: readonly string[]): Image {
  const target = join(folder, "whole");
  mountAt(target, lowers);
  return { lowers, walked: walkedTree(hostTree(target)) };
}

/** Writes the directory that makes a change when it lies on top of the image. */
export function writeChange(folder: string, image: Image, change: Change): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, change.path);
  mkdirSync(dirname(path), { recursive: true });
  for (let at = dirname(path); at.length > folder.length; at = dirname(at)) chmodSync(at, 0o755);
  if (change.how === "removed") {
    must("mknod", path, "c", "0", "0");
    return;
  }
  const lower = image.lowers.map((one) => join(one, change.path)).find((one) => statSync(one, { throwIfNoEntry: false }) !== undefined);
  if (lower === undefined) throw new Error(`there is no ${change.path}`);
  if (statSync(lower).isDirectory()) mkdirSync(path);
  else cpSync(lower, path);
  chmodSync(path, statSync(lower).isDirectory() ? 0o700 : 0o600);
}

/** The image as the audit sees it after a change. */
function changed({ tree, entries }: WalkedTree, change: Change | undefined): WalkedTree {
  if (change === undefined) return { tree, entries };
  const isThere = (path: TreePath): boolean => path !== change.path && !path.startsWith(`${change.path}/`);
  if (change.how === "removed") {
    return {
      entries: entries.filter(({ path }) => isThere(path)),
      tree: {
        ...tree,
        lookup: (path) => (isThere(path) ? tree.lookup(path) : undefined),
        readdir: (path) => (isThere(path) ? tree.readdir(path).filter((entry) => isThere(entry.path)) : []),
      },
    };
  }
  const shut = (entry: Entry): Entry => (entry.path === change.path ? { ...entry, mode: entry.kind === "dir" ? 0o700 : 0o600 } : entry);
  const lookup: Tree["lookup"] = (path) => {
    const entry = tree.lookup(path);
    return entry === undefined ? undefined : shut(entry);
  };
  return { entries: entries.map(shut), tree: { ...tree, lookup, readdir: (path) => tree.readdir(path).map(shut) } };
}

/** What the audit finds of whether a program runs. */
export async function auditProgram(image: Image, program: Program, change: Change | undefined): Promise<readonly Finding[]> {
  const { tree, entries } = changed(image.walked, change);
  const subject: AuditSubject = {
    name: program.name,
    platform: { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" },
    config: { Entrypoint: [...program.args], Env: [...environment(program)], User: String(USER), WorkingDir: "/app" },
    tree,
    layers: [],
    history: [],
  };
  const files = { ...subjectFiles({ ...subject, tree: { ...tree, linkGroup: () => undefined } }, entries), ...fileReading(tree) };
  const inventory = (): never => {
    throw new Error("whether it runs needs no inventory");
  };
  const found: Finding[] = [];
  for (const check of [...RUN_CHECKS, ...RUN_AS_CHECKS])
    found.push(...(await check.run(subject, { files, inventory, secrets: [], policy: {} })));
  return found;
}

/** The environment of a program. */
export function environment({ env = [] }: Program): readonly string[] {
  return ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/tmp", ...env];
}

/** Writes the program's own files as a directory to lie on top. */
export function writeProgram(folder: string, { files }: Program): string {
  mkdirSync(join(folder, "app"), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  must("chmod", "-R", "a+rX", folder);
  return folder;
}
