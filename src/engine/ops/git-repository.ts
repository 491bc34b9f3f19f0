/** A bare repository in the store for each remote: what was fetched once is not fetched again. Shallow where the server can do that. */
import { join } from "node:path";
import { existsSync } from "node:fs";
import { createHash } from "node:crypto";
import { DecantError } from "../../errors.ts";
import { isCommit } from "../../graph/index.ts";
import type { Store } from "../../store/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { Git } from "./git-command.ts";

/** What a ref is at the moment. */
export interface RemoteRef {
  /** The commit; a tag's own object is followed. */
  readonly commit: string;
  /** The id that the name itself has: that of an annotated tag's object. */
  readonly object: string;
  /** The whole name, e.g. "refs/heads/main"; absent for a commit given by its id. The default branch has its own name, or "HEAD" where the server does not tell. */
  readonly name?: string;
}

const SPACE = "git";

/** Asks the server what `ref` is (absent: the default branch). A whole commit id is taken as it is. Throws `GIT_SOURCE`. */
export async function resolveRef(git: Git, remote: string, ref: string | undefined): Promise<RemoteRef> {
  if (ref !== undefined && isCommit(ref)) return { commit: ref, object: ref };
  const wanted = ref ?? "HEAD";
  const shown = publicUrl(remote);
  const asked = ["ls-remote", "--symref", "--", remote, wanted, `${wanted}^{}`];
  const { ids, head } = readListing(await git.run(`look up "${wanted}" in "${shown}"`, asked, { remote }));
  const name = ref === undefined ? "HEAD" : fullNames(ref).find((candidate) => ids.has(candidate));
  const object = name === undefined ? undefined : ids.get(name);
  if (name === undefined || object === undefined) {
    throw new DecantError("GIT_SOURCE", `Cannot use "${wanted}" of "${shown}": the repository has no such branch or tag`, {
      hint: ref === "HEAD" ? "Leave the ref out: that is the default branch" : "A commit must be given by its whole id",
    });
  }
  return { commit: ids.get(`${name}^{}`) ?? object, object, name: name === "HEAD" ? (head ?? name) : name };
}

/** What git may mean by a name; a branch comes before a tag, as in git checkout. HEAD is no name of these (BuildKit). */
function fullNames(ref: string): readonly string[] {
  return ref.startsWith("refs/") ? [ref] : [`refs/${ref}`, `refs/heads/${ref}`, `refs/tags/${ref}`];
}

/** The ids by name, and the branch that HEAD is, from git ls-remote. */
function readListing(listed: string): { readonly ids: ReadonlyMap<string, string>; readonly head: string | undefined } {
  const ids = new Map<string, string>();
  let head: string | undefined;
  for (const line of listed.split("\n")) {
    const [id = "", name = ""] = line.split("\t");
    if (isCommit(id)) ids.set(name, id);
    if (name === "HEAD" && id.startsWith("ref: refs/heads/")) head = id.slice("ref: ".length);
  }
  return { ids, head };
}

/** The store's repository of `remote`, with `ref`'s commit in it. Throws `GIT_SOURCE`. */
export async function fetchCommit(store: Store, git: Git, remote: string, ref: RemoteRef, signal: AbortSignal): Promise<string> {
  const shown = publicUrl(remote);
  const format = ref.commit.length === 64 ? "sha256" : "sha1";
  const id = createHash("sha256").update(`${format} ${remote}`).digest("hex");
  await using _lock = await store.locks.acquire(`git-${id}`, { signal });
  const path = await repository(store, git, id, format, shown);
  // The object of an annotated tag is wanted, too.
  const has = async (): Promise<boolean> =>
    (await git.ask(["--git-dir", path, "cat-file", "-e", `${ref.commit}^{commit}`])) &&
    (ref.object === ref.commit || (await git.ask(["--git-dir", path, "cat-file", "-e", ref.object])));
  if (await has()) return path;
  const source = ref.name ?? ref.commit;
  const target = `refs/decant/${createHash("sha256").update(source).digest("hex")}`;
  const fetchArgs = (more: readonly string[], specs: readonly string[]): string[] => [
    "--git-dir",
    path,
    "fetch",
    "-q",
    "--no-tags",
    "-f",
    ...more,
    "--",
    remote,
    ...specs,
  ];
  // Servers without shallow fetches, or without fetches by id, need another way.
  if (!(await git.ask(fetchArgs(["--depth=1"], [`+${source}:${target}`]), { remote })) || !(await has())) {
    const whole = existsSync(join(path, "shallow")) ? ["--unshallow"] : [];
    const specs =
      ref.name === undefined ? ["+refs/heads/*:refs/decant/heads/*", "+refs/tags/*:refs/decant/tags/*"] : [`+${source}:${target}`];
    await git.run(`fetch "${source}" of "${shown}"`, fetchArgs(whole, specs), { remote });
  }
  if (await has()) return path;
  throw new DecantError(
    "GIT_SOURCE",
    `Cannot use commit "${ref.commit}" of "${shown}": it is not there`,
    ref.name === undefined
      ? {}
      : {
          hint: `"${ref.name}" has moved meanwhile: build again`,
        },
  );
}

async function repository(store: Store, git: Git, id: string, format: string, shown: string): Promise<string> {
  // After a reboot nobody knows what reached the disk.
  if (store.dirs.isSuspect(SPACE, id)) await store.dirs.remove(SPACE, id);
  const known = store.dirs.find(SPACE, id);
  store.records.put(SPACE, id, { remote: shown }, [{ kind: "dir", space: SPACE, id }]);
  if (known !== undefined) return known;
  await using staged = await store.dirs.create(SPACE);
  await git.run("make a git repository", ["init", "-q", "--bare", "--template=", `--object-format=${format}`, "--", staged.path]);
  await git.run("set a git repository up", ["--git-dir", staged.path, "config", "uploadpack.allowAnySHA1InWant", "true"]);
  return await staged.publish(id);
}
