/** FileOp: edits of a tree as pure data (decision 2). The key holds the digest of exactly what each COPY selects (decision 3). */
import { allOf, createSemaphore } from "../../async.ts";
import { type Digest, framedDigest } from "../../digest.ts";
import { given } from "../../given.ts";
import { digestibleAction, type FileAction, type FileOp, type Vertex } from "../../graph/index.ts";
import { emptyTree, type EntryTime, loadTree } from "../../tree/index.ts";
import { createDraft } from "../file/draft.ts";
import type { HashedFiles } from "../file/hashed-files.ts";
import { digestSelection, selectSources } from "../file/selection.ts";
import { EMPTY_STACK, layersIn, stackOf } from "../layer-stack.ts";
import type { EngineContext, Ingredient, OpRun, VertexResult } from "../types.ts";
import { copySources } from "./copy-sources.ts";
import { applyAction, type FileRun } from "./file-actions.ts";
import { baseStackOf, shownBase } from "./inputs.ts";
import { keepSelection, knownSelection } from "./kept-selections.ts";
import { writtenFor } from "./own-step.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

/** Steps of this process that write a layer: each needs memory for it, and a build may have thousands that are ready at once. */
const writers = createSemaphore(8);

/** Prepares a FileOp: digests its sources, and edits only when the result is not known. */
export async function prepareFile(
  vertex: Vertex,
  op: FileOp,
  inputs: readonly VertexResult[],
  context: EngineContext,
  signal: AbortSignal,
): Promise<OpRun> {
  const below = op.base < 0 ? EMPTY_STACK : baseStackOf(inputs[op.base]);
  const hashed = new Map<FileAction, readonly HashedFiles[]>();
  const sources = { vertex, context, sourceOf: copySources(vertex, inputs, signal) };
  const ingredients: Ingredient[] = [
    { name: "op", value: "file" },
    { name: "base", value: below.key, ...shownBase(vertex, op.base) },
    // Directories that are written into get this time: the same epoch gives the same layer, whatever was built before.
    ...(context.epochSec === undefined ? [] : [{ name: "SOURCE_DATE_EPOCH", value: String(context.epochSec) }]),
  ];
  for (const action of op.actions) {
    ingredients.push({
      name: `${action.kind} ${action.kind === "copy" ? action.src : action.path}`,
      value: JSON.stringify(digestibleAction(action)),
      kind: "instruction",
      shown: action.kind,
    });
    if (action.kind === "copy") ingredients.push(await selectionIngredient(sources, hashed, action, inputs[action.input]));
  }
  return {
    ingredients,
    below,
    async execute(innerSignal, start) {
      const base = below.count === 0 ? emptyTree : await loadTree(layersIn(below), innerSignal);
      await allOf(op.actions.flatMap((action) => (action.kind === "copy" ? [sources.sourceOf(action.input)] : [])));
      using _writer = await writers.acquire(innerSignal);
      start();
      const draft = createDraft(base, stepTime(context));
      await using archives = new AsyncDisposableStack();
      const run: FileRun = { ...sources, hashed, last: op.actions.at(-1), archives };
      for (const action of op.actions) {
        innerSignal.throwIfAborted();
        await applyAction(run, draft, action, innerSignal);
      }
      return await writtenFor(vertex, draft.items(), context, innerSignal);
    },
  };
}

function stepTime({ epochSec }: EngineContext): EntryTime {
  if (epochSec !== undefined) return { mtimeSec: epochSec, mtimeNsec: 0 };
  const nowMs = Date.now();
  return { mtimeSec: Math.floor(nowMs / 1000), mtimeNsec: (nowMs % 1000) * 1_000_000 };
}

/** What a copy selects, as one part of the key. For layers the digest is kept: their content never changes, so a chain of hits reads no index. */
async function selectionIngredient(
  run: Pick<FileRun, "context" | "sourceOf">,
  hashed: Map<FileAction, readonly HashedFiles[]>,
  action: CopyAction,
  input: VertexResult | undefined,
): Promise<Ingredient> {
  const asFiles = { name: `files of ${action.src}`, kind: "files", shown: action.src } as const;
  const memo = input?.kind === "layers" ? memoKey(action, input) : undefined;
  const known = memo === undefined ? undefined : knownSelection(run.context, memo);
  if (known !== undefined) return { ...asFiles, value: known };
  if (input?.kind === "directory" && input.selections !== undefined) {
    const { digest, lines, hashed: files } = await input.selections.take(action, { look: run.context.byDescent === true });
    hashed.set(action, files);
    return { ...asFiles, value: digest, ...given({ detail: lines }) };
  }
  const source = await run.sourceOf(action.input);
  const selection = await digestSelection(source, selectSources(source, action), action);
  if (memo === undefined) hashed.set(action, selection.hashed);
  else keepSelection(run.context, memo, selection.digest);
  return { ...asFiles, value: selection.digest, ...given({ detail: selection.lines }) };
}

function memoKey(action: CopyAction, input: Extract<VertexResult, { kind: "layers" }>): Digest {
  const { followSymlinks, allowWildcard, excludePatterns, includePatterns = null, requiredPaths = null } = action;
  return framedDigest([
    "selection",
    stackOf(input).key,
    action.src,
    JSON.stringify([followSymlinks, allowWildcard, excludePatterns, includePatterns, requiredPaths]),
  ]);
}
