/**
 * Mounts. They act on the mount namespace of the calling thread: see `namespace.ts`. Overlay layers go one by one through the new
 * mount calls (Linux 6.7), so that hundreds fit; older kernels get one mount(2) with short names instead of paths.
 */
import { closeSync, mkdirSync, readFileSync, readSync, rmSync, rmdirSync, statfsSync, statSync, symlinkSync } from "node:fs";
import { DecantError, isDecantError } from "../errors.ts";
import { bind, check } from "./libc.ts";
import { makeFolders } from "./make-folders.ts";

const MS_RDONLY = 1;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MS_REMOUNT = 32;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_SLAVE = 1 << 19;
const MNT_DETACH = 2;

const mountCall = bind("int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)");
const umountCall = bind("int umount2(const char *target, int flags)");
const chdirCall = bind("int chdir(const char *path)");
// glibc has wrappers for the new mount calls since 2.36 only; their numbers are the same on every architecture.
const fsopenCall = bind("long syscall(long number, const char *type, unsigned int flags)");
const fsconfigCall = bind("long syscall(long number, int fd, unsigned int command, const char *key, const char *value, int aux)");
const fsmountCall = bind("long syscall(long number, int fd, unsigned int flags, unsigned int attributes)");
const moveMountCall = bind("long syscall(long number, int from, const char *fromPath, int to, const char *toPath, unsigned int flags)");

const openTreeCall = bind("long syscall(long number, int fd, const char *path, unsigned int flags)");

const mountSetattrCall = bind("long syscall(long number, int fd, const char *path, unsigned int flags, const void *wanted, size_t size)");

const SYS_MOUNT_SETATTR = 442;
/** struct mount_attr: set, clear, propagation, user namespace. */
const MOUNT_ATTR_BYTES = 32;
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_FSOPEN = 430;
const SYS_FSCONFIG = 431;
const SYS_FSMOUNT = 432;
const CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const AT_RECURSIVE = 0x8000;
const AT_EMPTY_PATH = 0x1000;
const AT_FDCWD = -100;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/** Keeps this namespace's mounts from the namespace that it was copied from, and still lets new mounts of that one in. Throws `SYSCALL`. */
export function isolateMounts(): void {
  check(mountCall("none", "/", null, MS_REC | MS_SLAVE, null), "isolate the mount namespace");
}

