/** The names of things below the root of a store. */
import { join } from "node:path";
import { algorithmOf, type Digest, hexOf } from "../digest.ts";
import { InternalError } from "../errors.ts";

/** The folders and files of a store; all paths are absolute. */
export interface Layout {
  readonly root: string;
  readonly database: string;
  readonly blobs: string;
  readonly dirs: string;
  /** Blobs that have come in part (partial-blobs.ts). */
  readonly partial: string;
  readonly locks: string;
  readonly logs: string;
  /** One folder for each living process, with its lock beside it. */
  readonly tmp: string;
  /** See `reserve.ts`. */
  readonly reserve: string;
}

/** The layout below `root`, which is absolute. */
export function layoutOf(root: string): Layout {
  return {
    root,
    database: join(root, "decant.db"),
    blobs: join(root, "blobs"),
    dirs: join(root, "dirs"),
    partial: join(root, "partial"),
    locks: join(root, "locks"),
    logs: join(root, "logs"),
    tmp: join(root, "tmp"),
    reserve: join(root, "reserve"),
  };
}

/** The file of a blob. */
export function blobPath(layout: Layout, digest: Digest): string {
  return `${layout.blobs}/${algorithmOf(digest)}/${hexOf(digest)}`;
}

const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;

/** A space or id as a file name. A digest's ":" becomes "-", because overlayfs separates its lower directories by ":". */
export function folderName(id: string): string {
  const name = id.replaceAll(":", "-");
  if (!SAFE_NAME.test(name)) throw new InternalError(`"${id}" cannot be the name of a directory of the store`);
  return name;
}
