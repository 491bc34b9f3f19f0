/**
 * libc by koffi: the only native code in Decant (decision 5). Loaded on first use, because it costs 10 ms.
 * One file per family of calls (`mount.ts`, `xattr.ts`, …) binds its functions with `bind`.
 */
import { createRequire } from "node:module";
import type * as KoffiModule from "koffi";
import { DecantError } from "../errors.ts";

type Koffi = typeof KoffiModule;

let koffiModule: Koffi | undefined;
let library: KoffiModule.LibraryHandle | undefined;

/** The package, for libraries other than libc. */
export function koffi(): Koffi {
  koffiModule ??= loadKoffi();
  return koffiModule;
}

/**
 * Its own module touches all of node:fs and node:util, which takes three times as long as the native part. That part alone has all that we use. Where it
 * lies elsewhere than in the published packages, or does not load, the package decides.
 */
function loadKoffi(): Koffi {
  const ours = createRequire(import.meta.url);
  try {
    const native = createRequire(ours.resolve("koffi"))(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`) as Koffi;
    if (native.version !== undefined) return native;
  } catch {
    // Below.
  }
  return ours("koffi") as Koffi;
}

/** Has this thread used it already? */
export function isLoaded(): boolean {
  return library !== undefined;
}

/**
 * Binds a libc function by its C prototype, e.g. `int flock(int fd, int operation)`, on first call. `structs` are those that only this
 * prototype names: each with the types of its members, in order.
 */
export function bind(
  prototype: string,
  structs: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): (...args: unknown[]) => number {
  let bound: ReturnType<KoffiModule.LibraryHandle["func"]> | undefined;
  return (...args) => {
    library ??= koffi().load("libc.so.6");
    if (bound === undefined) {
      for (const [name, members] of Object.entries(structs)) koffi().struct(name, { ...members });
      bound = library.func(prototype);
    }
    return Number(bound(...args));
  };
}

/** The errno of the last call on this thread. Read it at once. */
export function lastErrno(): number {
  return koffi().errno();
}

/** The name of an errno number: "EPERM". */
export function errnoName(errno: number): string {
  for (const [name, value] of Object.entries(koffi().os.errno)) if (value === errno) return name;
  return `errno ${errno}`;
}

/** Throws `SYSCALL` with the errno when `result` is negative; otherwise gives it back. `what` says what was tried, e.g. `mount "overlay" on "/x"`. */
export function check(result: number, what: string): number {
  if (result >= 0) return result;
  throw syscallError(what, lastErrno());
}

/** A failed system call as an error with `details.errno` ("EPERM"). */
export function syscallError(what: string, errno: number): DecantError {
  const name = errnoName(errno);
  return new DecantError("SYSCALL", `Cannot ${what}: ${name}`, { details: { errno: name } });
}
