/** What the machine refuses, wherever it does so: a failing disk, a full one, too many open files. It is no bug of ours, and a sentence says it. */
import { getSystemErrorMap, getSystemErrorMessage, getSystemErrorName } from "node:util";
import { DecantError, isDecantError } from "./errors.ts";

const POOR_FILE_SYSTEM =
  "Use another file system, such as ext4: this one lacks links, modes or other things that files of images have. DECANT_ROOT says where the store is";

/** Errors that any call may meet. All others mean that something was not foreseen. */
const HINTS: Readonly<Record<string, string>> = {
  EIO: "Look into the kernel's log (dmesg): the disk may be failing",
  ENOSPC: "Free some space, e.g. run: decant prune",
  EDQUOT: "Free some space, or raise the quota",
  EMFILE: "Allow more open files, e.g. run: ulimit -n 4096",
  ENFILE: "The machine has too many open files: end what you do not need",
  ENOMEM: "Free some memory, or add some",
  EROFS: "Make the file system writable, or use another one",
  ENOSYS: POOR_FILE_SYSTEM,
  ENOTSUP: POOR_FILE_SYSTEM,
  ENOTEMPTY: "Try again: the file system keeps removed files while they are open, or another program makes files there",
  ESTALE: "Mount the network file system again",
};

/** Calls that file systems without links refuse as if somebody might make them. */
const LINKING: ReadonlySet<unknown> = new Set(["link", "symlink"]);

const UV_UNKNOWN = -4094;

/** Such an error as `SYSCALL`, those that happened at clean-up too; every other one as it is. */
export function machineError(error: unknown): unknown {
  if (error instanceof SuppressedError) return new SuppressedError(machineError(error.error), machineError(error.suppressed));
  if (!(error instanceof Error) || isDecantError(error)) return error;
  const found = refusal(error);
  if (found === undefined) return error;
  const { errno, state, hint } = found;
  const call = "syscall" in error && typeof error.syscall === "string" ? error.syscall : "use a file";
  const place = "path" in error && typeof error.path === "string" ? ` "${error.path}"` : "";
  return new DecantError("SYSCALL", `Cannot ${call}${place}: ${state}`, { hint, cause: error, details: { errno } });
}

/** Node's loader of packages has what the system says at the end of its text only. */
function toldInText(message: string): Refusal | undefined {
  const [, what] = /^Cannot read package config .*: (.+?)\.?$/s.exec(message) ?? [];
  if (what === undefined) return undefined;
  const [errno] = [...getSystemErrorMap().values()].find(([, text]) => text === what) ?? [];
  return errno === undefined ? undefined : { errno, state: `a package cannot be loaded: ${what} (${errno})`, hint: HINTS[errno] };
}

interface Refusal {
  readonly errno: string;
  readonly state: string;
  readonly hint: string | undefined;
}

function refusal(error: Error): Refusal | undefined {
  // Node starts no thread: it has the name in the text only.
  const inText = /^Worker initialization failure: (E[A-Z]+)$/.exec(error.message)?.[1];
  if (inText !== undefined) {
    return { errno: inText, state: `a thread cannot start (${inText})`, hint: HINTS[inText] };
  }
  const told = toldInText(error.message);
  if (told !== undefined) return told;
  if (!("errno" in error) || typeof error.errno !== "number") return undefined;
  // What std::filesystem says has no name in libuv: it is a removal that failed.
  const [, unnamed] = error.errno === UV_UNKNOWN ? (/Unknown error: ([^']*) '/.exec(error.message) ?? []) : [];
  if (unnamed !== undefined) return { errno: "UNKNOWN", state: unnamed.toLowerCase(), hint: HINTS["EIO"] };
  const errno = getSystemErrorName(error.errno);
  const isPoor = errno === "EPERM" && "syscall" in error && LINKING.has(error.syscall);
  const hint = isPoor ? POOR_FILE_SYSTEM : HINTS[errno];
  return hint === undefined ? undefined : { errno, state: `${getSystemErrorMessage(error.errno)} (${errno})`, hint };
}
