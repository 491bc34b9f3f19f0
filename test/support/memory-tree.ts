/** Trees made of text, for tables: `{ "bin/sh": "file 755 0:0 text", "lib": "link usr/lib", "dev": "dir 755 0:0" }`. */
import { createDraft, type Draft } from "../../src/engine/file/draft.ts";
import { compareTreePaths, parentOf, ROOT, type TreePath, treePath } from "../../src/paths.ts";
import { emptyTree, type Entry } from "../../src/tree/index.ts";

/** One line a path: "file MODE UID:GID CONTENT", "dir MODE UID:GID", "link TARGET", "same OTHER" (hard link). A fourth word "@N" is the mtime. */
export type TreeSpec = Readonly<Record<string, string>>;

/** Makes the tree; parents that are not named are dir 755 0:0. */
export function memoryTree(spec: TreeSpec): Draft {
  const draft = createDraft(emptyTree);
  for (const [name, line] of Object.entries(spec).toSorted(([a], [b]) => compareTreePaths(a, b))) {
    const path = treePath(name);
    draft.mkdirAll(parentOf(path), (made) => directory(made, 0o755, 0, 0, 0));
    putLine(draft, path, line);
  }
  return draft;
}

function putLine(draft: Draft, path: TreePath, line: string): void {
  const time = / @(-?\d+)$/.exec(line);
  const mtimeSec = Number(time?.[1] ?? 0);
  const [kind = "", ...rest] = line.replace(/ @-?\d+$/, "").split(" ");
  if (kind === "link") {
    draft.put({ path, kind: "symlink", mode: 0o777, uid: 0, gid: 0, size: 0, mtimeSec, mtimeNsec: 0, link: rest.join(" ") });
    return;
  }
  const [mode = "644", owner = "0:0", ...text] = rest;
  const [uid = 0, gid = 0] = owner.split(":").map(Number);
  if (kind === "dir") {
    draft.put(directory(path, Number.parseInt(mode, 8), uid, gid, mtimeSec));
    return;
  }
  const bytes = Buffer.from(text.join(" "));
  draft.put(
    { path, kind: "file", mode: Number.parseInt(mode, 8), uid, gid, size: bytes.byteLength, mtimeSec, mtimeNsec: 0 },
    { kind: "bytes", bytes },
  );
}

function directory(path: TreePath, mode: number, uid: number, gid: number, mtimeSec: number): Entry {
  return { path, kind: "dir", mode, uid, gid, size: 0, mtimeSec, mtimeNsec: 0 };
}

/** What was put, in the same notation, without times unless `times`. */
export function itemsDump(draft: Draft, options: { readonly times?: boolean } = {}): Record<string, string> {
  const out: Record<string, string> = {};
  for (const { entry, data } of draft.items()) {
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
