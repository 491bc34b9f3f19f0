/** Our graph for a builder elsewhere: what only this machine has goes by the session, and steps know the network that the user wants. Pure. */
import { type Digest, sha256 } from "../../digest.ts";
import { type ExecOp, type FileAction, type Op, reachable, type SourceOp, type Vertex, vertex, type VertexId } from "../../graph/index.ts";
import { toDefinition } from "../llb/to-llb.ts";
import { type ToldVertices, toldVertices } from "./told-vertices.ts";
import type { Definition } from "../wire/llb_pb.ts";

/** What the graph is made for. */
export interface RemoteGraphOptions {
  /** Images of this machine, by identifier and platform of their source: the manifest that stands for them in our content store. */
  readonly sent: (op: SourceOp, platform: Vertex["platform"]) => Digest | undefined;
  /** Of the session that has them. */
  readonly sessionId: string;
  /** Of steps that say nothing. Default: the builder's own. */
  readonly network?: "host" | "none" | undefined;
  readonly noCache: boolean;
  /** The builder checks that sources of COPY --parents are there. */
  readonly checksPaths: boolean;
}

/** The graph as it is sent. */
export interface RemoteGraph {
  readonly definition: Definition;
  /** Vertices of ours by what the builder tells. */
  readonly told: ToldVertices;
  /** What its steps must be allowed: "network.host", "security.insecure", "device=…". */
  readonly entitlements: readonly string[];
}

/** The name of our content store in sessions. */
export const STORE_NAME = "decant";

/** The vertices of a graph as they are sent, by the id of ours. */
export function remoteVertices(target: Vertex, options: RemoteGraphOptions): ReadonlyMap<VertexId, Vertex> {
  const made = new Map<VertexId, Vertex>();
  for (const ours of reachable(target)) {
    const inputs = ours.inputs.flatMap(({ id }) => made.get(id) ?? []);
    const meta = options.noCache ? { ...ours.meta, ignoreCache: true } : ours.meta;
    made.set(ours.id, vertex(remoteOp(ours, options), inputs, ours.platform, meta));
  }
  return made;
}

/** Makes it. Vertices that become equal are one for the builder. */
export function remoteGraph(target: Vertex, options: RemoteGraphOptions): RemoteGraph {
  const made = remoteVertices(target, options);
  const end = made.get(target.id) ?? target;
  const definition = toDefinition(end, { numericModes: true });
  const digests = new Map(reachable(end).map(({ id }, at) => [id, sha256(definition.def[at] ?? new Uint8Array())]));
  const vertexOf = new Map<string, Vertex>();
  const ours = new Map<VertexId, Vertex>();
  for (const vertex of reachable(target)) {
    const id = made.get(vertex.id)?.id ?? vertex.id;
    ours.set(id, vertex);
    vertexOf.set(digests.get(id) ?? "", vertex);
  }
  return { definition, told: toldVertices(end, { ours, vertexOf }), entitlements: entitlementsOf(reachable(end)) };
}

function remoteOp({ op, platform }: Vertex, options: RemoteGraphOptions): Op {
  switch (op.kind) {
    case "source":
      return remoteSource(op, platform, options);
    case "exec":
      return { ...op, network: op.network === "sandbox" ? (options.network ?? "sandbox") : op.network };
    case "file":
      return options.checksPaths ? op : { ...op, actions: op.actions.map(withoutRequired) };
    case "merge":
    case "diff":
      return op;
    default:
      return op satisfies never;
  }
}

function withoutRequired(action: FileAction): FileAction {
  if (action.kind !== "copy") return action;
  const { requiredPaths: _paths, ...rest } = action;
  return rest;
}

function remoteSource(op: SourceOp, platform: Vertex["platform"], { sent, sessionId }: RemoteGraphOptions): SourceOp {
  const [scheme = ""] = op.identifier.split(":");
  switch (scheme) {
    case "docker-image": {
      const digest = sent(op, platform);
      if (digest === undefined) return op;
      const attrs = { "oci.store": STORE_NAME, "oci.session": sessionId };
      return { ...op, identifier: `oci-layout://${STORE_NAME}/base@${digest}`, attrs };
    }
    case "local":
      // The session says whose folder it is: a builder takes equal ops of builds at the same time for one. The hint says which files it keeps for the next build.
      return { ...op, attrs: { ...op.attrs, "local.session": sessionId, "local.sharedkeyhint": op.identifier.slice("local://".length) } };
    case "git":
      return { ...op, attrs: { "git.authtokensecret": "GIT_AUTH_TOKEN", "git.authheadersecret": "GIT_AUTH_HEADER", ...op.attrs } };
    default:
      return op;
  }
}

function entitlementsOf(order: readonly Vertex[]): string[] {
  const execs = order.flatMap(({ op }) => (op.kind === "exec" ? [op] : []));
  const wanted = (test: (op: ExecOp) => boolean, name: string): string[] => (execs.some(test) ? [name] : []);
  return [
    ...wanted(({ network }) => network === "host", "network.host"),
    ...wanted(({ security }) => security === "insecure", "security.insecure"),
    ...new Set(execs.flatMap(({ devices }) => devices.map(({ name }) => `device=${name}`))),
  ];
}
