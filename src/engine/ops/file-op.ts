/** FileOp: edits of a tree as pure data (design D2). The key holds the digest of exactly what each COPY selects (design D3). */
import { framedDigest, isDigest } from "../../digest.ts";
import { parseChmod } from "../../dockerfile/index.ts";
import { InternalError } from "../../errors.ts";
import { digestibleAction, type FileAction, type FileOp, type Vertex } from "../../graph/index.ts";
import { cleanTreePath, fromText } from "../../paths.ts";
import { emptyTree, type Entry, type Layer, layerTree, type Tree, writeLayer } from "../../tree/index.ts";
import { copySelected, type CopyStyle, makeDirectories, prepareDestination } from "../file/copy.ts";
import { createDraft, type Draft } from "../file/draft.ts";
import { fileOverDirectory } from "../file/errors.ts";
import { resolveOwner } from "../file/owner.ts";
import { type CopySource, digestSelection, selectSources } from "../file/selection.ts";
import { isArchive, unpackArchive } from "../file/unpack.ts";
import type { EngineContext, Ingredient, OpRun, VertexResult } from "../types.ts";
import { layersOf } from "./inputs.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

/** Prepares a FileOp: digests its sources, and edits only when the result is not known. */
export async function prepareFile(
  vertex: Vertex,
  op: FileOp,
  inputs: readonly VertexResult[],
  context: EngineContext,
  signal: AbortSignal,
): Promise<OpRun> {
  const below = op.base < 0 ? [] : layersOf(inputs[op.base]);
  const sources = new Map<number, Promise<CopySource>>();
  const sourceOf = (index: number): Promise<CopySource> => {
    const known = sources.get(index) ?? openSource(vertex, inputs, index, signal);
    sources.set(index, known);
    return known;
  };
  const ingredients: Ingredient[] = [
    { name: "op", value: "file" },
    { name: "base", value: below.map((layer) => layer.key).join("\n") },
  ];
  for (const action of op.actions) {
    ingredients.push({
      name: `${action.kind} ${action.kind === "copy" ? action.src : action.path}`,
      value: JSON.stringify(digestibleAction(action)),
    });
    if (action.kind === "copy") ingredients.push(await selectionIngredient(action, inputs, sourceOf, context));
  }
  return {
    ingredients,
    below,
    async execute(innerSignal) {
      const base = below.length === 0 ? emptyTree : layerTree(await Promise.all(below.map((layer) => layer.load(innerSignal))));
      return edit(vertex, op, base, sourceOf, context, innerSignal);
    },
  };
}

/** An input of a vertex as a tree to take files from; -1 is an empty one. */
export async function openSource(vertex: Vertex, inputs: readonly VertexResult[], index: number, signal: AbortSignal): Promise<CopySource> {
  if (index < 0) return { tree: emptyTree, name: "an empty stage" };
  const input = inputs[index];
  if (input === undefined) throw new InternalError("a copy names an input that its vertex does not have");
  if (input.kind === "directory") return { tree: input.tree, name: input.name, ignored: input.ignored };
  const layers = await Promise.all(input.layers.map((layer) => layer.load(signal)));
  const from = vertex.inputs[index];
  const name =
    input.name ??
    (from?.op.kind === "source" ? `"${from.op.identifier.replace(/^docker-image:\/\//, "")}"` : `stage "${from?.meta.stage ?? "0"}"`);
  return { tree: layerTree(layers), name };
}

/** What a copy selects, as one part of the key. For layers the digest is kept: their content never changes, so a chain of hits reads no index. */
async function selectionIngredient(
  action: CopyAction,
  inputs: readonly VertexResult[],
  sourceOf: (index: number) => Promise<CopySource>,
  context: EngineContext,
): Promise<Ingredient> {
  const name = `files of ${action.src}`;
  const input = inputs[action.input];
  const memo =
    input?.kind === "layers"
      ? framedDigest([
          "selection",
          ...input.layers.map((layer) => layer.key),
          action.src,
          JSON.stringify([
            action.followSymlinks,
            action.allowWildcard,
            action.excludePatterns,
            action.includePatterns ?? null,
            action.requiredPaths ?? null,
          ]),
        ])
      : undefined;
  const known = memo === undefined ? undefined : context.store.records.get("selection", memo);
  if (typeof known === "string" && isDigest(known)) return { name, value: known };
  const source = await sourceOf(action.input);
  const { digest, lines } = await digestSelection(source.tree, selectSources(source, action), action);
  if (memo !== undefined) context.store.records.put("selection", memo, digest);
  return { name, value: digest, detail: lines };
}

async function edit(
  vertex: Vertex,
  op: FileOp,
  base: Tree,
  sourceOf: (index: number) => Promise<CopySource>,
  context: EngineContext,
  signal: AbortSignal,
): Promise<Layer> {
  const draft = createDraft(base);
  for (const action of op.actions) {
    signal.throwIfAborted();
    if (action.kind === "copy") await applyCopy(vertex, draft, action, await sourceOf(action.input), context, signal);
    else await applyMake(vertex, draft, action, context);
  }
  return writeLayer(context.store, draft.items(), { signal });
}

async function applyCopy(
  vertex: Vertex,
  draft: Draft,
  action: CopyAction,
  source: CopySource,
  context: EngineContext,
  signal: AbortSignal,
): Promise<void> {
  const style = await styleOf(vertex, draft, action, context);
  for (const selected of selectSources(source, action)) {
    if (action.attemptUnpack && (await isArchive(source, selected.entry))) {
      await unpackArchive(context.store, draft, source, selected.entry, cleanTreePath(fromText(action.dest)), style, signal);
      continue;
    }
    const dest = prepareDestination(draft, action, style, selected.entry);
    await copySelected(draft, source, selected, dest, action, style);
  }
}

async function applyMake(vertex: Vertex, draft: Draft, action: Exclude<FileAction, CopyAction>, context: EngineContext): Promise<void> {
  const style = await styleOf(vertex, draft, action, context);
  const time = { mtimeSec: (action.kind === "mkdir" ? action.mtimeSec : undefined) ?? context.nowSec, mtimeNsec: 0 };
  const path = cleanTreePath(fromText(action.path));
  if (action.kind === "mkdir") {
    makeDirectories(draft, path, { ...style, chmod: parseChmod(action.mode.toString(8)) }, time);
    return;
  }
  if (draft.lookup(path)?.kind === "dir") throw fileOverDirectory(path, style.range);
  const bytes = Buffer.from(action.data, "utf8");
  const { uid, gid } = style.owner ?? { uid: 0, gid: 0 };
  const entry: Entry = { path, kind: "file", mode: action.mode, uid, gid, size: bytes.byteLength, ...time };
  draft.put(entry, { kind: "bytes", bytes });
}

async function styleOf(vertex: Vertex, draft: Draft, action: FileAction, context: EngineContext): Promise<CopyStyle> {
  const range = action.kind === "copy" ? action.range : vertex.meta.source;
  const onUnknown = (name: string, file: string): void =>
    context.warn("UnknownOwner", `"${name}" is not in ${file} of the stage: its files are owned by 0, as BuildKit does`, range);
  return {
    owner: action.owner === undefined ? undefined : await resolveOwner(draft, action.owner, onUnknown),
    chmod: action.kind === "copy" && action.mode !== undefined ? parseChmod(action.mode) : undefined,
    range,
  };
}
