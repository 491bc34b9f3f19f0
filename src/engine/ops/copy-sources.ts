/** The inputs of a vertex as trees to take files from, each opened once. */
import { InternalError } from "../../errors.ts";
import type { Vertex } from "../../graph/index.ts";
import { emptyTree, loadTree } from "../../tree/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { CopySource } from "../file/selection.ts";
import type { VertexResult } from "../types.ts";

/** Opens an input by its index; -1 is an empty one. Calls are joined. */
export type SourceOf = (index: number) => Promise<CopySource>;

/** Sources of a vertex whose inputs gave `inputs`. */
export function copySources(vertex: Vertex, inputs: readonly VertexResult[], signal: AbortSignal): SourceOf {
  const sources = new Map<number, Promise<CopySource>>();
  return (index) => {
    const known = sources.get(index) ?? openSource(vertex, inputs, index, signal);
    sources.set(index, known);
    return known;
  };
}

async function openSource(vertex: Vertex, inputs: readonly VertexResult[], index: number, signal: AbortSignal): Promise<CopySource> {
  if (index < 0) return { tree: emptyTree, name: "an empty stage" };
  const input = inputs[index];
  if (input === undefined) throw new InternalError("a copy names an input that its vertex does not have");
  if (input.kind === "directory") return { tree: input.tree, name: input.name, ignored: input.ignored };
  const from = vertex.inputs[index];
  const name =
    input.name ??
    (from?.op.kind === "source"
      ? `"${publicUrl(from.op.identifier).replace(/^docker-image:\/\//, "")}"`
      : `stage "${from?.meta.stage ?? "0"}"`);
  return { tree: await loadTree(input.layers, signal), name };
}