/** Mounts an empty tmpfs; `options` as in mount(8), e.g. "mode=0700". Throws `SYSCALL`. */
export function mountTmpfs(target: string, options: string): void {
  check(mountCall("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, options), `mount a tmpfs on "${target}"`);
}

/** Shows the processes of the calling process's pid namespace at `target`. Throws `SYSCALL`. */
export function mountProc(target: string): void {
  check(mountCall("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, null), `mount proc on "${target}"`);
}

/** What may be done through a mount; what is absent is allowed. */
export interface MountLimits {
  readonly readOnly?: boolean;
  /** Device files are there and cannot be opened. */
  readonly noDevices?: boolean;
}

/** Shows a file or directory (with the mounts below it) at `target` too; the limits are for the topmost mount. Throws `SYSCALL`. */
export function mountBind(source: string, target: string, limits: MountLimits = {}): void {
  check(mountCall(source, target, null, MS_BIND | MS_REC, null), `bind "${source}" to "${target}"`);
  limitMount(target, limits);
}

/**
 * Shows what a descriptor (opened with O_PATH or not) is open on at `target` too, with the mounts below it: unlike `mountBind` it looks no
 * path up, so nobody can put another file in its place meanwhile. Linux 5.2. Throws `SYSCALL`.
 */
export function mountDescriptor(fd: number, target: string): void {
  const what = `bind a descriptor to "${target}"`;
  const tree = check(openTreeCall(SYS_OPEN_TREE, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH), what);
  try {
    check(moveMountCall(SYS_MOVE_MOUNT, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH), what);
  } finally {
    closeSync(tree);
  }
}

/** Sets the limits of the topmost mount on `target`. Throws `SYSCALL`. */
export function limitMount(target: string, { readOnly = false, noDevices = false }: MountLimits): void {
  const flags = (readOnly ? MS_RDONLY : 0) | (noDevices ? MS_NODEV : 0);
  if (flags === 0 || setMountAttributes(target, flags)) return;
  check(mountCall(null, target, null, MS_BIND | MS_REMOUNT | flags, null), `limit the mount on "${target}"`);
}

/**
 * Adds to what a mount has, as a remount cannot: in a user namespace the kernel lets nobody take away what the mount has already. The bits are those
 * of mount(2). Linux 5.12; false on older ones.
 */
function setMountAttributes(target: string, flags: number): boolean {
  const wanted = Buffer.alloc(MOUNT_ATTR_BYTES);
  wanted.writeBigUInt64LE(BigInt(flags));
  return mountSetattrCall(SYS_MOUNT_SETATTR, AT_FDCWD, target, 0, wanted, MOUNT_ATTR_BYTES) === 0;
}

/** Takes the topmost mount away from `target`; it ends when its last user does. Throws `SYSCALL`. */
export function unmount(target: string): void {
  check(umountCall(target, MNT_DETACH), `unmount "${target}"`);
}

/** OVERLAYFS_SUPER_MAGIC and FUSE_SUPER_MAGIC. */
const OVERLAYFS = 0x794c7630;
const FUSE = 0x65735546;
const FUSE_OVERLAY = "fuse.fuse-overlayfs";

/**
 * Is this path on an overlay, as the root of a container is, be it the kernel's or fuse-overlayfs's? Neither keeps changes of another overlay, nor
 * whiteouts.
 */
export function isOnOverlay(path: string): boolean {
  const { type } = statfsSync(path);
  return type === OVERLAYFS || (type === FUSE && fileSystemOf(path) === FUSE_OVERLAY);
}

/** As /proc/self/mountinfo names it: id, parent, major:minor, root, place, options, any number of fields, "-", type. */
function fileSystemOf(path: string): string | undefined {
  const { dev } = statSync(path, { bigint: true });
  const [major, minor] = [((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n), (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)];
  const lines = readFileSync("/proc/self/mountinfo", "latin1").split("\n");
  const found = lines.find((line) => line.split(" ")[2] === `${major}:${minor}`);
  return found?.split(" - ")[1]?.split(" ")[0];
}

/** What an overlay is made of. */
interface OverlayMount {
  readonly target: string;
  /** Topmost first, at least one. */
  readonly lowers: readonly string[];
  /** Absent: for reading only. */
  readonly changes?: OverlayChanges;
  /** In a user namespace: whiteouts and opaque marks are user.* attributes. */
  readonly userXattr: boolean;
  /** An empty directory for the short names that old kernels need; removed again. */
  readonly names: string;
  /** Default: the new calls, and mount(2) where they fail for their own sake. */
  readonly calls?: "new" | "old";
}

/** Where an overlay keeps what is changed. */
interface OverlayChanges {
  readonly upper: string;
  /** Empty, on the same mount as `upper`. */
  readonly work: string;
}

/** The kernel takes 500 (OVL_MAX_STACK), and one overlay below another (FILESYSTEM_MAX_STACK_DEPTH). */
const MAX_LOWERS = 490;

/** Uppers stay plain (no redirects, no metacopy), and nothing is synced at unmount: what a crash leaves is thrown away anyway. */
const SETTINGS = { index: "off", redirect_dir: "off", metacopy: "off", xino: "off" } as const;
/** With user.* attributes, which anybody may set, the kernel insists on this word for the same. */
const USER_SETTINGS = { ...SETTINGS, redirect_dir: "nofollow" } as const;

let newCalls: boolean | undefined;

/**
 * Mounts an overlay. More layers than the kernel takes at once: the lowest are an overlay of their own, for reading. Only the lowest can be joined so:
 * the joined directory shows no whiteouts, which hide what is below it. Throws `SYSCALL` with what the kernel said, and `LIMIT`.
 */
export function mountOverlay(overlay: OverlayMount): void {
  const { lowers } = overlay;
  if (lowers.length <= MAX_LOWERS) {
    mountOne(overlay);
    return;
  }
  // At least two are joined.
  const top = lowers.slice(0, MAX_LOWERS - 2);
  const bottom = lowers.slice(MAX_LOWERS - 2);
  if (bottom.length > MAX_LOWERS) throw tooManyLayers(lowers.length);
  const { changes: _changes, ...readOnly } = overlay;
  const joined = `${overlay.names}-joined`;
  mkdirSync(joined);
  mountOne({ ...readOnly, target: joined, lowers: bottom });
  try {
    mountOne({ ...overlay, lowers: [...top, joined] });
  } finally {
    // The overlay holds it from then on.
    unmount(joined);
    rmdirSync(joined);
  }
}

function tooManyLayers(count: number): DecantError {
  return new DecantError("LIMIT", `Cannot mount ${count} layers: Linux takes at most ${2 * MAX_LOWERS - 2} at once`, {
    hint: "Copy in fewer steps, or copy the result into a stage of its own: COPY --from=STAGE / /",
  });
}

function mountOne(overlay: OverlayMount): void {
  if (overlay.calls !== "old" && newCalls !== false) {
    try {
      mountOverlayNew(overlay);
      newCalls = true;
      return;
    } catch (error) {
      // After one success a failure is the fault of the layers, not of the kernel's age.
      if (overlay.calls === "new" || newCalls === true || !isDecantError(error, "SYSCALL")) throw error;
    }
  }
  mountOverlayOld(overlay);
  newCalls = false;
}

function mountOverlayNew(overlay: OverlayMount): void {
  const what = `mount an overlay on "${overlay.target}"`;
  const context = check(fsopenCall(SYS_FSOPEN, "overlay", CLOEXEC), what);
  try {
    const configure = (command: number, key: string | null, value: string | null): void =>
      void check(fsconfigCall(SYS_FSCONFIG, context, command, key, value, 0), what);
    configure(FSCONFIG_SET_STRING, "source", "overlay");
    for (const lower of overlay.lowers) configure(FSCONFIG_SET_STRING, "lowerdir+", lower);
    for (const [key, path] of changesOf(overlay)) configure(FSCONFIG_SET_STRING, key, escaped(path));
    for (const [key, value] of settingsOf(overlay)) configure(FSCONFIG_SET_STRING, key, value);
    for (const flag of flagsOf(overlay)) configure(FSCONFIG_SET_FLAG, flag, null);
    configure(FSCONFIG_CMD_CREATE, null, null);
    const mounted = check(fsmountCall(SYS_FSMOUNT, context, CLOEXEC, 0), what);
    try {
      check(moveMountCall(SYS_MOVE_MOUNT, mounted, "", AT_FDCWD, overlay.target, MOVE_MOUNT_F_EMPTY_PATH), what);
    } finally {
      closeSync(mounted);
    }
  } catch (error) {
    throw withKernelMessage(error, context);
  } finally {
    closeSync(context);
  }
}

/** One page holds all of mount(2)'s options, so the layers are named by links; chdir is this thread's own after `unshareMounts`. */
function mountOverlayOld(overlay: OverlayMount): void {
  makeFolders(overlay.names);
  const lowers = overlay.lowers.map((lower, at) => {
    const name = at.toString(36);
    symlinkSync(lower, `${overlay.names}/${name}`);
    return name;
  });
  const changes = changesOf(overlay);
  for (const [key, path] of changes) symlinkSync(path, `${overlay.names}/${key}`);
  const settings = settingsOf(overlay).map(([key, value]) => `${key}=${value}`);
  const named = changes.map(([key]) => `${key}=${key}`);
  const data = [`lowerdir=${lowers.join(":")}`, ...named, ...settings, ...flagsOf(overlay)].join(",");
  try {
    check(chdirCall(overlay.names), `enter "${overlay.names}"`);
    check(mountCall("overlay", overlay.target, "overlay", 0, data), `mount an overlay on "${overlay.target}"`);
  } finally {
    chdirCall("/");
    rmSync(overlay.names, { recursive: true, force: true });
  }
}

function changesOf({ changes }: OverlayMount): readonly (readonly [key: string, path: string])[] {
  return changes === undefined
    ? []
    : [
        ["upperdir", changes.upper],
        ["workdir", changes.work],
      ];
}

function settingsOf({ userXattr }: OverlayMount): readonly (readonly [key: string, value: string])[] {
  return Object.entries(userXattr ? USER_SETTINGS : SETTINGS);
}

function flagsOf({ userXattr, changes }: OverlayMount): readonly string[] {
  return [...(changes === undefined ? [] : ["volatile"]), ...(userXattr ? ["userxattr"] : [])];
}

/** `upperdir` and `workdir` are unescaped by the kernel, `lowerdir+` is not. */
function escaped(path: string): string {
  return path.replaceAll("\\", "\\\\");
}

function withKernelMessage(error: unknown, context: number): unknown {
  if (!isDecantError(error, "SYSCALL")) return error;
  const said: string[] = [];
  const buffer = Buffer.alloc(1024);
  try {
    for (;;) said.push(buffer.toString("utf8", 0, readSync(context, buffer)).trim());
  } catch {
    // ENODATA: that was the last message.
  }
  if (said.length === 0) return error;
  return new DecantError("SYSCALL", `${error.message} (${said.join("; ")})`, { details: error.details, cause: error });
}
