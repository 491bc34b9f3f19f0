/** `--chown` and the USER of WORKDIR as numbers: names are looked up in the target's own passwd and group files (rules S64, S76). */
import type { ChownOpt } from "../../graph/index.ts";
import { treePath } from "../../paths.ts";
import { readTreeFile, resolvePath, type Tree } from "../../tree/index.ts";

/** Numeric owner. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const MAX_ACCOUNT_FILE_BYTES = 10 * 1024 * 1024;

/** Called with a name that the tree does not know, and the file that was searched. */
export type OnUnknownName = (name: string, file: string) => void;

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
  for (const fields of await accountLines(tree, "etc/passwd")) {
    if (fields[0] === user) return { uid: number(fields[2]), gid: number(fields[3]) };
  }
  onUnknown(user, "/etc/passwd");
  return { uid: 0, gid: 0 };
}

async function resolveGroup(tree: Tree, group: string | number, onUnknown: OnUnknownName): Promise<number | undefined> {
  if (typeof group === "number") return group;
  for (const fields of await accountLines(tree, "etc/group")) if (fields[0] === group) return number(fields[2]);
  onUnknown(group, "/etc/group");
  return undefined;
}

async function accountLines(tree: Tree, path: string): Promise<string[][]> {
  const found = resolvePath(tree, treePath(path), { followLast: true });
  if (found.entry?.kind !== "file") return [];
  const text = (await readTreeFile(tree, found.path, MAX_ACCOUNT_FILE_BYTES)).toString("utf8");
  return text.split("\n").map((line) => line.split(":"));
}

function number(field: string | undefined): number {
  const value = Number(field);
  return Number.isInteger(value) && value >= 0 ? value : 0;
}
