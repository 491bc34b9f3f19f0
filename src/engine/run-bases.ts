/** Which vertices are below a RUN: their layers will be needed as directories, not as lists of files only. */
import type { Vertex, VertexId } from "../graph/index.ts";

/** Ids of the vertices that the root of some ExecOp is built on. `order`: inputs before what uses them. */
export function basesOfRuns(order: readonly Vertex[]): ReadonlySet<VertexId> {
  const bases = new Set<VertexId>();
  for (const vertex of order.toReversed()) for (const input of rootInputs(vertex, bases)) bases.add(input.id);
  return bases;
}

function rootInputs({ id, op, inputs }: Vertex, bases: ReadonlySet<VertexId>): readonly Vertex[] {
  switch (op.kind) {
    case "source":
      return [];
    case "exec": {
      const root = op.mounts.find((mount) => mount.dest === "/");
      return root?.type === "bind" && root.input >= 0 ? inputs.slice(root.input, root.input + 1) : [];
    }
    case "file":
      return bases.has(id) && op.base >= 0 ? inputs.slice(op.base, op.base + 1) : [];
    case "merge":
    case "diff":
      return bases.has(id) ? inputs : [];
    default:
      return op satisfies never;
  }
}
