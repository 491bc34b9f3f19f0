/** Trees made of text, for tables: `{ "bin/sh": "file 755 0:0 text", "lib": "link usr/lib", "dev": "dir 755 0:0" }`. */
import { makeMissing } from "../../src/engine/file/directories.ts";
import { createDraft, type Draft } from "../../src/engine/file/draft.ts";
import { compareTreePaths, parentOf, ROOT, type TreePath, treePath } from "../../src/paths.ts";
import { emptyTree } from "../../src/tree/index.ts";

/** One line a path: "file MODE UID:GID CONTENT", "dir MODE UID:GID", "link TARGET", "same OTHER" (hard link). A fourth word "@N" is the mtime. */
export type TreeSpec = Readonly<Record<string, string>>;

/** Makes the tree; parents that are not named are dir 755 0:0. */
export function memoryTree(spec: TreeSpec): Draft {
  const draft = createDraft(emptyTree, { mtimeSec: 0, mtimeNsec: 0 });
  const lines = Object.entries(spec).toSorted(([a], [b]) => compareTreePaths(a, b));
  for (const [name, line] of lines) {
    makeParents(draft, treePath(name));
    putLine(draft, treePath(name), line);
  }
  // What came into them has changed their times.
  for (const [name, line] of lines) draft.change(treePath(name), { mtimeSec: timeOf(line) });
  return draft;
}

/** Makes the directories that a path needs, 0755 root. */
export function makeParents(draft: Draft, path: TreePath): void {
  if (parentOf(path) === ROOT) return;
  makeMissing(draft, parentOf(path), (made) => ({ path: made, kind: "dir", mode: 0o755, uid: 0, gid: 0, size: 0 }), undefined);
}

function timeOf(line: string): number {
  return Number(/ @(-?\d+)$/.exec(line)?.[1] ?? 0);
}

function putLine(draft: Draft, path: TreePath, line: string): void {
  const mtimeSec = timeOf(line);
  const [kind = "", ...rest] = line.replace(/ @-?\d+$/, "").split(" ");
  if (kind === "link") {
    draft.put({ path, kind: "symlink", mode: 0o777, uid: 0, gid: 0, size: 0, mtimeSec, mtimeNsec: 0, link: rest.join(" ") });
    return;
  }
  const [mode = "644", owner = "0:0", ...text] = rest;
  const [uid = 0, gid = 0] = owner.split(":").map(Number);
  if (kind === "dir") {
    draft.put({ path, kind: "dir", mode: Number.parseInt(mode, 8), uid, gid, size: 0, mtimeSec, mtimeNsec: 0 });
    return;
  }
  const bytes = Buffer.from(text.join(" "));
  draft.put(
    { path, kind: "file", mode: Number.parseInt(mode, 8), uid, gid, size: bytes.byteLength, mtimeSec, mtimeNsec: 0 },
    { kind: "bytes", bytes },
  );
}

/** What was put, in the same notation, without times unless `times`. */
export async function itemsDump(draft: Draft, options: { readonly times?: boolean } = {}): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  for await (const { entry, data } of draft.items()) {
    if (entry.path === ROOT) continue;
    const owner = `${entry.mode.toString(8)} ${entry.uid}:${entry.gid}`;
    const text = data?.kind === "bytes" ? Buffer.from(data.bytes).toString() : "?";
    const line =
      entry.kind === "symlink"
        ? `link ${entry.link ?? ""}`
        : entry.kind === "hardlink"
          ? `same ${entry.link ?? ""}`
          : entry.kind === "dir"
            ? `dir ${owner}`
            : `${entry.kind} ${owner} ${text}`.trimEnd();
    out[entry.path] = options.times === true ? `${line} @${entry.mtimeSec}` : line;
  }
  return out;
}
