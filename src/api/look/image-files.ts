/** The files of an image: a list of them, and the content of one. Nothing is unpacked or run. */
import { DecantError } from "../../errors.ts";
import { given } from "../../given.ts";
import { displayPath, ROOT, toText, type TreePath, treePath } from "../../paths.ts";
import { type Entry, readData, resolvePath, type Tree, walk } from "../../tree/index.ts";
import { openSession } from "../../context/index.ts";
import { call, flag, maybe, STORE, text } from "../options/kinds.ts";
import { type Shape, shapeOf } from "../options/shape.ts";
import { startRun } from "../run-handle.ts";
import type { Run } from "../types.ts";
import { type LookOptions, lookTree, openLook } from "./open-tree.ts";

/** A file of an image. */
export interface ImageFile {
  /** "/usr/bin/env" */
  readonly path: string;
  readonly kind: "file" | "dir" | "symlink" | "char" | "block" | "fifo";
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for all but files. */
  readonly sizeBytes: number;
  /** RFC 3339. */
  readonly modified: string;
  /** Where a symlink leads, as written. */
  readonly link?: string;
}

/** Options of `listFiles`. */
export interface ListFilesOptions extends LookOptions {
  /** A folder or a file; links on the way are followed inside the image. Default: "/". */
  readonly path?: string | undefined;
  /** Everything below it, too. Default false. */
  readonly recursive?: boolean | undefined;
}

/** Options of `readFile`. */
export interface ReadFileOptions extends LookOptions {
  readonly path: string;
  /** Gets the bytes. */
  readonly stdout: (chunk: Uint8Array) => Promise<void>;
}

const LOOK = { ...STORE, image: text, platform: maybe(text), cwd: maybe(text) };
const LIST: Shape = shapeOf<ListFilesOptions>("listFiles", { ...LOOK, path: maybe(text), recursive: maybe(flag) });
const READ: Shape = shapeOf<ReadFileOptions>("readFile", { ...LOOK, path: text, stdout: call });

/** Lists what is in a folder of an image, sorted, or the file itself. Rejects with `NOT_FOUND`, and as `openNamedSource`. */
export function listFiles(options: ListFilesOptions): Run<readonly ImageFile[]> {
  return startRun(LIST, options, async (emit, signal) => {
    await using session = await openSession(options, "look");
    const source = await openLook(options, "ls", { session, emit, signal });
    const tree = await lookTree(source, signal);
    const { path, entry } = found(tree, options.image, options.path ?? "/");
    if (entry !== undefined && entry.kind !== "dir") return [fileOf(entry)];
    const entries = options.recursive === true ? below(tree, path) : tree.readdir(path);
    return Array.from(entries, fileOf);
  });
}

/** Gives the content of a file of an image. Links are followed inside the image. Rejects with `NOT_FOUND`, and as `openNamedSource`. */
export function readFile(options: ReadFileOptions): Run<void> {
  return startRun(READ, options, async (emit, signal) => {
    await using session = await openSession(options, "look");
    const source = await openLook(options, "cat", { session, emit, signal });
    const tree = await lookTree(source, signal);
    const { path, entry } = found(tree, options.image, options.path);
    if (entry?.kind !== "file")
      throw notFound(options.image, path, entry === undefined || entry.kind === "dir" ? "it is a folder" : "it is no file");
    for await (const chunk of readData(await tree.data(entry), entry.size)) {
      signal.throwIfAborted();
      await options.stdout(chunk);
    }
  });
}

function* below(tree: Tree, path: TreePath): Generator<Entry, void, undefined> {
  for (const entry of walk(tree, path)) if (entry.path !== path) yield entry;
}

/** What is at a path that a user wrote. Throws `NOT_FOUND`. */
function found(tree: Tree, image: string, path: string): { readonly path: TreePath; readonly entry: Entry | undefined } {
  const resolved = resolvePath(tree, treePath(path), { followLast: true });
  // The root of an image may have no entry.
  if (resolved.entry === undefined && resolved.path !== ROOT) throw notFound(image, resolved.path, "it has no such file");
  return resolved;
}

function notFound(image: string, path: TreePath, problem: string): DecantError {
  return new DecantError("NOT_FOUND", `Cannot read "${displayPath(path)}" of "${image}": ${problem}`, {
    hint: `See what is there: decant ls ${image} /`,
  });
}

function fileOf(entry: Entry): ImageFile {
  const { path, kind, mode, uid, gid, size, mtimeSec, link } = entry;
  return {
    path: displayPath(path),
    // Trees have no whiteouts, and give hard links as their files.
    kind: kind === "hardlink" || kind === "whiteout" || kind === "opaque" ? "file" : kind,
    mode,
    uid,
    gid,
    sizeBytes: size,
    modified: timeOf(mtimeSec),
    ...given({ link: kind === "symlink" && link !== undefined ? toText(link) : undefined }),
  };
}

/** Times of archives may be beyond what a date can be. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(".000Z", "Z");
}
