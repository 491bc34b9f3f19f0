/**
 * What a COPY selects from its source: wildcards (rule S80), symlinks of the source followed inside its root (S77), excludes (S85), and the
 * digest of exactly that (S94, decision 3). Never looks at modification times.
 */
import { createTurns } from "../../async.ts";
import { createHasher, type Digest } from "../../digest.ts";
import {
  createIgnoreMatcher,
  excludePatterns as parseExcludes,
  hasWildcard,
  type IgnoreMatcher,
  compileGlob,
  suggest,
} from "../../dockerfile/index.ts";
import type { FileAction } from "../../graph/index.ts";
import type { SourceRange } from "../../source.ts";
import { baseName, cleanTreePath, compareTreePaths, fromText, parentOf, ROOT, toText, type TreePath } from "../../paths.ts";
import { type Entry, resolvePath, type Tree } from "../../tree/index.ts";
import { sourceMissing } from "./errors.ts";
import { createHashedFiles, type HashedFiles } from "./hashed-files.ts";
import { createSelectionLines, entryFacts, type PathLines } from "./selection-lines.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

/** One source of a COPY after matching. */
export interface Selected {
  /** As matched, before its last symlink was followed: its base name is the name of the copy. */
  readonly path: TreePath;
  /** What is there. */
  readonly entry: Entry;
  /** Digests of its files in the order of `walkSelected`: what is copied must have them. */
  readonly hashed?: HashedFiles;
}

/** A tree to copy from, with words for messages. */
export interface CopySource {
  readonly tree: Tree;
  /** "the build context", "stage "build"". */
  readonly name: string;
  /** True for paths that .dockerignore took away. */
  readonly ignored?: (path: TreePath) => boolean;
  /** Opens a file without a name for what does not belong into memory; who calls it closes it. Without it, all is in memory. */
  readonly scratch?: (() => Promise<number>) | undefined;
}

/** Resolves the `src` of an action. Throws `COPY_SOURCE_MISSING` for what is not there; a wildcard may match nothing. */
export function selectSources(source: CopySource, action: CopyAction): Selected[] {
  const selected = matchingSources(source, action);
  checkRequired(source, action, selected);
  return selected;
}

function matchingSources(source: CopySource, action: CopyAction): Selected[] {
  const pattern = cleanTreePath(fromText(action.src));
  if (!action.allowWildcard || !hasWildcard(pattern)) return [selectedAt(source, pattern, action)];
  const above = literalPart(pattern);
  if (above !== ROOT) selectedAt(source, above, { ...action, followSymlinks: true });
  return wildcardPaths(source.tree, pattern, action.range).map((path) => selectedAt(source, path, action));
}

/** What a path leads to. What a wildcard matches must be there as well: a symlink to nowhere is not. */
function selectedAt(source: CopySource, path: TreePath, action: CopyAction): Selected {
  const { entry } = resolvePath(source.tree, path, { followLast: action.followSymlinks });
  if (entry === undefined) throw sourceMissing(path, source.name, missingHint(source, path, action.src), action.range);
  return { path, entry };
}

/** The folders before the first wildcard, which must be there. */
function literalPart(pattern: TreePath): TreePath {
  const parts = pattern.split("/");
  return parts.slice(0, parts.findIndex(hasWildcard)).join("/") as TreePath;
}

/** All paths that a glob matches, part by part: "*" never crosses "/", nor a link to a directory that a wildcard matched. */
export function wildcardPaths(tree: Pick<Tree, "lookup" | "readdir">, pattern: TreePath, range?: SourceRange): TreePath[] {
  let found: TreePath[] = [ROOT];
  let followLast = true;
  for (const part of pattern.split("/")) {
    const next: TreePath[] = [];
    let matches: ReturnType<typeof compileGlob> | undefined;
    for (const folder of found) {
      const real = resolvePath(tree, folder, { followLast });
      if (real.entry?.kind !== "dir" && real.path !== ROOT) continue;
      for (const child of tree.readdir(real.path)) {
        const name = baseName(child.path);
        // A broken pattern is an error only where there is something to match, as in BuildKit.
        matches ??= compileGlob(part, range);
        if (matches(name)) next.push((folder === ROOT ? name : `${folder}/${name}`) as TreePath);
      }
    }
    found = next;
    followLast &&= !hasWildcard(part);
  }
  return found.toSorted(compareTreePaths);
}

