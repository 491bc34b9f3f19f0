/** What `locked` means for a build: where its decant.lock is, and the rules that it gives. */
import { lockRules, readSourceLock, sourceLockPlace, type SourceRules } from "../project/index.ts";
import { type FilePlace, pathOfPlace } from "../sys/index.ts";

/** What the user has asked for. */
interface Asked {
  readonly context: string;
  readonly file?: string | undefined;
}

/** The rules of the lock beside `dockerfile`, an absolute path unless it came from elsewhere. Throws `LOCK` for a lock that cannot be used. */
export async function openLockRules(asked: Asked, dockerfile: string, folder: string | undefined): Promise<SourceRules> {
  const place = lockPlace(dockerfile, folder);
  const command = updateCommand(asked);
  const lock = place === undefined ? undefined : await readSourceLock(place, command);
  return lockRules(lock, { file: place === undefined ? "decant.lock" : pathOfPlace(place), asked: command });
}

/** Where it is; undefined for a Dockerfile that is no file of this machine, as all of a context that is no folder. `folder`: that of the context. */
export function lockPlace(dockerfile: string, folder: string | undefined): FilePlace | undefined {
  return folder !== undefined && dockerfile.startsWith("/") ? sourceLockPlace(dockerfile, folder) : undefined;
}

/** What the user runs to mend a lock. */
export function updateCommand({ context, file }: Asked): string {
  return `decant update${file === undefined ? "" : ` -f ${file}`} ${context}`;
}
