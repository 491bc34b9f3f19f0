/** Vertices of the build graph: an op, its inputs and what people see of it. Plain data; the digest is over what decides the result. */
import { type Digest, sha256 } from "../digest.ts";
import { formatPlatform, type Platform } from "../oci/index.ts";
import type { SourceRange } from "../source.ts";
import type { FileAction, Op } from "./ops.ts";

/** Names a vertex: the digest of its op, platform and inputs. */
export type VertexId = Digest;

/** What is shown of a vertex; not part of its digest. */
export interface VertexMeta {
  /** "[build 2/5] RUN npm ci" */
  readonly name: string;
  readonly stage?: string;
  readonly source?: SourceRange;
  /** Never take a result from the cache. */
  readonly ignoreCache: boolean;
  /** Not a step that the user wrote: shown only in detail. */
  readonly internal: boolean;
  /** The same step of the last build has the same slot: what `--explain` compares with. */
  readonly slot: string;
}

/** One node of the graph. Every op of a Dockerfile has one output. */
export interface Vertex {
  readonly id: VertexId;
  readonly op: Op;
  readonly inputs: readonly Vertex[];
  readonly platform: Platform;
  readonly meta: VertexMeta;
}

/** Makes a vertex. */
export function vertex(op: Op, inputs: readonly Vertex[], platform: Platform, meta: VertexMeta): Vertex {
  const id = sha256(JSON.stringify([digestible(op), formatPlatform(platform), meta.ignoreCache, inputs.map((input) => input.id)]));
  return { id, op, inputs, platform, meta };
}

/** The op without what does not decide its result: source ranges, and proxies (rule S32). Keys are in a fixed order. */
function digestible(op: Op): unknown {
  switch (op.kind) {
    case "source":
      return { kind: op.kind, identifier: op.identifier, attrs: Object.entries(op.attrs).toSorted(([a], [b]) => (a < b ? -1 : 1)) };
    case "exec":
      return {
        ...op,
        meta: { ...op.meta, env: op.meta.envKey ?? op.meta.env, envKey: undefined, argNames: undefined, proxyEnv: [] },
        mounts: op.mounts.map(withoutRange),
        secretEnv: op.secretEnv.map(withoutRange),
        devices: op.devices.map(withoutRange),
      };
    case "file":
      return { kind: op.kind, base: op.base, actions: op.actions.map(digestibleAction) };
    case "merge":
      return { kind: op.kind };
    case "diff":
      return { kind: op.kind, lower: op.lower, upper: op.upper };
    default:
      return op satisfies never;
  }
}

/** A file action without its source range. */
export function digestibleAction(action: FileAction): unknown {
  return action.kind === "copy" ? withoutRange(action) : action;
}

function withoutRange<Value extends object>(value: Value): Omit<Value, "range"> {
  const { range: _range, ...rest }: Value & { readonly range?: unknown } = value;
  return rest;
}

/** Every vertex that `targets` need, inputs first, each once. */
export function reachable(...targets: readonly Vertex[]): Vertex[] {
  const seen = new Set<VertexId>();
  const order: Vertex[] = [];
  const stack: { readonly node: Vertex; next: number }[] = targets.toReversed().map((node) => ({ node, next: 0 }));
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    if (top === undefined) break;
    const input = top.node.inputs[top.next];
    if (input !== undefined) {
      top.next += 1;
      if (!seen.has(input.id)) stack.push({ node: input, next: 0 });
      continue;
    }
    stack.pop();
    if (seen.has(top.node.id)) continue;
    seen.add(top.node.id);
    order.push(top.node);
  }
  return order;
}
