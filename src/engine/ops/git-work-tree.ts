/** A commit's files out of the store's bare repository, with their submodules and, where it is wanted, a `.git` as BuildKit makes it (rule S92). */
import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { DecantError } from "../../errors.ts";
import { type GitRef, isCommit } from "../../graph/index.ts";
import { baseName, cleanTreePath, displayPath, fromText, joinTreePath, ROOT, type TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { type Entry, hostTree, type Layer, type LayerItem, type Tree, walk, writeLayer } from "../../tree/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { Git } from "./git-command.ts";
import type { RemoteRef } from "./git-repository.ts";

/** What is checked out. */
export interface GitWork {
  /** The store's repository, with the commit in it. */
  readonly bare: string;
  /** Without credentials. */
  readonly remote: string;
  readonly ref: RemoteRef;
  readonly wanted: GitRef;
  /** In seconds since the epoch. */
  readonly commitTimeSec: number;
  /** Files that are no programs have the mode 0666, not 0644. */
  readonly hasOldModes: boolean;
}

/** Is `.git` kept? Not where only a folder of the repository is wanted. */
export function isGitDirKept(wanted: GitRef): boolean {
  return wanted.keepGitDir === true && wanted.subdir === undefined;
}

/** The name that the commit has in a `.git` that is kept: "refs/tags/v1"; undefined for none. */
export function keptName({ ref: asked, fetchByCommit }: GitRef, { name }: RemoteRef): string | undefined {
  // The name is believed then: nobody asked the server for it.
  if (fetchByCommit === true && asked !== undefined && !isCommit(asked)) return asked.startsWith("refs/") ? asked : `refs/heads/${asked}`;
  return name === "HEAD" ? undefined : name;
}

/** Writes the files as a layer: owned by root, with the modes that git knows. Throws `GIT_SOURCE`. */
export async function checkOut(store: Store, git: Git, input: GitWork, signal: AbortSignal): Promise<Layer> {
  const { bare, remote, ref, wanted } = input;
  await using scratch = await store.scratch();
  const work = join(scratch.path, "work");
  const inWork = { cwd: work };
  const doing = `check out "${ref.commit}" of "${publicUrl(remote)}"`;
  await git.run(doing, ["init", "-q", "--template=", `--object-format=${ref.commit.length === 64 ? "sha256" : "sha1"}`, "--", work]);
  await git.run(doing, ["remote", "add", "--", "origin", remote], inWork);
  if (isGitDirKept(wanted)) {
    const name = keptName(wanted, ref);
    const spec = name === undefined ? ref.object : `${ref.object}:${name}`;
    const fetch = ["fetch", "-q", "-u", "--no-tags", "--no-write-fetch-head", "--depth=1", "--", bare, spec];
    await git.run(doing, fetch, { ...inWork, localFiles: true });
  } else await appendFile(join(work, ".git/objects/info/alternates"), `${join(bare, "objects")}\n`);
  await git.run(doing, ["checkout", "-q", "-f", "--detach", ref.commit], inWork);
  if (wanted.submodules !== false && existsSync(join(work, ".gitmodules"))) await updateSubmodules(git, work, remote);
  // No tracked path has that name: all of it is git's own.
  const tree = hostTree(work, { filter: (path) => isGitDirKept(wanted) || baseName(path) !== ".git" });
  return await writeLayer(store, filesBelow(tree, folderOf(tree, input), input), { signal });
}

async function updateSubmodules(git: Git, work: string, remote: string): Promise<void> {
  const update = ["submodule", "--quiet", "update", "--init", "--recursive", "--checkout"];
  if (await git.ask([...update, "--depth=1"], { cwd: work })) return;
  // Servers without shallow fetches.
  await git.run(`fetch the submodules of "${publicUrl(remote)}"`, update, { cwd: work });
}

/** The folder that is wanted. As in BuildKit, no symlink may lead there. */
function folderOf(tree: Tree, { remote, ref, wanted }: GitWork): TreePath {
  let folder = ROOT;
  for (const part of wanted.subdir?.split("/") ?? []) {
    folder = joinTreePath(folder, fromText(part));
    const entry = tree.lookup(folder);
    if (entry?.kind === "dir") continue;
    const state = entry === undefined ? "is not there" : "is not a directory";
    throw new DecantError(
      "GIT_SOURCE",
      `Cannot use "${wanted.subdir}" of "${publicUrl(remote)}": "${displayPath(folder)}" ${state} in commit "${ref.commit}"`,
    );
  }
  return folder;
}

async function* filesBelow(tree: Tree, root: TreePath, work: GitWork): AsyncGenerator<LayerItem> {
  const time = work.wanted.mtime === "commit" ? { mtimeSec: work.commitTimeSec, mtimeNsec: 0 } : {};
  const above = root === ROOT ? 0 : root.length + 1;
  for (const entry of walk(tree, root)) {
    if (entry.path === root) continue;
    const path = cleanTreePath(entry.path.slice(above));
    const own: Entry = { ...entry, ...time, path, mode: modeOf(entry, work), uid: 0, gid: 0 };
    yield entry.kind === "file" ? { entry: own, data: await tree.data(entry) } : { entry: own };
  }
}

/** Git has two modes of files, and objects of its own that are read only. */
function modeOf({ kind, mode }: Entry, { hasOldModes }: GitWork): number {
  if (kind === "symlink") return 0o777;
  if (kind === "dir" || (mode & 0o100) !== 0) return 0o755;
  const own = (mode & 0o200) === 0 ? 0o444 : 0o644;
  return hasOldModes ? own | 0o222 : own;
}
