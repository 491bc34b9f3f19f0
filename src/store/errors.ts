/** What can go wrong with a store, each said once. File system and SQLite errors are mapped here and nowhere else. */
import { DecantError, errnoOf, isDecantError } from "../errors.ts";
import type { Digest } from "../digest.ts";

const FULL = new Set(["ENOSPC", "EDQUOT"]);
const NOT_WRITABLE = new Set(["EROFS", "EACCES", "EPERM"]);

/** SQLite's primary result codes that have a code of ours (sqlite.org/rescode.html). */
const SQLITE = { busy: 5, locked: 6, readOnly: 8, corrupt: 11, full: 13, cannotOpen: 14, notDatabase: 26 } as const;
/** "Cannot grow the shared memory file": what a full file system gives as well. */
const SQLITE_IOERR_SHMSIZE = 4874;

/** A failed write: `STORE_FULL`, `STORE_READ_ONLY`, or `STORE` for other system errors. Anything else comes back as it is. */
export function writeFailure(error: unknown, what: string, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || isDecantError(error) || !isErrno(errno)) return error;
  if (FULL.has(errno)) return storeFull(what, path, error);
  if (NOT_WRITABLE.has(errno)) return storeReadOnly(what, path, error);
  return new DecantError("STORE", `Cannot ${what}: "${path}" gives ${errno}`, { cause: error, details: { path, errno } });
}

/** A failed read, as `STORE`. */
export function readFailure(error: unknown, what: string, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || isDecantError(error) || !isErrno(errno)) return error;
  return new DecantError("STORE", `Cannot ${what}: "${path}" gives ${errno}`, { cause: error, details: { path, errno } });
}

/** Abort reasons and Node's own errors ("ABORT_ERR", "ERR_…") have codes too. */
function isErrno(code: string): boolean {
  return /^E[A-Z0-9]+$/.test(code);
}

/** The primary result code of an error of SQLite, or undefined. */
function sqliteCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & 0xff;
}

function extendedCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode : undefined;
}

/** Is another connection in the way? */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE.busy || code === SQLITE.locked;
}

/** Is it that the file cannot be opened? */
export function isCannotOpen(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.cannotOpen;
}

/** A failure of the database, by SQLite's result code. Anything else comes back as it is. */
export function databaseFailure(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined || !(error instanceof Error)) return error;
  const what = "use the database of the store";
  if (code === SQLITE.full || extendedCode(error) === SQLITE_IOERR_SHMSIZE) return storeFull(what, path, error);
  if (code === SQLITE.readOnly || code === SQLITE.cannotOpen) return storeReadOnly(what, path, error);
  if (code === SQLITE.corrupt || code === SQLITE.notDatabase) return databaseCorrupt(path, error.message, error);
  if (isBusy(error)) {
    return new DecantError("STORE_LOCKED", `Cannot ${what} "${path}": another process keeps it locked`, {
      hint: "Try again when the other build has finished",
      cause: error,
      details: { path },
    });
  }
  return new DecantError("STORE", `Cannot ${what} "${path}": ${error.message}`, { cause: error, details: { path, sqlite: code } });
}

/** The database is damaged. It is never removed by us: the user decides. */
export function databaseCorrupt(path: string, how: string, cause?: unknown): DecantError {
  return new DecantError("STORE_CORRUPT", `Cannot use the database of the store "${path}": ${how}`, {
    hint: `Remove "${path}", "${path}-wal" and "${path}-shm", then run: decant prune (the build cache, image names and build history are lost, nothing else)`,
    details: { path },
    cause,
  });
}

/** A blob whose bytes changed on the disk. */
export function blobCorrupt(digest: Digest, path: string, actual: string): DecantError {
  return new DecantError("STORE_CORRUPT", `Cannot read blob "${digest}": its file has digest "${actual}"`, {
    hint: `Check the disk, remove "${path}", and build again: Decant makes or fetches it again`,
    details: { path, digest, actual },
  });
}

/** A blob that is not in the store. */
export function blobMissing(digest: Digest): DecantError {
  return new DecantError("BLOB_MISSING", `Cannot read blob "${digest}": the store does not have it`, { details: { digest } });
}

/** A store made by a later version. */
export function newerSchema(path: string, found: number, known: number): DecantError {
  return new DecantError(
    "STORE",
    `Cannot use the database of the store "${path}": its schema is ${found}; this version of Decant knows up to ${known}`,
    {
      hint: "Update Decant, or set DECANT_ROOT to another directory",
      details: { path, found, known },
    },
  );
}

/** Nothing to open for reading. */
export function noStore(root: string): DecantError {
  return new DecantError("STORE", `Cannot open the store "${root}": it does not exist, and opening it for reading only may not create it`, {
    hint: "Run a build first, or set DECANT_ROOT to the directory of a store",
    details: { path: root },
  });
}

/** A write to a store that was opened for reading. */
export function openedReadOnly(what: string, root: string): DecantError {
  return new DecantError("STORE_READ_ONLY", `Cannot ${what}: the store "${root}" is open for reading only`, { details: { path: root } });
}

/** A directory that something is mounted in. */
export function mountedBelow(path: string, mount: string): DecantError {
  return new DecantError("STORE", `Cannot remove "${path}": a file system is mounted at "${mount}"`, {
    hint: `Run: umount "${mount}"`,
    details: { path, mount },
  });
}

function storeFull(what: string, path: string, cause: unknown): DecantError {
  return new DecantError("STORE_FULL", `Cannot ${what}: the file system of "${path}" is full`, {
    hint: "Run: decant prune, or decant prune --all for the build cache, too; or free space there, or set DECANT_ROOT to a directory on another file system",
    cause,
    details: { path },
  });
}

function storeReadOnly(what: string, path: string, cause: unknown): DecantError {
  return new DecantError("STORE_READ_ONLY", `Cannot ${what}: "${path}" is not writable`, {
    hint: "Make it writable for this user, or set DECANT_ROOT to a directory that is",
    cause,
    details: { path },
  });
}
