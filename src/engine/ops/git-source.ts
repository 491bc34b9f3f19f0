/**
 * git://…: a commit's files as a layer (rule S92): files 0644 or 0755, everything owned by root, `.git` only when asked for. Kept by the
 * commit, so that a known commit needs no network at all, and a known branch one question.
 */
import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, framedDigest, isDigest } from "../../digest.ts";
import { DecantError } from "../../errors.ts";
import { type GitRef, gitRefOf, isCommit, isSshRemote, type SourceOp, withoutCredentials } from "../../graph/index.ts";
import { baseName, cleanTreePath, ROOT, treePath, type TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import {
  type Entry,
  hostTree,
  type Layer,
  type LayerItem,
  layerSource,
  openLayer,
  resolvePath,
  type Tree,
  walk,
  writeLayer,
} from "../../tree/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { Material, SourceProvider } from "../types.ts";
import { openGitAccess } from "./git-access.ts";
import { createGit, type Git } from "./git-command.ts";
import { fetchCommit, type RemoteRef, resolveRef } from "./git-repository.ts";
import type { SourceAccess } from "./source-secrets.ts";

/** A commit's files. */
interface GitCheckout {
  readonly layer: Layer;
  readonly commit: string;
  /** When it was committed: seconds since the epoch. */
  readonly commitTimeSec: number;
}

/** Options of git sources. */
interface GitOptions extends SourceAccess {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A provider for git. */
export function gitSources(store: Store, options: GitOptions): SourceProvider {
  return {
    schemes: ["git"],
    async resolve(op, _platform, signal) {
      const checkout = await gitCheckout(store, op, options, signal);
      return { kind: "layers", layers: [layerSource(checkout.layer)], name: `"${op.identifier}"`, materials: [gitMaterial(op, checkout)] };
    },
  };
}

/** "https://host/x.git#ref" and the commit, as BuildKit tells of git. */
export function gitMaterial(op: SourceOp, { commit }: Pick<GitCheckout, "commit">): Material {
  const { remote, ref } = gitRefOf(op);
  const uri = `${publicUrl(remote)}${ref === undefined ? "" : `#${ref}`}`;
  return { uri, digest: { [commit.length === 64 ? "sha256" : "sha1"]: commit } };
}

/** Fetches what `op` names, where it is not known. Throws `GIT_SOURCE`, `CHECKSUM`, `USAGE` for secrets that are no credentials. */
export async function gitCheckout(store: Store, op: SourceOp, options: GitOptions, signal: AbortSignal): Promise<GitCheckout> {
  const wanted = gitRefOf(op);
  // ssh has its user in the remote, and no password.
  const remote = isSshRemote(wanted.remote) ? wanted.remote : withoutCredentials(wanted.remote);
  const byCommit =
    wanted.fetchByCommit === true && wanted.checksum !== undefined && isCommit(wanted.checksum) ? wanted.checksum : undefined;
  const asked = byCommit ?? wanted.ref;
  // A known commit needs nobody to be asked, and so no way in.
  const known = asked === undefined || !isCommit(asked) ? undefined : keptCheckout(store, remote, wanted, { commit: asked, object: asked });
  if (known !== undefined) return known;

  await using access = await openGitAccess(op, wanted.remote, options, signal);
  const git = createGit({ access, env: options.env, signal });
  const ref = await resolveRef(git, remote, asked);
  const kept = keptCheckout(store, remote, wanted, ref);
  if (kept !== undefined) return kept;

  const bare = await fetchCommit(store, git, remote, ref, signal);
  const commitTimeSec = Number(await git.run("read a commit", ["--git-dir", bare, "show", "-s", "--format=%ct", ref.commit]));
  const layer = await checkout(store, git, { bare, remote, ref, wanted, commitTimeSec }, signal);
  store.records.put("git-tree", checkoutId(remote, wanted, ref), { layer: layer.id, commitTimeSec }, [
    { kind: "record", space: "layer", id: layer.id },
  ]);
  return { layer, commit: ref.commit, commitTimeSec };
}

function checkoutId(remote: string, wanted: GitRef, { commit }: RemoteRef): Digest {
  return framedDigest([
    "git",
    remote,
    commit,
    wanted.subdir ?? "",
    wanted.keepGitDir === true ? "keep" : "",
    wanted.submodules === false ? "without submodules" : "",
    wanted.mtime ?? "",
  ]);
}

function keptCheckout(store: Store, remote: string, wanted: GitRef, ref: RemoteRef): GitCheckout | undefined {
  checkCommit(wanted, ref);
  const known = asRemembered(store.records.get("git-tree", checkoutId(remote, wanted, ref)));
  const layer = known === undefined ? undefined : openLayer(store, known.layer);
  return known === undefined || layer === undefined ? undefined : { layer, commit: ref.commit, commitTimeSec: known.commitTimeSec };
}

function checkCommit(wanted: GitRef, ref: RemoteRef): void {
  const { checksum } = wanted;
  if (checksum === undefined || ref.commit.startsWith(checksum) || ref.object.startsWith(checksum)) return;
  throw new DecantError(
    "CHECKSUM",
    `Cannot use "${publicUrl(wanted.remote)}": ${wanted.ref ?? "HEAD"} is commit "${ref.commit}"; the checksum wants "${checksum}" (expected checksum to match)`,
  );
}

interface CheckoutInput {
  readonly bare: string;
  readonly remote: string;
  readonly ref: RemoteRef;
  readonly wanted: GitRef;
  readonly commitTimeSec: number;
}

async function checkout(store: Store, git: Git, input: CheckoutInput, signal: AbortSignal): Promise<Layer> {
  const { bare, remote, ref, wanted } = input;
  await using scratch = await store.scratch();
  const work = join(scratch.path, "work");
  const inWork = { cwd: work };
  const doing = `check out "${ref.commit}" of "${publicUrl(remote)}"`;
  await git.run(doing, ["init", "-q", "--template=", `--object-format=${ref.commit.length === 64 ? "sha256" : "sha1"}`, "--", work]);
  await git.run(doing, ["config", "remote.origin.url", remote], inWork);
  if (wanted.keepGitDir === true)
    await git.run(
      doing,
      ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--depth=1", "--", bare, `+${ref.commit}:refs/remotes/origin/HEAD`],
      {
        ...inWork,
        localFiles: true,
      },
    );
  else await appendFile(join(work, ".git/objects/info/alternates"), `${join(bare, "objects")}\n`);
  await git.run(doing, ["checkout", "-q", "-f", "--detach", ref.commit], inWork);
  if (wanted.submodules !== false && existsSync(join(work, ".gitmodules"))) await updateSubmodules(git, work, remote);
  // No tracked path has that name: all of it is git's own.
  const tree = hostTree(work, { filter: (path) => wanted.keepGitDir === true || baseName(path) !== ".git" });
  const root = resolvePath(tree, treePath(wanted.subdir ?? ""), { followLast: true });
  if (root.path !== ROOT && root.entry?.kind !== "dir")
    throw new DecantError(
      "GIT_SOURCE",
      `Cannot use "${wanted.subdir}" of "${publicUrl(remote)}": it is not a directory of commit "${ref.commit}"`,
    );
  return await writeLayer(store, filesBelow(tree, root.path, input), { signal });
}

async function updateSubmodules(git: Git, work: string, remote: string): Promise<void> {
  const update = ["submodule", "--quiet", "update", "--init", "--recursive", "--checkout"];
  if (await git.ask([...update, "--depth=1"], { cwd: work })) return;
  // Servers without shallow fetches.
  await git.run(`fetch the submodules of "${publicUrl(remote)}"`, update, { cwd: work });
}

/** Git has two modes of files. */
async function* filesBelow(tree: Tree, root: TreePath, { wanted, commitTimeSec }: CheckoutInput): AsyncGenerator<LayerItem> {
  const time = wanted.mtime === "commit" ? { mtimeSec: commitTimeSec, mtimeNsec: 0 } : {};
  const above = root === ROOT ? 0 : root.length + 1;
  for (const entry of walk(tree, root)) {
    if (entry.path === root) continue;
    const own: Entry = { ...entry, ...time, path: cleanTreePath(entry.path.slice(above)), mode: modeOf(entry), uid: 0, gid: 0 };
    yield entry.kind === "file" ? { entry: own, data: await tree.data(entry) } : { entry: own };
  }
}

function modeOf({ kind, mode }: Entry): number {
  if (kind === "symlink") return 0o777;
  return kind === "dir" || (mode & 0o100) !== 0 ? 0o755 : 0o644;
}

function asRemembered(value: unknown): { readonly layer: Digest; readonly commitTimeSec: number } | undefined {
  if (typeof value !== "object" || value === null || !("layer" in value) || !("commitTimeSec" in value)) return undefined;
  const { layer, commitTimeSec } = value;
  if (typeof layer !== "string" || !isDigest(layer) || typeof commitTimeSec !== "number") return undefined;
  return { layer, commitTimeSec };
}
