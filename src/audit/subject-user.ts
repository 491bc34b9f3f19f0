/** Who the processes of a subject run as, and what they may read. */
import { resolveUser, type RunUser } from "../engine/index.ts";
import { isDecantError } from "../errors.ts";
import { parentOf, type TreePath } from "../paths.ts";
import { type Entry } from "../tree/index.ts";
import { blockedAt, type Identity, mayExecute, mayRead } from "./access.ts";
import type { AuditSubject } from "./types.ts";

/** The user of a subject, or the reason why there is none. */
export async function subjectUser({ tree, config }: AuditSubject): Promise<RunUser | { readonly problem: string }> {
  try {
    return await resolveUser(tree, config.User ?? "");
  } catch (error) {
    if (isDecantError(error)) return { problem: error.message };
    throw error;
  }
}

/** The user of a subject as checks of permission bits take it; undefined when there is none, and for a directory of the host. */
async function subjectIdentity(subject: AuditSubject): Promise<Identity | undefined> {
  if (subject.isDirectory === true) return undefined;
  const user = await subjectUser(subject);
  return "problem" in user ? undefined : { uid: user.uid, gids: [user.gid, ...user.additionalGids] };
}

/** What keeps a process from reading a file: the file itself, or a directory on the way. */
type ShutBy = (entry: Entry, path?: TreePath) => Entry | undefined;

/** Makes the test for the user of a subject. `path`: how the file is reached, where links lead to it. */
export async function shutFor(subject: AuditSubject): Promise<ShutBy> {
  const who = await subjectIdentity(subject);
  if (who === undefined || who.uid === 0) return () => undefined;
  /** What is in the way to a directory's entries; some checks ask for each of a hundred thousand. */
  const ways = new Map<TreePath, Entry | undefined>();
  const wayTo = (entry: Entry): Entry | undefined => {
    const folder = parentOf(entry.path);
    if (!ways.has(folder)) ways.set(folder, blockedAt(subject.tree, entry.path, who));
    return ways.get(folder);
  };
  return (entry, path) =>
    (path === undefined ? wayTo(entry) : blockedAt(subject.tree, path, who)) ?? (mayRead(entry, who) ? undefined : entry);
}

/** Makes the test for directories that the user of a subject may enter, and not list: who knows a name in it may open it. */
export async function unlistedFor(subject: AuditSubject): Promise<(directory: Entry) => boolean> {
  const who = await subjectIdentity(subject);
  return (directory) => who !== undefined && !mayRead(directory, who) && mayExecute(directory, who);
}
