/** DiffOp: what lies over one tree so that it looks like another. Where one list of layers begins with the other, that is the rest of it, and no work. */
import type { DiffOp } from "../../graph/index.ts";
import { ROOT, type TreePath } from "../../paths.ts";
import {
  emptyTree,
  type Entry,
  hasSameMetadata,
  hasSameTime,
  type LayerSource,
  loadTree,
  type Tree,
  writeLayer,
} from "../../tree/index.ts";
import { createDraft, type Draft } from "../file/draft.ts";
import type { EngineContext, OpRun, VertexResult } from "../types.ts";
import { EMPTY_STACK, stackKey } from "../layer-stack.ts";
import { layersOf } from "./inputs.ts";

/** Gives the layers where they are known already, else what makes one. */
export function prepareDiff(op: DiffOp, inputs: readonly VertexResult[], context: EngineContext): readonly LayerSource[] | OpRun {
  const [lower, upper] = [sideOf(op.lower, inputs), sideOf(op.upper, inputs)];
  if (lower.every(({ key }, at) => upper[at]?.key === key)) return upper.slice(lower.length);
  return {
    ingredients: [
      { name: "op", value: "diff" },
      { name: "lower", value: stackKey(lower), kind: "base" },
      { name: "upper", value: stackKey(upper), kind: "parent" },
    ],
    below: EMPTY_STACK,
    async execute(signal, start) {
      const [from, to] = [await treeOf(lower, signal), await treeOf(upper, signal)];
      start();
      const draft = createDraft(from, { mtimeSec: 0, mtimeNsec: 0 });
      await drawDifferences(draft, from, to);
      return await writeLayer(context.store, draft.items(), { signal });
    },
  };
}

function sideOf(input: number, inputs: readonly VertexResult[]): readonly LayerSource[] {
  return input < 0 ? [] : layersOf(inputs[input]);
}

async function treeOf(layers: readonly LayerSource[], signal: AbortSignal): Promise<Tree> {
  return layers.length === 0 ? emptyTree : await loadTree(layers, signal);
}

/** Edits the draft over `from` until it is `to`. */
async function drawDifferences(draft: Draft, from: Tree, to: Tree): Promise<void> {
  /** First names of files that have several. */
  const firsts = new Map<string, TreePath>();
  const folders: Entry[] = [];
  const open: TreePath[] = [ROOT];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const wanted = to.readdir(folder);
    const names = new Set(wanted.map(({ path }) => path));
    for (const { path } of from.readdir(folder)) if (!names.has(path)) draft.remove(path);
    for (const entry of wanted) {
      await drawEntry(draft, { from, to, firsts }, entry);
      if (entry.kind !== "dir") continue;
      folders.push(entry);
      open.push(entry.path);
    }
  }
  // Now that nothing comes into them any more. Those in which nothing changed are as they were.
  for (const { path, mtimeSec, mtimeNsec } of folders) if (draft.isEdited(path)) draft.change(path, { mtimeSec, mtimeNsec });
}

async function drawEntry(
  draft: Draft,
  { from, to, firsts }: { readonly from: Tree; readonly to: Tree; readonly firsts: Map<string, TreePath> },
  entry: Entry,
): Promise<void> {
  const before = from.lookup(entry.path);
  const group = entry.kind === "dir" ? undefined : to.linkGroup(entry);
  const first = group === undefined ? undefined : firsts.get(group);
  const wasLinked = before !== undefined && before.kind !== "dir" && from.linkGroup(before) !== undefined;
  if (before !== undefined && (group !== undefined) === wasLinked && (await isSame(from, to, before, entry))) {
    if (group !== undefined && first === undefined) firsts.set(group, entry.path);
    return;
  }
  if (first !== undefined) {
    draft.link(entry.path, first);
    return;
  }
  if (group !== undefined) firsts.set(group, entry.path);
  draft.put(entry, entry.kind === "file" ? await to.data(entry) : undefined);
}

async function isSame(from: Tree, to: Tree, before: Entry, after: Entry): Promise<boolean> {
  if (!hasSameMetadata(before, after)) return false;
  if (after.kind === "dir") return true;
  return hasSameTime(before, after) && (after.kind !== "file" || (await from.digest(before)) === (await to.digest(after)));
}
