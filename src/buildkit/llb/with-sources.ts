/** Graphs of clients whose sources a policy has converted. */
import { InternalError } from "../../errors.ts";
import { reachable, type SourceOp, type Vertex, vertex } from "../../graph/index.ts";
import type { Platform } from "../../oci/index.ts";

/** The same graph with what `take` gives for each source. Rejects as `take`. */
export async function withSources(target: Vertex, take: (op: SourceOp, platform: Platform) => Promise<SourceOp>): Promise<Vertex> {
  const made = new Map<string, Vertex>();
  const madeOf = ({ id }: Vertex): Vertex => {
    const found = made.get(id);
    if (found === undefined) throw new InternalError("an input comes after what needs it");
    return found;
  };
  for (const node of reachable(target)) {
    const op = node.op.kind === "source" ? await take(node.op, node.platform) : node.op;
    const inputs = node.inputs.map(madeOf);
    const isSame = op === node.op && inputs.every((input, at) => input === node.inputs[at]);
    made.set(node.id, isSame ? node : vertex(op, inputs, node.platform, node.meta));
  }
  return madeOf(target);
}
