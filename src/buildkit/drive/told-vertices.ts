/** Which vertex of ours a builder means: by the digest of its op, or, as builders rewrite ops, by its name and those of all that it is made of. Pure. */
import { sha256 } from "../../digest.ts";
import { reachable, type Vertex, type VertexId } from "../../graph/index.ts";

/** A vertex as a builder tells it. */
interface ToldVertex {
  readonly digest: string;
  readonly name: string;
  readonly inputs: readonly string[];
}

/** Learns from all that is told. */
export interface ToldVertices {
  learn(told: ToldVertex): void;
  /** Undefined for work of the builder's own. */
  find(digest: string): Vertex | undefined;
}

/** `sent`: the graph as the builder has it, with ours by its ids; `vertexOf`: ours by the digests of its ops. */
export function toldVertices(
  sent: Vertex,
  { ours, vertexOf }: { readonly ours: ReadonlyMap<VertexId, Vertex>; readonly vertexOf: ReadonlyMap<string, Vertex> },
): ToldVertices {
  const bySignature = new Map<string, Vertex>();
  const signatures = new Map<VertexId, string>();
  for (const vertex of reachable(sent)) {
    const signature = signatureOf(
      vertex.meta.name,
      vertex.inputs.map(({ id }) => signatures.get(id) ?? ""),
    );
    signatures.set(vertex.id, signature);
    const own = ours.get(vertex.id);
    if (own !== undefined && !bySignature.has(signature)) bySignature.set(signature, own);
  }
  const byName = new Map<string, Vertex | undefined>();
  // For builders that do not tell inputs: a name that only one vertex has.
  for (const vertex of ours.values()) byName.set(vertex.meta.name, byName.has(vertex.meta.name) ? undefined : vertex);
  const told = new Map<string, ToldVertex>();
  const known = new Map<string, string>();
  const signed = (digest: string): string => {
    const before = known.get(digest);
    const vertex = told.get(digest);
    if (before !== undefined || vertex === undefined) return before ?? "";
    // Against circles of a liar.
    known.set(digest, "");
    const signature = signatureOf(vertex.name, vertex.inputs.map(signed));
    known.set(digest, signature);
    return signature;
  };
  return {
    learn(vertex) {
      // Only the first record of a vertex has its inputs.
      if (!told.has(vertex.digest)) told.set(vertex.digest, vertex);
    },
    find: (digest) => vertexOf.get(digest) ?? bySignature.get(signed(digest)) ?? byName.get(told.get(digest)?.name ?? ""),
  };
}

function signatureOf(name: string, inputs: readonly string[]): string {
  return sha256(JSON.stringify([name, inputs]));
}
