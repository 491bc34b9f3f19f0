/** The file systems that stores of the harness lie on. What each lacks is what makes it worth a try. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A mounted file system; unmounted when it is disposed, which fails while anything is open on it. */
export interface Ground extends Disposable {
  readonly name: string;
  readonly path: string;
  /** False where nothing can run: there are no links and no modes. */
  readonly canRun: boolean;
  /** Lets nobody write for a while. */
  setReadOnly(isReadOnly: boolean): void;
  /** Leaves so many bytes free; undefined: enough. Absent where the size is fixed. */
  readonly leave?: (bytes: number | undefined) => void;
}

interface Kind {
  /** A file system of the kernel, or a program that mounts. */
  readonly needs: string;
  readonly mount: (path: string, image: string) => void;
  readonly canRun?: boolean;
  readonly size?: string;
}

const TMPFS_SIZE = "256m";

function run(...[program, ...args]: readonly [string, ...string[]]): void {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"] });
}

function onImage(megabytes: number, make: readonly [string, ...string[]], options = "loop"): Kind["mount"] {
  return (path, image) => {
    writeFileSync(image, "");
    truncateSync(image, megabytes * 2 ** 20);
    run(...make, image);
    run("mount", "-o", options, image, path);
  };
}

const KINDS: Readonly<Record<string, Kind>> = {
  disk: { needs: "ext4", mount: (path) => run("mount", "--bind", path, path) },
  tmpfs: { needs: "tmpfs", mount: (path) => run("mount", "-t", "tmpfs", "-o", `size=${TMPFS_SIZE}`, "tmpfs", path), size: TMPFS_SIZE },
  // No extended attributes, no files without a name, no limit of its size.
  ramfs: { needs: "ramfs", mount: (path) => run("mount", "-t", "ramfs", "ramfs", path) },
  "ext4-without-xattrs": { needs: "ext4", mount: onImage(256, ["mkfs.ext4", "-q", "-O", "^ext_attr"]) },
  // Times in whole seconds, and none of the newer system calls for holes.
  ext2: { needs: "ext2", mount: onImage(256, ["mkfs.ext2", "-q", "-I", "128"]) },
  xfs: { needs: "xfs", mount: onImage(400, ["mkfs.xfs", "-q"]) },
  btrfs: { needs: "btrfs", mount: onImage(400, ["mkfs.btrfs", "-q"]) },
  // As in a container of docker's: overlays on it are refused.
  overlay: {
    needs: "overlay",
    mount(path, image) {
      for (const each of ["lower", "upper", "work"]) mkdirSync(join(image, each), { recursive: true });
      run("mount", "-t", "overlay", "-o", `lowerdir=${image}/lower,upperdir=${image}/upper,workdir=${image}/work`, "overlay", path);
    },
  },
  // Neither links nor modes nor owners, and names that differ in case are one.
  exfat: {
    needs: "mount.exfat-fuse",
    canRun: false,
    mount(path, image) {
      writeFileSync(image, "");
      truncateSync(image, 128 * 2 ** 20);
      run("mkfs.exfat", image);
      const device = execFileSync("losetup", ["--find", "--show", image], { encoding: "utf8" }).trim();
      try {
        run("mount.exfat-fuse", device, path);
      } finally {
        // The kernel keeps it until nobody has it open.
        run("losetup", "-d", device);
      }
    },
  },
  vfat: { needs: "vfat", canRun: false, mount: onImage(128, ["mkfs.vfat"]) },
  ntfs3: { needs: "ntfs3", mount: onImage(128, ["mkfs.ntfs", "-q", "-F"]) },
};

/** Names of all kinds of file systems, and for those that this machine cannot mount, why. */
export function kindsOfGrounds(): readonly { readonly name: string; readonly lacking?: string }[] {
  const known = readFileSync("/proc/filesystems", "utf8").split(/\s+/);
  return Object.entries(KINDS).map(([name, { needs }]) => {
    const isThere = needs.startsWith("mount.") ? canStart(needs) : known.includes(needs);
    return isThere ? { name } : { name, lacking: needs.startsWith("mount.") ? `${needs} is not installed` : `the kernel has no ${needs}` };
  });
}

function canStart(program: string): boolean {
  return ["/sbin", "/usr/sbin", "/usr/bin"].some((folder) => statfsOf(join(folder, program)));
}

function statfsOf(path: string): boolean {
  try {
    statfsSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Mounts one below `folder`. Throws where mkfs(8) or mount(8) refuse. */
export function openGround(name: string, folder: string): Ground {
  const kind = KINDS[name];
  if (kind === undefined) throw new Error(`there is no file system "${name}"; there are ${Object.keys(KINDS).join(", ")}`);
  const [path, image] = [join(folder, "ground"), join(folder, "image")];
  mkdirSync(path, { recursive: true });
  kind.mount(path, image);
  const remount = (options: string): void => run("mount", "-o", `remount,${options}`, path);
  return {
    name,
    path,
    canRun: kind.canRun ?? true,
    setReadOnly: (isReadOnly) => remount(`${name === "disk" ? "bind," : ""}${isReadOnly ? "ro" : "rw"}`),
    ...(kind.size === undefined ? {} : { leave: (bytes?: number) => remount(`size=${sizeWith(path, bytes) ?? kind.size}`) }),
    [Symbol.dispose]() {
      run("umount", path);
      rmSync(image, { recursive: true, force: true });
      rmSync(path, { recursive: true });
    },
  };
}

function sizeWith(path: string, left: number | undefined): number | undefined {
  if (left === undefined) return undefined;
  const { blocks, bfree, bsize } = statfsSync(path);
  return (blocks - bfree) * bsize + left;
}
