/** `diffImages`: what differs between two images: configuration, packages, files and sizes. */
import type { Entry, Tree } from "../../tree/index.ts";
import { hasSameMetadata, walk } from "../../tree/index.ts";
import { displayPath, ROOT, compareTreePaths } from "../../paths.ts";
import { openSession, platformOf, type StoreOptions } from "../../context/index.ts";
import { contentsOf } from "../../facts/index.ts";
import { readInventory } from "../../sbom/index.ts";
import { differenceOf, type BaseFacts } from "../base/difference.ts";
import type { BaseDifference } from "../base/types.ts";
import { maybe, STORE, text } from "../options/kinds.ts";
import { type Shape, shapeOf } from "../options/shape.ts";
import { startRun } from "../run-handle.ts";
import type { Run } from "../types.ts";
import { type LookContext, lookTree, openLook } from "./open-tree.ts";

/** Options of `diffImages`. Both sides as `LookOptions.image` has them. */
export interface DiffImagesOptions extends StoreOptions {
  readonly before: string;
  readonly after: string;
  /** Default: the host's. */
  readonly platform?: string | undefined;
  readonly cwd?: string | undefined;
}

/** A file that is not the same on both sides. */
export interface FileChange {
  readonly path: string;
  /** "changed": another content, kind or link. "metadata": only another mode, owner or attribute. Times do not count. */
  readonly change: "added" | "removed" | "changed" | "metadata";
  /** Bytes; absent where there is no such file. */
  readonly before?: number;
  readonly after?: number;
}

/** What differs between two images. */
export interface ImageDifference extends BaseDifference {
  /** Sorted by path. */
  readonly files: readonly FileChange[];
  /** Sums of file sizes, each hard-linked file once. */
  readonly size: { readonly before: number; readonly after: number };
}

const OPTIONS: Shape = shapeOf<DiffImagesOptions>("diffImages", {
  ...STORE,
  before: text,
  after: text,
  platform: maybe(text),
  cwd: maybe(text),
});

interface Side {
  readonly tree: Tree;
  readonly facts: BaseFacts;
}

/** Compares two images, or folders. Rejects as `openNamedSource`. */
export function diffImages(options: DiffImagesOptions): Run<ImageDifference> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    await using session = await openSession(options, "look");
    const context: LookContext = { session, emit, signal };
    const before = await openSide(options, options.before, context);
    const after = await openSide(options, options.after, context);
    return {
      ...differenceOf(before.facts, after.facts),
      files: await fileChanges(before.tree, after.tree, signal),
      size: { before: sizeOf(before.tree), after: sizeOf(after.tree) },
    };
  });
}

async function openSide(options: DiffImagesOptions, image: string, context: LookContext): Promise<Side> {
  const { session, signal } = context;
  const source = await openLook({ ...lookOf(options), image }, "diff", context);
  const tree = await lookTree(source, signal);
  const { packages } = await readInventory(tree, { platform: platformOf(session, options.platform), signal });
  const versions = new Map(packages.map((one) => [one.name, { version: one.version }]));
  const config = source.kind === "image" ? { config: { ...source.image.config.config } } : {};
  return { tree, facts: { packages: versions, ...config } };
}

function lookOf({ platform, cwd }: DiffImagesOptions): { readonly platform: string | undefined; readonly cwd: string | undefined } {
  return { platform, cwd };
}

/** Both trees are walked at once, as both are sorted. */
export async function fileChanges(before: Tree, after: Tree, signal: AbortSignal): Promise<FileChange[]> {
  const changes: FileChange[] = [];
  const [olds, news] = [walk(before, ROOT), walk(after, ROOT)];
  let [old, now] = [olds.next().value, news.next().value];
  while (old !== undefined || now !== undefined) {
    signal.throwIfAborted();
    const order = old === undefined ? 1 : now === undefined ? -1 : compareTreePaths(old.path, now.path);
    if (order < 0 && old !== undefined) changes.push({ path: displayPath(old.path), change: "removed", before: old.size });
    else if (order > 0 && now !== undefined) changes.push({ path: displayPath(now.path), change: "added", after: now.size });
    else if (old !== undefined && now !== undefined) {
      const change = await changeOf({ tree: before, entry: old }, { tree: after, entry: now });
      if (change !== undefined) changes.push({ path: displayPath(now.path), change, before: old.size, after: now.size });
    }
    if (order <= 0) old = olds.next().value;
    if (order >= 0) now = news.next().value;
  }
  return changes;
}

interface At {
  readonly tree: Tree;
  readonly entry: Entry;
}

async function changeOf(before: At, after: At): Promise<FileChange["change"] | undefined> {
  const [old, now] = [before.entry, after.entry];
  if (old.kind !== now.kind || old.size !== now.size || old.link !== now.link) return "changed";
  if (old.kind === "file" && (await before.tree.digest(old)) !== (await after.tree.digest(now))) return "changed";
  return hasSameMetadata(old, now) ? undefined : "metadata";
}

function sizeOf(tree: Tree): number {
  return contentsOf({ tree, config: {} }).unpackedBytes;
}
