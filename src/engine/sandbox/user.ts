/**
 * Who a step runs as: USER looked up in the account files of the current root (rules S66, S67, S69). An explicit group means no
 * supplementary groups; unknown numbers are fine; unknown names are not.
 */
import { type DecantError, isDecantError } from "../../errors.ts";
import { MAX_ID, parseId } from "../../dockerfile/index.ts";
import { parseAccounts, parseGroups } from "../../facts/index.ts";
import { treePath } from "../../paths.ts";
import { readTreeFile, resolvePath, type Tree } from "../../tree/index.ts";
import { userError } from "./errors.ts";

/** A resolved user. */
export interface RunUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, the primary one first; `gid` alone where there are none. */
  readonly additionalGids: readonly number[];
  /** "/" when passwd does not say. */
  readonly home: string;
}

const MAX_FILE_BYTES = 10 * 1024 * 1024;

/** Looks `user` ("", "name", "uid", "name:group", …) up in `root`. Throws `RUN_USER`. */
export async function resolveUser(root: Tree, user: string): Promise<RunUser> {
  const colon = user.indexOf(":");
  const name = colon < 0 ? user : user.slice(0, colon);
  const group = colon < 0 ? "" : user.slice(colon + 1);
  const uid = name === "" ? 0 : idOf(name);
  const gid = group === "" ? undefined : idOf(group);
  const isDefault = user === "" || user === "0" || user === "root";
  // Numbers need no files; what is wrong with them matters only where a name must be found.
  const tolerant = isDefault || (uid !== undefined && gid !== undefined);
  const accounts = usableAccounts(await readAccountFile(root, "/etc/passwd", user, tolerant));
  if (uid !== undefined && gid !== undefined) return { uid, gid, additionalGids: [gid], home: homeOf(accounts, uid) };
  const account = accounts.find((one) => one.name === name || one.uid === uid);
  const found = account?.uid ?? uid ?? (isDefault ? 0 : undefined);
  if (found === undefined) throw notFound(user, name, "/etc/passwd", "name");
  const groups = usableGroups(await readAccountFile(root, "/etc/group", user, tolerant));
  const home = homeOf(accounts, found);
  if (group !== "") {
    const primary = groups.find((one) => one.name === group || one.gid === gid)?.gid ?? gid;
    if (primary === undefined) throw notFound(user, group, "/etc/group", "group");
    return { uid: found, gid: primary, additionalGids: [primary], home };
  }
  const primary = account?.gid ?? 0;
  const members = account === undefined ? [] : groups.filter((one) => one.members.includes(account.name)).map((one) => one.gid);
  return { uid: found, gid: primary, additionalGids: [...new Set([primary, ...members])], home };
}

function notFound(user: string, text: string, file: string, wanted: string): DecantError {
  const isNumber = Number.isNaN(parseId(text));
  return userError(
    user,
    isNumber
      ? `${text} is no number of a user or group; wanted 0 to ${MAX_ID}`
      : `"${text}" is not in ${file} of the image; wanted a known ${wanted} or a number`,
  );
}

function idOf(text: string): number | undefined {
  const id = text === "root" ? undefined : parseId(text);
  return isId(id) ? id : undefined;
}

function homeOf(accounts: readonly { readonly uid: number; readonly home: string }[], uid: number): string {
  const home = accounts.find((account) => account.uid === uid)?.home ?? "";
  return home === "" ? "/" : home;
}

async function readAccountFile(root: Tree, path: string, user: string, tolerant: boolean): Promise<string> {
  try {
    const { path: resolved, entry } = resolvePath(root, treePath(path), { followLast: true });
    if (entry === undefined) return "";
    if (entry.kind !== "file") throw userError(user, `${path} of the image is not a regular file`);
    if (entry.size > MAX_FILE_BYTES)
      throw userError(user, `${path} of the image has ${entry.size} bytes; at most ${MAX_FILE_BYTES} are read`);
    return (await readTreeFile(root, resolved, MAX_FILE_BYTES)).toString("utf8");
  } catch (error) {
    if (tolerant && isDecantError(error)) return "";
    throw error;
  }
}

/** Those that can be used: a runtime takes no other numbers. */
function usableAccounts(text: string): { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string }[] {
  return parseAccounts(text).flatMap(({ name, uid, gid, home }) => (isId(uid) ? [{ name, uid, gid: isId(gid) ? gid : 0, home }] : []));
}

function usableGroups(text: string): { readonly name: string; readonly gid: number; readonly members: readonly string[] }[] {
  return parseGroups(text).flatMap(({ name, gid, members }) => (isId(gid) ? [{ name, gid, members }] : []));
}

function isId(id: number | undefined): id is number {
  return id !== undefined && id <= MAX_ID;
}
