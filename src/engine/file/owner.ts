/** `--chown` and the USER of WORKDIR as numbers: names are looked up in the target's own passwd and group files (rules S64, S76). */
import type { ChownOpt } from "../../graph/index.ts";
import { parseAccounts, parseGroups } from "../../facts/index.ts";
import { treePath } from "../../paths.ts";
import { readTreeFile, resolvePath, type Tree } from "../../tree/index.ts";

/** Numeric owner. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const MAX_ACCOUNT_FILE_BYTES = 10 * 1024 * 1024;

/** Called with a name that the tree does not know, and the file that was searched. */
type OnUnknownName = (name: string, file: string) => void;

/**
 * Resolves an owner against a tree. A user name without group takes the group of its passwd line; a number takes itself as group.
 * An unknown user is 0, an unknown group that of the user, as BuildKit does (its documentation says otherwise, rule S76), and told to `onUnknown`.
 */
export async function resolveOwner(tree: Tree, owner: ChownOpt, onUnknown: OnUnknownName): Promise<Owner> {
  const user = await resolveUser(tree, owner.user ?? 0, onUnknown);
  const gid = owner.group === undefined ? undefined : await resolveGroup(tree, owner.group, onUnknown);
  return { uid: user.uid, gid: gid ?? user.gid };
}

async function resolveUser(tree: Tree, user: string | number, onUnknown: OnUnknownName): Promise<Owner> {
  if (typeof user === "number") return { uid: user, gid: user };
  const account = parseAccounts(await accountFile(tree, "etc/passwd")).find(({ name }) => name === user);
  // What is no number is 0 to BuildKit.
  if (account !== undefined) return { uid: account.uid ?? 0, gid: account.gid ?? 0 };
  onUnknown(user, "/etc/passwd");
  return { uid: 0, gid: 0 };
}

async function resolveGroup(tree: Tree, group: string | number, onUnknown: OnUnknownName): Promise<number | undefined> {
  if (typeof group === "number") return group;
  const found = parseGroups(await accountFile(tree, "etc/group")).find(({ name }) => name === group);
  if (found !== undefined) return found.gid ?? 0;
  onUnknown(group, "/etc/group");
  return undefined;
}

async function accountFile(tree: Tree, path: string): Promise<string> {
  const found = resolvePath(tree, treePath(path), { followLast: true });
  if (found.entry?.kind !== "file") return "";
  return (await readTreeFile(tree, found.path, MAX_ACCOUNT_FILE_BYTES)).toString("utf8");
}
