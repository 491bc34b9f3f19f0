/** What a build made, for the checks that look at it: the finished target, and what each COPY --from of it brought. */
import type { BuiltFacts, ParsedDockerfile } from "../dockerfile/index.ts";
import type { Solution } from "../engine/index.ts";
import { type CopyFacts, copyFactsOf, treeFactsOf } from "../facts/index.ts";
import { type Conversion, reachable, type Vertex } from "../graph/index.ts";
import type { SourceRange } from "../source.ts";
import type { Store } from "../store/index.ts";
import type { LayerSource } from "../tree/index.ts";

/** What was built. */
interface Built {
  readonly parsed: ParsedDockerfile;
  readonly conversion: Conversion;
  readonly solution: Solution;
}

/** Reads the facts of a build, or what is kept of them. */
export async function builtFacts(store: Store, { parsed, conversion, solution }: Built, signal: AbortSignal): Promise<BuiltFacts> {
  const made = new Map<LayerSource, Vertex>();
  for (const vertex of conversion.target === undefined ? [] : reachable(conversion.target)) {
    const layer = vertex.op.kind === "exec" || vertex.op.kind === "file" ? solution.layersOf(vertex.id)?.at(-1) : undefined;
    if (layer !== undefined) made.set(layer, vertex);
  }
  const instructions = parsed.stages.flatMap((stage) => stage.instructions);
  const triggers = instructions.flatMap((each) => (each.kind === "onbuild" && each.trigger !== undefined ? [each.trigger] : []));
  const copied = new Set(
    [...instructions, ...triggers].flatMap((each) => (each.kind === "copy" && each.from !== undefined ? [each.range] : [])),
  );
  const ranges = solution.layers.map((layer) => made.get(layer)?.meta.source);
  const copies = new Map<SourceRange, CopyFacts>();
  for (const [at, range] of ranges.entries()) {
    const layer = solution.layers[at];
    if (layer === undefined || range === undefined || !copied.has(range)) continue;
    const facts = await copyFactsOf(store, layer, signal);
    if (facts !== undefined) copies.set(range, facts);
  }
  return {
    target: await treeFactsOf(store, solution.layers, conversion.config, signal),
    layers: ranges,
    copies,
  };
}
