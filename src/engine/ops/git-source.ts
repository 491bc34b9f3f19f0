/**
 * git://…: a commit's files as a layer (rule S92): files 0644 or 0755, everything owned by root, `.git` only when asked for. Kept by the
 * commit, so that a known commit needs no network at all, and a known branch one question.
 */
import { type Digest, framedDigest, isDigest } from "../../digest.ts";
import { DecantError } from "../../errors.ts";
import { type CompatibilityVersion, follows, NEWEST } from "../../followed.ts";
import { given } from "../../given.ts";
import { type GitRef, gitRefOf, isCommit, isSshRemote, type SourceOp, withoutCredentials } from "../../graph/index.ts";
import type { Store } from "../../store/index.ts";
import { type Layer, layerSource, openLayer } from "../../tree/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { Material, SourceProvider } from "../types.ts";
import { openGitAccess } from "./git-access.ts";
import { createGit } from "./git-command.ts";
import { fetchCommit, type RemoteRef, resolveRef } from "./git-repository.ts";
import { checkOut, type GitWork, isGitDirKept, keptName } from "./git-work-tree.ts";
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
  /** Whose modes files have. Default: the newest. */
  readonly compatibility?: CompatibilityVersion | undefined;
  /** Is told of each command of git before it runs, without secrets. `vertex`: the step that needs it, where one does. */
  readonly onCommand?: ((command: string, vertex: string | undefined) => void) | undefined;
}

/** A provider for git. */
export function gitSources(store: Store, options: GitOptions): SourceProvider {
  return {
    schemes: ["git"],
    async resolve(op, _platform, signal, vertex) {
      const checkout = await gitCheckout(store, op, options, signal, vertex);
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
export async function gitCheckout(
  store: Store,
  op: SourceOp,
  options: GitOptions,
  signal: AbortSignal,
  vertex?: string,
): Promise<GitCheckout> {
  const wanted = gitRefOf(op);
  // ssh has its user in the remote, and no password.
  const remote = isSshRemote(wanted.remote) ? wanted.remote : withoutCredentials(wanted.remote);
  const byCommit =
    wanted.fetchByCommit === true && wanted.checksum !== undefined && isCommit(wanted.checksum) ? wanted.checksum : undefined;
  const asked = byCommit ?? wanted.ref;
  // A known commit needs nobody to be asked, and so no way in.
  const work = { remote, wanted, hasOldModes: !follows({ ...NEWEST, ...given({ compatibility: options.compatibility }) }, "git-modes") };
  const known =
    asked === undefined || !isCommit(asked) ? undefined : keptCheckout(store, { ...work, ref: { commit: asked, object: asked } });
  if (known !== undefined) return known;

  await using access = await openGitAccess(op, wanted.remote, options, signal);
  const git = createGit({ access, env: options.env, signal, onCommand: (command) => options.onCommand?.(command, vertex) });
  const ref = await resolveRef(git, remote, asked);
  const input = { ...work, ref };
  const kept = keptCheckout(store, input);
  if (kept !== undefined) return kept;

  const bare = await fetchCommit(store, git, remote, ref, signal);
  const commitTimeSec = Number(await git.run("read a commit", ["--git-dir", bare, "show", "-s", "--format=%ct", ref.commit]));
  const layer = await checkOut(store, git, { ...input, bare, commitTimeSec }, signal);
  store.records.put("git-tree", checkoutId(input), { layer: layer.id, commitTimeSec }, [{ kind: "record", space: "layer", id: layer.id }]);
  return { layer, commit: ref.commit, commitTimeSec };
}

/** What decides the files, and so what a checkout is remembered by. */
type Work = Pick<GitWork, "remote" | "wanted" | "ref" | "hasOldModes">;

function checkoutId({ remote, wanted, ref, hasOldModes }: Work): Digest {
  return framedDigest([
    "git 2",
    remote,
    ref.commit,
    wanted.subdir ?? "",
    ...(isGitDirKept(wanted) ? ["keep", ref.object, keptName(wanted, ref) ?? ""] : []),
    wanted.submodules === false ? "without submodules" : "",
    wanted.mtime ?? "",
    hasOldModes ? "old modes" : "",
  ]);
}

function keptCheckout(store: Store, work: Work): GitCheckout | undefined {
  const { wanted, ref } = work;
  checkCommit(wanted, ref);
  const known = asRemembered(store.records.get("git-tree", checkoutId(work)));
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

function asRemembered(value: unknown): { readonly layer: Digest; readonly commitTimeSec: number } | undefined {
  if (typeof value !== "object" || value === null || !("layer" in value) || !("commitTimeSec" in value)) return undefined;
  const { layer, commitTimeSec } = value;
  if (typeof layer !== "string" || !isDigest(layer) || typeof commitTimeSec !== "number") return undefined;
  return { layer, commitTimeSec };
}
