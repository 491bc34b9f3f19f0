/**
 * Paths inside images. Linux file names are bytes, so a `TreePath` is a string with one character per byte (latin1):
 * string comparison is byte comparison, and nothing is lost. Decode only for display.
 */

/** "usr/bin/env": relative to the image's root, no leading or trailing slash, no "." or "..", "" is the root. One char per byte. */
export type TreePath = string & { readonly __treePath: true };

/** The root of a tree. */
export const ROOT: TreePath = "" as TreePath;

/** Bytes → the one-char-per-byte form. */
export function fromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The one-char-per-byte form → bytes. */
export function toBytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

/** Text that a user wrote (UTF-16) → the one-char-per-byte form of its UTF-8. */
export function fromText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** For messages and JSON: UTF-8 where it is valid, U+FFFD elsewhere. */
export function toText(path: string): string {
  return isAscii(path) ? path : Buffer.from(path, "latin1").toString("utf8");
}

/** "/usr/bin": how messages show a path of an image. */
export function displayPath(path: TreePath): string {
  return `/${toText(path)}`;
}

/**
 * Cleans a path lexically and clamps it to the root: "." and empty parts go, ".." removes its parent and stops at the root.
 * Input is in one-char-per-byte form.
 */
export function cleanTreePath(path: string): TreePath {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/") as TreePath;
}

/** `text` as a user wrote it → TreePath, cleaned and clamped. */
export function treePath(text: string): TreePath {
  return cleanTreePath(fromText(text));
}

/** `name` below `parent`; `name` is one part in one-char-per-byte form. */
export function joinTreePath(parent: TreePath, name: string): TreePath {
  return (parent === "" ? name : `${parent}/${name}`) as TreePath;
}

/** The directory that holds `path`; the root's parent is the root. */
export function parentOf(path: TreePath): TreePath {
  const slash = path.lastIndexOf("/");
  return (slash < 0 ? "" : path.slice(0, slash)) as TreePath;
}

/** The last part of `path`. */
export function baseName(path: TreePath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Is `path` the same as `ancestor`, or below it? */
export function isWithin(path: TreePath, ancestor: TreePath): boolean {
  return (
    ancestor === "" ||
    path === ancestor ||
    (path.length > ancestor.length && path.startsWith(ancestor) && path.charCodeAt(ancestor.length) === 47)
  );
}

/**
 * The order of layers: parts are compared one by one, as bytes, so that a directory comes before what is in it and a
 * subtree is contiguous ("a", "a/b", "a-b").
 */
export function compareTreePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    // "/" sorts before every other byte.
    if (x !== y) return x === 47 ? -1 : y === 47 ? 1 : x - y;
  }
  return a.length - b.length;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return false;
  return true;
}