/** What to do about a path that a source does not have; `written` is the path as it stands in the file. */
export function missingHint(source: CopySource, path: TreePath, written = ""): string | undefined {
  if (source.ignored?.(path) === true)
    return `.dockerignore excludes "${toText(path)}" from the context: add a line "!${toText(path)}" to it`;
  if (source.ignored !== undefined && /^\/*(?:\.\/+)*\.\.(?:\/|$)/.test(written))
    return '".." does not lead out of the context: give the other folder a name, --build-context NAME=FOLDER, and use COPY --from=NAME';
  const siblings = source.tree.readdir(parentOf(path)).map((entry) => toText(baseName(entry.path)));
  const near = suggest(toText(baseName(path)), siblings);
  return near === undefined ? undefined : `Did you mean "${near}"?`;
}

/** Which paths of a source are copied; patterns are relative to it. */
type PathFilter = Pick<CopyAction, "excludePatterns" | "includePatterns">;

/** One entry of a selected subtree, with its path relative to the selected root ("" for the root itself). */
export interface Walked {
  readonly entry: Entry;
  readonly relative: TreePath;
  /** A directory that is not selected itself: it is on the way to the entry that comes next, and made only where it is missing. */
  readonly implied: boolean;
}

/** Walks a selected source in order, as `--exclude` and `--parents` say. */
export function* walkSelected(tree: Tree, root: Entry, filter: PathFilter): Generator<Walked> {
  yield { entry: root, relative: ROOT, implied: false };
  if (root.kind === "dir") yield* walkBelow(tree, root.path, ROOT, matchersOf(filter), []);
}

function matchersOf({ excludePatterns, includePatterns }: PathFilter): readonly IgnoreMatcher[] {
  const matchers: IgnoreMatcher[] = [];
  // Included is what "leave out everything, but not …" does not leave out.
  if (includePatterns !== undefined) {
    const wanted = parseExcludes(includePatterns.map((text) => ({ text }))).map((pattern) => ({ ...pattern, negated: true }));
    matchers.push(createIgnoreMatcher([{ pattern: "**", negated: false }, ...wanted]));
  }
  if (excludePatterns.length > 0) matchers.push(createIgnoreMatcher(parseExcludes(excludePatterns.map((text) => ({ text })))));
  return matchers;
}

/** `passed` are the directories above that were not given yet. */
function* walkBelow(
  tree: Tree,
  folder: TreePath,
  relative: TreePath,
  matchers: readonly IgnoreMatcher[],
  passed: Walked[],
): Generator<Walked> {
  for (const entry of tree.readdir(folder)) {
    const name = baseName(entry.path);
    const path = (relative === ROOT ? name : `${relative}/${name}`) as TreePath;
    const excluded = matchers.some((matcher) => matcher.excludes(path));
    if (excluded && (entry.kind !== "dir" || !matchers.every((matcher) => matcher.mayReinclude(path)))) continue;
    if (excluded) passed.push({ entry, relative: path, implied: true });
    else {
      yield* passed.splice(0);
      yield { entry, relative: path, implied: false };
    }
    if (entry.kind === "dir") yield* walkBelow(tree, entry.path, path, matchers, passed);
    if (passed.at(-1)?.relative === path) passed.pop();
  }
}

/** The `requiredPaths` are selected, none of them through a symlink. Throws `COPY_SOURCE_MISSING` when no source has one, or all is left out. */
function checkRequired(source: CopySource, action: CopyAction, selected: readonly Selected[]): void {
  for (const text of action.requiredPaths ?? []) {
    const required = cleanTreePath(fromText(text));
    const candidates = selected.map(({ entry }) => {
      const path = entry.path === ROOT ? required : (`${entry.path}/${required}` as TreePath);
      return { path, isThere: source.tree.lookup(path) !== undefined, isCopied: () => selects(source.tree, entry, action, required) };
    });
    const [first = { path: required }] = candidates;
    const found = candidates.filter(({ isThere }) => isThere);
    if (found.length === 0) throw sourceMissing(first.path, source.name, missingHint(source, first.path), action.range);
    if (action.excludePatterns.length > 0 && !found.some(({ isCopied }) => isCopied()))
      throw sourceMissing(first.path, source.name, "--exclude leaves it out: leave out one of the two", action.range);
  }
}

/** Is `required`, or something below it, copied? */
function selects(tree: Tree, root: Entry, filter: PathFilter, required: TreePath): boolean {
  for (const { relative, implied } of walkSelected(tree, root, filter))
    if (!implied && (relative === required || relative.startsWith(`${required}/`))) return true;
  return false;
}

/** A selection's digest, and its lines for `--explain`: see `createSelectionLines`. */
export interface SelectionDigest {
  readonly digest: Digest;
  readonly lines: PathLines | undefined;
  /** For each source, the digests of its files in the order of `walkSelected`. */
  readonly hashed: readonly HashedFiles[];
}

/** Digests what the actions select: base names, metadata and contents, never times and never the path above. */
export async function digestSelection(
  { tree, scratch }: Pick<CopySource, "tree" | "scratch">,
  selected: readonly Selected[],
  filter: PathFilter,
  signal?: AbortSignal,
): Promise<SelectionDigest> {
  const hasher = createHasher();
  const turns = createTurns(signal);
  const lines = createSelectionLines();
  const hashed: HashedFiles[] = [];
  let batch = "";
  for (const source of selected) {
    const files = createHashedFiles();
    const links = new Map<string, string>();
    hashed.push(files);
    const root = `${baseName(source.path).length}:${baseName(source.path)}`;
    batch += source.entry.kind === "dir" ? "dir" : root;
    for (const { entry, relative } of walkSelected(tree, source.entry, filter)) {
      const digest = entry.kind === "file" ? (entry.digest ?? tree.digest(entry)) : undefined;
      const content = typeof digest === "object" ? await digest : digest;
      if (content !== undefined) files.add(content);
      if (turns.isDue) await turns.give();
      if (files.isLarge && scratch !== undefined) files.spillTo(await scratch());
      // The directory that was named is not copied itself, only what is in it: its own metadata counts (a new destination takes its time only).
      const facts = relative === ROOT && entry.kind === "dir" ? "dir" : entryFacts(entry);
      const link = linkFact(tree, entry, relative, links);
      const line = `${relative.length}:${relative} ${facts} ${content ?? ""} ${link.length}:${link}`;
      batch += `${line.length}:${line}`;
      lines.add({ root: source.path, relative, facts, content: content ?? "", linkedTo: link });
      if (batch.length > 65536) {
        hasher.update(Buffer.from(batch, "latin1"));
        batch = "";
      }
    }
  }
  hasher.update(Buffer.from(batch, "latin1"));
  return { digest: hasher.digest(), lines: lines.finish(), hashed };
}

/** The first name of the same file, when it was selected as well: COPY keeps them together. */
function linkFact(tree: Tree, entry: Entry, relative: TreePath, links: Map<string, string>): string {
  const group = entry.kind === "file" ? tree.linkGroup(entry) : undefined;
  if (group === undefined) return "";
  const first = links.get(group);
  if (first === undefined) links.set(group, relative);
  return first ?? "";
}
