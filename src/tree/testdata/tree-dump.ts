/** A tree as text, one line a path, for tests to compare. */
import { hexOf } from "../../digest.ts";
import { displayPath, fromBytes, ROOT, toText } from "../../paths.ts";
import type { Entry, LayerIndex, Tree } from "../types.ts";
import { walk } from "../walk.ts";

/**
 * "/bin/sh: file 0755 0:0 cc55e2ec", "/lib: link -> usr/lib", "/dev/null: char 0666 0:0 1:3". Later names of a file end in "= /first".
 * Times are left out; extended attributes follow as "name=value".
 */
export async function treeDump(tree: Tree): Promise<string> {
  const lines: string[] = [];
  const groups = new Map<string, Entry>();
  for (const entry of walk(tree, ROOT)) {
    let line = describeEntry(entry, entry.kind === "file" ? hexOf(await tree.digest(entry)).slice(0, 8) : "");
    const group = entry.kind === "file" ? tree.linkGroup(entry) : undefined;
    const first = group === undefined ? undefined : groups.get(group);
    if (first !== undefined) line += ` = ${displayPath(first.path)}`;
    else if (group !== undefined) groups.set(group, entry);
    lines.push(line);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** The entries of one layer in the same form, with "whiteout" and "opaque". */
export function indexDump(index: LayerIndex): string {
  let text = "";
  for (let position = 0; position < index.count; position += 1) {
    const entry = index.at(position);
    text += `${describeEntry(entry, entry.digest === undefined ? "" : hexOf(entry.digest).slice(0, 8))}\n`;
  }
  return text;
}

function describeEntry(entry: Entry, digest: string): string {
  const parts = [`${displayPath(entry.path)}:`, entry.kind === "symlink" ? "link" : entry.kind];
  if (entry.kind === "whiteout" || entry.kind === "opaque") return parts.join(" ");
  if (entry.kind === "symlink") {
    if (entry.uid !== 0 || entry.gid !== 0) parts.push(`${entry.uid}:${entry.gid}`);
    parts.push(`-> ${toText(entry.link ?? "")}`);
  } else if (entry.kind === "hardlink") parts.push(`= /${toText(entry.link ?? "")}`);
  else {
    parts.push(entry.mode.toString(8).padStart(4, "0"), `${entry.uid}:${entry.gid}`);
    if (entry.kind === "char" || entry.kind === "block") parts.push(`${entry.major ?? 0}:${entry.minor ?? 0}`);
    if (entry.kind === "file" && digest !== "") parts.push(digest);
    if (entry.opaque === true) parts.push("opaque");
  }
  for (const [name, value] of entry.xattrs ?? []) parts.push(`${toText(name)}=${printable(value)}`);
  return parts.join(" ");
}

function printable(value: Uint8Array): string {
  const text = fromBytes(value);
  return /^[\x20-\x7e]*$/.test(text) ? text : Buffer.from(value).toString("hex");
}
