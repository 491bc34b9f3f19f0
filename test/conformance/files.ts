/** Contexts of cases: how they are said, and how they are written to disk. Modes and times are exact, whatever the umask. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { isRootHere, setXattr } from "../../src/sys/index.ts";
import { type TarMember, tarOf } from "../support/archive.ts";
import type { Files, FileSpec } from "./types.ts";

/** The time of everything in a context that does not say its own. */
export const CONTEXT_TIME = 1_600_000_000;

type FileOptions = Omit<Extract<FileSpec, { kind: "file" }>, "kind" | "content">;

/** A plain file. */
export function file(content: string | Buffer, options: FileOptions = {}): FileSpec {
  return { kind: "file", content, ...options };
}

/** A directory; needed only when it is empty, or its mode or time matters. */
export function dir(options: Pick<FileSpec, "mode" | "mtime"> = {}): FileSpec {
  return { kind: "dir", ...options };
}

/** A symbolic link. */
export function symlink(target: string): FileSpec {
  return { kind: "symlink", target };
}

/** A hard link to a path of the context that was said before. */
export function hardlink(target: string): FileSpec {
  return { kind: "hardlink", target };
}

/** A named pipe. */
export function fifo(): FileSpec {
  return { kind: "fifo" };
}

/** A tar with these members as they are. */
export function tar(members: readonly TarMember[], compression: "none" | "gzip" | "zstd" = "none"): FileSpec {
  const bytes = tarOf(members);
  switch (compression) {
    case "none":
      return file(bytes);
    case "gzip":
      return file(gzipSync(bytes));
    case "zstd":
      return file(zstdCompressSync(bytes));
    default:
      return compression satisfies never;
  }
}

/** Writes a context below `root`. */
export function writeContext(root: string, files: Files): void {
  const made = new Map<string, FileSpec>();
  const folder = (path: string): void => {
    if (path === "." || made.has(path)) return;
    folder(dirname(path));
    mkdirSync(join(root, path), { recursive: true });
    made.set(path, dir());
  };
  for (const [path, given] of Object.entries(files)) {
    const spec: FileSpec = typeof given === "string" ? file(given, given.startsWith("#!") ? { mode: 0o755 } : {}) : given;
    folder(dirname(path));
    writeSpec(root, path, spec);
    made.set(path, spec);
  }
  // Deepest first: writing into a directory changes its time.
  for (const [path, spec] of [...made].toSorted(([a], [b]) => b.split("/").length - a.split("/").length)) {
    const at = join(root, path);
    if (spec.kind !== "symlink" && spec.kind !== "hardlink") chmodSync(at, spec.mode ?? (spec.kind === "dir" ? 0o755 : 0o644));
    if (spec.kind !== "hardlink") lutimesSync(at, CONTEXT_TIME, spec.mtime ?? CONTEXT_TIME);
  }
}

function writeSpec(root: string, path: string, spec: FileSpec): void {
  const at = join(root, path);
  switch (spec.kind) {
    case "file":
      writeFileSync(at, spec.content);
      // The owners of a context are nobody's business, and only root can give a file away.
      if (isRootHere() && (spec.uid !== undefined || spec.gid !== undefined)) chownSync(at, spec.uid ?? 0, spec.gid ?? 0);
      for (const [name, value] of Object.entries(spec.xattrs ?? {})) setXattr(at, name, Buffer.from(value, "hex"));
      return;
    case "dir":
      mkdirSync(at, { recursive: true });
      return;
    case "symlink":
      symlinkSync(spec.target, at);
      return;
    case "hardlink":
      linkSync(join(root, spec.target), at);
      return;
    case "fifo":
      command("mkfifo", [at]);
      return;
    case "socket":
      // By its name in its folder: the kernel takes 107 bytes, and what is longer is cut without a word.
      command(
        "perl",
        ["-MIO::Socket::UNIX", "-e", "IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die", basename(at)],
        dirname(at),
      );
      return;
    default:
      spec satisfies never;
  }
}

function command(name: string, words: readonly string[], cwd?: string): void {
  const { status, stderr } = spawnSync(name, words, { encoding: "utf8", ...(cwd === undefined ? {} : { cwd }) });
  if (status !== 0) throw new Error(`${name} ${words.join(" ")}: ${stderr}`);
}
