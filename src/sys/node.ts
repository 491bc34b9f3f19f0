/** mknod(2): devices and pipes. By system call number, because C libraries before glibc 2.33 have no such symbol. */
import { DecantError, unsupported } from "../errors.ts";
import { type BytePath, cString, shown } from "./byte-path.ts";
import { bind, check } from "./libc.ts";

/** What `makeNode` makes. */
interface NodeOptions {
  readonly kind: "char" | "block" | "fifo";
  /** Permission bits, less the process's umask. Default 0o666. */
  readonly mode?: number | undefined;
  /** 0 to 4095. Default 0. */
  readonly major?: number | undefined;
  /** 0 to 1048575. Default 0. */
  readonly minor?: number | undefined;
}

const AT_FDCWD = -100;
const TYPES = { char: 0o020000, block: 0o060000, fifo: 0o010000 } as const;
const MKNODAT: Readonly<Record<string, number>> = { x64: 259, arm64: 33, riscv64: 33, ppc64: 288, s390x: 290, ia32: 297, arm: 324 };

const call = bind("long syscall(long number, long dirfd, const void *path, long mode, long device)");

/** Makes a device or a pipe. Throws `SYSCALL`: "EPERM" for a device without the rights, "EEXIST", … */
export function makeNode(path: BytePath, options: NodeOptions): void {
  const number = MKNODAT[process.arch];
  if (number === undefined) throw unsupported(`Making devices on processor "${process.arch}"`);
  const mode = TYPES[options.kind] | (options.mode ?? 0o666);
  const device = options.kind === "fifo" ? 0 : joinDevice(options.major ?? 0, options.minor ?? 0);
  check(call(number, AT_FDCWD, cString(path), mode, device), `make ${options.kind} node "${shown(path)}"`);
}

/** Device numbers → the kernel's 32-bit form, as in `Stats.rdev`. Throws `UNSUPPORTED` for numbers that Linux does not have. */
export function joinDevice(major: number, minor: number): number {
  const fits = Number.isInteger(major) && Number.isInteger(minor) && major >= 0 && major < 4096 && minor >= 0 && minor < 1_048_576;
  if (!fits) throw new DecantError("UNSUPPORTED", `Cannot make device ${major}:${minor}: Linux has 0:0 to 4095:1048575`);
  return ((minor & 0xff) | (major << 8) | ((minor & 0xfff00) << 12)) >>> 0;
}

/** `Stats.rdev` → device numbers. */
export function splitDevice(rdev: number): { major: number; minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
