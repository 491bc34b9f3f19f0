/** The layers of a base, bottom first, within the recipe's budget. Each is made once for the same contents, whatever recipe they are of. */
import { pool } from "../async.ts";
import type { Digest } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { type Entry, type Layer, layerDiffId, type LayerItem, writeLayer } from "../tree/index.ts";
import { type BaseInputs, type BasePiece, composeBase, type ComposeContext, type Composition } from "./compose.ts";
import { keptLayer } from "./kept-layer.ts";
import { arrangeItems, itemParts } from "./layer-items.ts";
import { planLayers } from "./layer-plan.ts";
import type { Recipe } from "./recipe.ts";

/** A layer of a base. */
export interface MadeLayer {
  readonly layer: Layer;
  readonly diffId: Digest;
  readonly createdBy: string;
}

/** Raised when the same contents give another layer than before. */
export const LAYERS_FORMAT = "base layer 3";

/** Throws `RECIPE`, `NODE_PACKAGE` and the `DEBIAN_…` codes. */
export async function makeLayers(context: ComposeContext, recipe: Recipe, inputs: BaseInputs): Promise<readonly MadeLayer[]> {
  const { store, signal } = context;
  const base = await composeBase(context, recipe, inputs);
  return await pool(
    context.jobs ?? 4,
    plan(base, recipe.layers),
    async (pieces) => {
      const items = arrangeItems(...withSharedDirectories(base, pieces));
      const layer = await keptLayer(store, [LAYERS_FORMAT, ...itemParts(items)], () => writeLayer(store, items, { signal }));
      const owners = pieces.map(({ owner }) => owner).join(", ");
      return { layer, diffId: await layerDiffId(store, layer, signal), createdBy: `decant: ${owners}` };
    },
    signal,
  );
}

/** One layer of the budget is kept for what only debug images have on top, so that all variants share the others. */
function plan({ pieces }: Composition, budget: number): (readonly BasePiece[])[] {
  const ownLevel = levelOfOwn(pieces);
  const onTop = pieces.filter(({ level }) => level > ownLevel);
  const planned = planLayers(
    pieces.filter((piece) => !onTop.includes(piece)),
    budget - 1,
  );
  if (onTop.length === 0) return planned;
  return budget > 1 ? [...planned, onTop] : [[...planned.flat(), ...onTop]];
}

/**
 * The items of a layer, and what directories that they imply look like. One that several packages have looks the same in all layers; as the recipe's own
 * files have it only from their layer on, so that those below do not depend on them.
 */
function withSharedDirectories(
  { below, tree, pieces: all }: Composition,
  pieces: readonly BasePiece[],
): [items: LayerItem[], directoryAt: (path: TreePath) => Entry | undefined] {
  const ownLevel = levelOfOwn(all);
  const directoryAt = pieces.some(({ level }) => level >= ownLevel)
    ? (path: TreePath): Entry | undefined => tree.lookup(path)
    : (path: TreePath): Entry | undefined => below.get(path)?.entry;
  const items = pieces.flatMap((piece) =>
    piece.items.map((item) => {
      const shared = item.entry.kind === "dir" && !piece.mayReplace ? directoryAt(item.entry.path) : undefined;
      return shared === undefined ? item : { entry: shared };
    }),
  );
  return [items, directoryAt];
}

function levelOfOwn(pieces: readonly BasePiece[]): number {
  return pieces.find(({ mayReplace }) => mayReplace)?.level ?? Number.POSITIVE_INFINITY;
}
