/** local://NAME: a directory of the host as a Tree, .dockerignore applied, everything owned by root (rules S70, S95 to S101). */
import { createIgnoreMatcher, type IgnoreMatcher } from "../../dockerfile/index.ts";
import { DecantError } from "../../errors.ts";
import { ROOT, type TreePath } from "../../paths.ts";
import type { Store } from "../../store/index.ts";
import { createFileDigests, type Entry, hostTree, type LayerSource, openScratchFile, type Tree } from "../../tree/index.ts";
import type { SourceProvider } from "../types.ts";
import { readIgnorePatterns } from "./ignore-file.ts";

/** A context folder and the Dockerfile that says which ignore file counts. */
export interface LocalContext {
  readonly kind: "folder";
  readonly path: string;
  /** Absolute path of the Dockerfile, for `<Dockerfile>.dockerignore`. */
  readonly dockerfile?: string;
  /** For messages. Default: "the build context". */
  readonly name?: string;
}

/** A context that is a layer already: from an archive or a git repository. .dockerignore is not for it (rule S101). */
export interface LayerContext {
  readonly kind: "layers";
  readonly layers: readonly LayerSource[];
}

/** A folder that is open. `flush` writes the digests of its files, and gives their memory back. */
interface OpenedContext {
  readonly tree: Tree;
  readonly matcher: IgnoreMatcher | undefined;
  readonly flush: () => Promise<void>;
}

/** How files of the host are seen. */
interface LocalOptions {
  /** "git": 0644, 0755 and no other modes. Default "keep". */
  readonly modes?: "keep" | "git" | undefined;
}

/** A provider for the contexts given by name, that keeps file digests between builds; dispose it to write them. */
export function localSources(
  store: Store,
  contexts: Readonly<Record<string, LocalContext | LayerContext>>,
  { modes = "keep" }: LocalOptions = {},
): SourceProvider & AsyncDisposable {
  const open = new Map<string, Promise<OpenedContext>>();
  const closers: (() => Promise<void>)[] = [];
  const openContext = async (context: LocalContext): Promise<OpenedContext> => {
    const patterns = await readIgnorePatterns(context.path, context.dockerfile);
    const matcher = patterns.length === 0 ? undefined : createIgnoreMatcher(patterns);
    const digests = await createFileDigests(store, context.path);
    closers.push(async () => {
      using _digests = digests;
      await digests.flush();
    });
    const filter =
      matcher === undefined
        ? {}
        : { filter: (path: TreePath, isDirectory: boolean) => !matcher.excludes(path) || (isDirectory && matcher.mayReinclude(path)) };
    return {
      tree: ownedByRoot(hostTree(context.path, { digests, ...filter }), matcher, modes === "git" ? gitMode : keptMode),
      matcher,
      flush: () => digests.flush(),
    };
  };
  return {
    schemes: ["local"],
    isLazy: true,
    async resolve(op) {
      const name = op.identifier.slice("local://".length);
      const context = contexts[name];
      if (context === undefined) throw new DecantError("CONTEXT", `Cannot use context "${name}": it was not given`);
      if (context.kind === "layers") return { kind: "layers", layers: context.layers, name: "the build context" };
      const known = open.get(name) ?? openContext(context);
      open.set(name, known);
      const { tree, matcher, flush } = await known;
      return {
        kind: "directory",
        tree,
        name: context.name ?? "the build context",
        path: context.path,
        ignored: (path) => matcher?.excludes(path) ?? false,
        flush,
        scratch: () => openScratchFile(store),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const close of closers) await close();
    },
  };
}

/** Owners become root. A directory that is excluded itself is seen only when something in it is wanted again. */
function ownedByRoot(tree: Tree, matcher: IgnoreMatcher | undefined, modeOf: (entry: Entry) => number): Tree {
  const own = (entry: Entry): Entry => ({ ...entry, mode: modeOf(entry), uid: 0, gid: 0 });
  /** Of directories that are excluded: each is looked into once, not once for each directory above it. */
  const hasWanted = new Map<TreePath, boolean>();
  const wanted = (entry: Entry): boolean => {
    if (matcher === undefined || entry.path === ROOT || !matcher.excludes(entry.path)) return true;
    if (entry.kind !== "dir") return false;
    const has = hasWanted.get(entry.path) ?? tree.readdir(entry.path).some(wanted);
    hasWanted.set(entry.path, has);
    return has;
  };
  return {
    lookup(path) {
      const entry = tree.lookup(path);
      return entry === undefined || !wanted(entry) ? undefined : own(entry);
    },
    readdir: (path) => tree.readdir(path).filter(wanted).map(own),
    data: (entry) => tree.data(entry),
    digest: (entry, onRead) => tree.digest(entry, onRead),
    linkGroup: (entry) => tree.linkGroup(entry),
  };
}

function keptMode({ mode }: Entry): number {
  return mode;
}

/** What a checkout of git has with the usual umask: git itself keeps only whether the owner may execute a file. */
function gitMode({ kind, mode }: Entry): number {
  if (kind === "symlink") return 0o777;
  return kind === "dir" || (mode & 0o100) !== 0 ? 0o755 : 0o644;
}
