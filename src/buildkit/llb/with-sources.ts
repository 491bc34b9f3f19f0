/** Graphs of clients whose sources a policy has converted. */
import { reachable, type SourceOp, type Vertex } from "../../graph/index.ts";
import type { Platform } from "../../oci/index.ts";
import { createGraphCopy } from "./graph-copy.ts";

/** The same graph with what `take` gives for each source. Rejects as `take`. */
export async function withSources(target: Vertex, take: (op: SourceOp, platform: Platform) => Promise<SourceOp>): Promise<Vertex> {
  const made = createGraphCopy();
  for (const node of reachable(target)) {
    const op = node.op.kind === "source" ? await take(node.op, node.platform) : node.op;
    made.add(node, op, node.inputs.map(made.of));
  }
  return made.of(target);
}
