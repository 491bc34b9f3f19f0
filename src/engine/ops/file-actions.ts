/** The actions of a FileOp, applied to a draft one after the other. */
import { parseChmod } from "../../dockerfile/index.ts";
import type { FileAction, Vertex } from "../../graph/index.ts";
import { cleanTreePath, displayPath, fromText, joinTreePath, baseName, parentOf, ROOT, type TreePath } from "../../paths.ts";
import { type Entry, resolvePath } from "../../tree/index.ts";
import { copySelected, prepareDestination } from "../file/copy.ts";
import { type CopyStyle, makeDirectories } from "../file/directories.ts";
import type { Draft } from "../file/draft.ts";
import { directoryMissing, fileOverDirectory, nothingToRemove } from "../file/errors.ts";
import type { HashedFiles } from "../file/hashed-files.ts";
import { resolveOwner } from "../file/owner.ts";
import { selectSources, wildcardPaths } from "../file/selection.ts";
import { archiveKind, unpackArchive } from "../file/unpack.ts";
import type { EngineContext } from "../types.ts";
import type { SourceOf } from "./copy-sources.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;
type RemoveAction = Extract<FileAction, { kind: "rm" }>;

/** What the actions of one FileOp share. */
export interface FileRun {
  readonly vertex: Vertex;
  readonly context: EngineContext;
  readonly sourceOf: SourceOf;
  /** What was hashed for the key, by action and source: exactly that is copied, or it is an error. Only for sources that can change. */
  readonly hashed: ReadonlyMap<FileAction, readonly HashedFiles[]>;
  /** The action after which the layer is written. */
  readonly last: FileAction | undefined;
  /** Holds the contents of archives until the layer is written. */
  readonly archives: AsyncDisposableStack;
}

/** Applies one action. Throws `COPY_SOURCE_MISSING`, `COPY_CONFLICT`. */
export async function applyAction(run: FileRun, draft: Draft, action: FileAction, signal: AbortSignal): Promise<void> {
  if (action.kind === "copy") await applyCopy(run, draft, action, signal);
  else if (action.kind === "rm") applyRemove(draft, action);
  else await applyMake(run, draft, action);
}

async function applyCopy(run: FileRun, draft: Draft, action: CopyAction, signal: AbortSignal): Promise<void> {
  const style = await styleOf(run, draft, action);
  const source = await run.sourceOf(action.input);
  const hashed = run.hashed.get(action);
  const all = selectSources(source, action);
  if (action.existingDestOnly === true) checkFolder(draft, cleanTreePath(fromText(action.dest)));
  for (const [index, selected] of all.entries()) {
    const files = hashed?.[index];
    const kind = action.attemptUnpack ? await archiveKind(source, selected.entry) : "file";
    if (kind === "archive") {
      const dest = cleanTreePath(fromText(action.dest));
      const work = { source, entry: selected.entry, digest: files?.at(0), dest, style };
      run.archives.use(await unpackArchive(run.context.store, draft, work, signal));
      continue;
    }
    if (kind === "damaged") {
      const name = displayPath(selected.entry.path);
      run.context.warn(
        "ArchiveDamaged",
        `"${name}" is compressed and cannot be decompressed: Decant copies it as it is, as BuildKit does`,
        action.range,
      );
    }
    const dest = prepareDestination(draft, action, style);
    await copySelected(draft, source, files === undefined ? selected : { ...selected, hashed: files }, dest, action, {
      ...style,
      isLast: action === run.last && index === all.length - 1,
    });
  }
}

async function applyMake(run: FileRun, draft: Draft, action: Exclude<FileAction, CopyAction | RemoveAction>): Promise<void> {
  const style = await styleOf(run, draft, action);
  const path = cleanTreePath(fromText(action.path));
  if (action.kind === "mkdir") {
    if (!action.makeParents) checkFolder(draft, path);
    makeDirectories(draft, path, { ...style, chmod: parseChmod(action.mode.toString(8)) });
    return;
  }
  const facts = { ...(style.owner ?? { uid: 0, gid: 0 }), ...draft.now, ...style.time };
  if (action.kind === "symlink") {
    const at = checkFolder(draft, path);
    if (draft.lookup(at) !== undefined) throw fileOverDirectory(at, style.range);
    draft.put({ path: at, kind: "symlink", mode: 0o777, size: 0, link: fromText(action.target), ...facts });
    return;
  }
  if (draft.lookup(path)?.kind === "dir") throw fileOverDirectory(path, style.range);
  const bytes = Buffer.from(action.data, action.encoding ?? "utf8");
  const entry: Entry = { path, kind: "file", mode: action.mode, size: bytes.byteLength, ...facts };
  draft.put(entry, { kind: "bytes", bytes });
}

function applyRemove(draft: Draft, { path, allowNotFound, allowWildcard }: RemoveAction): void {
  const wanted = cleanTreePath(fromText(path));
  for (const one of allowWildcard ? wildcardPaths(draft, wanted) : [wanted]) {
    // A link itself goes.
    const folder = resolvePath(draft, parentOf(one), { followLast: true }).path;
    const at = one === ROOT ? ROOT : joinTreePath(folder, baseName(one));
    if (at !== ROOT && draft.lookup(at) !== undefined) draft.remove(at);
    else if (at === ROOT || !allowNotFound) throw nothingToRemove(at);
  }
}

/** The path without symlinks above it. Throws `COPY_SOURCE_MISSING` where the directory that it is in is not there. */
function checkFolder(draft: Draft, path: TreePath): TreePath {
  const { path: folder, entry } = resolvePath(draft, parentOf(path), { followLast: true });
  if (folder !== ROOT && entry?.kind !== "dir") throw directoryMissing(folder);
  return path === ROOT ? ROOT : joinTreePath(folder, baseName(path));
}

async function styleOf({ vertex, context }: FileRun, draft: Draft, action: Exclude<FileAction, RemoveAction>): Promise<CopyStyle> {
  const range = action.kind === "copy" ? action.range : vertex.meta.source;
  const onUnknown = (name: string, file: string): void =>
    context.warn(
      "UnknownOwner",
      `"${name}" is not in ${file} of the stage: files are owned by ${file === "/etc/group" ? "the group of the user" : "0"}, as BuildKit does`,
      range,
    );
  const { mtimeSec, owner } = action;
  return {
    owner: owner === undefined ? undefined : await resolveOwner(draft, owner, onUnknown),
    chmod: action.kind === "copy" && action.mode !== undefined ? parseChmod(action.mode) : undefined,
    ...(action.kind === "copy" && action.replacesOther === true ? { replaces: true } : {}),
    ...(mtimeSec === undefined ? {} : { time: { mtimeSec, mtimeNsec: 0 } }),
    range,
  };
}
