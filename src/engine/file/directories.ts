/** Directories that a COPY, an ADD or a WORKDIR needs and that are not there (rule S74). */
import type { ModeChange } from "../../dockerfile/index.ts";
import { joinTreePath, parentOf, ROOT, type TreePath } from "../../paths.ts";
import type { SourceRange } from "../../source.ts";
import { type Entry, type EntryTime, resolvePath } from "../../tree/index.ts";
import type { Draft } from "./draft.ts";
import { directoryOverFile } from "./errors.ts";
import type { Owner } from "./owner.ts";

const SETGID = 0o2000;

/** How copied entries are changed. */
export interface CopyStyle {
  /** From `--chown`; absent: the source's owner. */
  readonly owner: Owner | undefined;
  readonly chmod: ModeChange | undefined;
  readonly range: SourceRange | undefined;
  /** Of what is copied; absent: as in the source. */
  readonly time?: EntryTime;
  /** What is in the way goes. Default false: it is an error. */
  readonly replaces?: boolean;
  /** Nothing of the step looks at what is copied: where nothing lies over it, it is walked when the layer is written. Default false. */
  readonly isLast?: boolean;
}

/** Makes directories through symlinks, and gives where the last one is. Throws `COPY_CONFLICT` when something else is in the way. */
export function makeDirectories(draft: Draft, path: TreePath, style: CopyStyle): TreePath {
  let at = ROOT;
  for (const name of path === ROOT ? [] : path.split("/")) {
    const next = joinTreePath(at, name);
    const found = draft.lookup(next);
    const { path: real, entry } = found?.kind === "symlink" ? resolvePath(draft, next, { followLast: true }) : { path: next, entry: found };
    if (entry === undefined) makeMissing(draft, real, (made, parent) => styledDirectory(made, parent, style), style.range);
    else if (entry.kind !== "dir") throw directoryOverFile(real, entry.kind, style.range);
    at = real;
  }
  return at;
}

/** Makes the directories up to `path` that are missing, top first. Throws `COPY_CONFLICT`. */
export function makeMissing(
  draft: Draft,
  path: TreePath,
  make: (path: TreePath, parent: Entry | undefined) => Omit<Entry, "mtimeSec" | "mtimeNsec">,
  range: SourceRange | undefined,
): void {
  const missing: TreePath[] = [];
  let at = path;
  let parent = draft.lookup(at);
  for (; parent === undefined && at !== ROOT; parent = draft.lookup(at)) {
    missing.push(at);
    at = parentOf(at);
  }
  if (parent !== undefined && parent.kind !== "dir") throw directoryOverFile(at, parent.kind, range);
  for (const one of missing.reverse()) {
    parent = { ...make(one, parent), ...draft.now };
    draft.put(parent);
  }
}

/** Made directories are 0755, or the octal `--chmod` value, and get `--chown`. */
function styledDirectory(path: TreePath, parent: Entry | undefined, style: CopyStyle): Omit<Entry, "mtimeSec" | "mtimeNsec"> {
  // As mkdir(2) does: a directory made in one with setgid gets its group and its setgid bit.
  const inherited = (parent?.mode ?? 0) & SETGID;
  const { uid, gid } = style.owner ?? { uid: 0, gid: inheritedGroup(parent) };
  // BuildKit hands the number to mkdir in Go's own form, where setuid, setgid and sticky are other bits: they are lost.
  const mode = ((style.chmod?.octal ?? 0o755) & 0o777) | inherited;
  return { path, kind: "dir", mode, uid, gid, size: 0 };
}

/** The group that mkdir(2) gives a directory of root. */
export function inheritedGroup(parent: Entry | undefined): number {
  return ((parent?.mode ?? 0) & SETGID) === 0 ? 0 : (parent?.gid ?? 0);
}
