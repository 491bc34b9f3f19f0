/** What changed of the paths that a COPY selects, from two lists of `createSelectionLines`. */
import type { PathChange } from "../events.ts";

/** Lines "path<TAB>facts<TAB>digest", with "<TAB>linked to PATH" where a path is another name of a file before it. Of nothing: an empty list. */
export function pathChanges(before: Uint8Array, after: Uint8Array): PathChange[] {
  const old = new Map<string, string>();
  for (const line of linesOf(before)) old.set(pathOf(line), line);
  const changes: PathChange[] = [];
  for (const line of linesOf(after)) {
    const path = pathOf(line);
    const was = old.get(path);
    old.delete(path);
    if (was === undefined) changes.push({ path, change: "new" });
    else if (was !== line) changes.push(...changesOf(path, factsOf(was), factsOf(line)));
  }
  for (const path of old.keys()) changes.push({ path, change: "gone" });
  return changes;
}

function linesOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return text.split("\n").filter((line) => line !== "");
}

function pathOf(line: string): string {
  const end = line.indexOf("\t");
  return end < 0 ? line : line.slice(0, end);
}

interface Facts {
  readonly kind: string;
  readonly mode: string;
  readonly owner: string;
  readonly link: string;
  /** Device numbers and extended attributes. */
  readonly rest: string;
  readonly content: string;
  readonly linkedTo: string | undefined;
}

/** As `digestSelection` writes them: "kind mode uid:gid size length:link device xattrs". */
function factsOf(line: string): Facts {
  const [, facts = "", content = "", linked] = line.split("\t");
  const [, kind = facts, mode = "", owner = "", tail = ""] = /^(\S+) (\S+) (\S+) \d* ?(.*)$/s.exec(facts) ?? [];
  const length = Number(/^\d+/.exec(tail)?.[0] ?? 0);
  const start = tail.indexOf(":") + 1;
  const link = tail.slice(start, start + length);
  return { kind, mode, owner, link, rest: tail.slice(start + link.length), content, linkedTo: linked };
}

function changesOf(path: string, was: Facts, is: Facts): PathChange[] {
  if (was.kind !== is.kind) return [{ path, change: "type", from: was.kind, to: is.kind }];
  const changes: PathChange[] = [];
  if (was.content !== is.content) changes.push({ path, change: "content" });
  if (was.mode !== is.mode) changes.push({ path, change: "mode", from: was.mode, to: is.mode });
  if (was.owner !== is.owner) changes.push({ path, change: "owner", from: was.owner, to: is.owner });
  if (was.link !== is.link) changes.push({ path, change: "link", from: was.link, to: is.link });
  if (was.linkedTo !== is.linkedTo) changes.push({ path, change: "hard links", from: was.linkedTo ?? "none", to: is.linkedTo ?? "none" });
  if (was.rest !== is.rest || changes.length === 0) changes.push({ path, change: "attributes" });
  return changes;
}
