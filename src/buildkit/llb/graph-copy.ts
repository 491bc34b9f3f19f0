/** Copies of graphs of clients in which some vertices are others. Pure. */
import { InternalError } from "../../errors.ts";
import { type Op, type Vertex, vertex } from "../../graph/index.ts";

/** What was copied so far. */
interface GraphCopy {
  /** The copy of a vertex. Throws `INTERNAL` for one that was not added yet. */
  readonly of: (original: Vertex) => Vertex;
  /** Adds the copy of a vertex, after those of its inputs: the vertex itself where nothing differs. */
  readonly add: (original: Vertex, op: Op, inputs: readonly Vertex[]) => void;
}

/** Nothing yet: add the vertices in the order of `reachable`. */
export function createGraphCopy(): GraphCopy {
  const made = new Map<string, Vertex>();
  return {
    of({ id }) {
      const found = made.get(id);
      if (found === undefined) throw new InternalError("an input comes after what needs it");
      return found;
    },
    add(original, op, inputs) {
      const isSame = op === original.op && inputs.every((input, at) => input === original.inputs[at]);
      made.set(original.id, isSame ? original : vertex(op, inputs, original.platform, original.meta));
    },
  };
}
