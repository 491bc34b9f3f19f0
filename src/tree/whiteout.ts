/**
 * Whiteout names (image-spec layer.md "Whiteouts", rule S121): ".wh.<name>" removes <name> of lower layers, ".wh..wh..opq" hides
 * what lower layers have in its directory, and other ".wh..wh.*" names are bookkeeping of aufs.
 */
import type { TreePath } from "../paths.ts";
import { joinTreePath, parentOf } from "../paths.ts";
import { whiteoutError } from "./errors.ts";

const PREFIX = ".wh.";
const AUFS_PREFIX = ".wh..wh.";
const OPAQUE_NAME = ".wh..wh..opq";

/** What a name in a layer tar means. */
type WhiteoutName =
  | { readonly kind: "plain" }
  | { readonly kind: "ignored" }
  | { readonly kind: "whiteout" | "opaque"; readonly path: TreePath };

const PLAIN: WhiteoutName = { kind: "plain" };
const IGNORED: WhiteoutName = { kind: "ignored" };

/** Says what the name of an entry means. Throws `WHITEOUT` for one that removes nothing nameable, or that is a directory's. */
export function parseWhiteout(path: TreePath): WhiteoutName {
  if (!path.includes(PREFIX)) return PLAIN;
  const parts = path.split("/");
  const last = parts.pop() ?? "";
  for (const part of parts) {
    if (part.startsWith(AUFS_PREFIX)) return IGNORED;
    if (part.startsWith(PREFIX)) throw whiteoutError(path, "a whiteout has nothing below it");
  }
  if (!last.startsWith(PREFIX)) return PLAIN;
  if (last === OPAQUE_NAME) return { kind: "opaque", path: parentOf(path) };
  if (last.startsWith(AUFS_PREFIX)) return IGNORED;
  const name = last.slice(PREFIX.length);
  if (name === "" || name === "." || name === "..") throw whiteoutError(path, "the whiteout names no entry");
  return { kind: "whiteout", path: joinTreePath(parentOf(path), name) };
}

/** Would this name be taken for a whiteout in a layer? */
export function isWhiteoutName(path: TreePath): boolean {
  return path.includes(PREFIX) && path.split("/").some((part) => part.startsWith(PREFIX));
}

/** The name in the tar of a whiteout for `path`. */
export function whiteoutFor(path: TreePath): TreePath {
  const at = path.lastIndexOf("/") + 1;
  return `${path.slice(0, at)}${PREFIX}${path.slice(at)}` as TreePath;
}

/** The name in the tar that makes the directory `path` opaque. */
export function opaqueFor(path: TreePath): TreePath {
  return joinTreePath(path, OPAQUE_NAME);
}
