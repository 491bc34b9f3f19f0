/** One target on one builder: the graph goes there, its files follow as the builder asks for them, and its layers come back. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PreparedBuild } from "../../build/index.ts";
import { localSources, type Solution } from "../../engine/index.ts";
import { type Emit, eventSource } from "../../events.ts";
import { given } from "../../given.ts";
import { reachable, type Vertex, type VertexId } from "../../graph/index.ts";
import { runStep, planStep } from "../../step.ts";
import { findLayer, type LayerSource, loadTree, type Tree } from "../../tree/index.ts";
import { startProgress } from "../../transfer.ts";
import { InternalError } from "../../errors.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { newReference } from "../serve/reference.ts";
import { Control } from "../wire/methods.ts";
import { builderError } from "./dial.ts";
import { fetchedLayers } from "./fetched-layers.ts";
import { type Lent, lentRouter } from "./lent.ts";
import { imagesOf } from "./lent-accounts.ts";
import { createTokenDesk } from "../../registry/index.ts";
import type { BuilderNode } from "./node.ts";
import { type ReceivedBlobs, receivedBlobs } from "./received-blobs.ts";
import { remoteGraph, type RemoteGraph, remoteVertices, type RemoteGraphOptions } from "./remote-graph.ts";
import { type SentImages, sendImages } from "./sent-images.ts";
import { checkCapabilities } from "./capabilities.ts";
import { failure, type ToldSteps } from "./told-steps.ts";

const CHECKS_PATHS = "file.copy.requiredpaths";

/** What a target came to. */
export interface RanTarget {
  readonly solution: Solution;
  readonly executed: number;
  readonly cached: number;
}

/** The builder went away while it worked. */
export class NodeLost extends Error {
  /** What it was doing, if it had begun. */
  readonly step: Vertex | undefined;

  constructor(address: string, step: Vertex | undefined, cause: unknown) {
    super(`${address} has gone${step === undefined ? "" : ` during ${step.meta.name}`}`, { cause });
    this.name = "NodeLost";
    this.step = step;
  }
}

/** A target as it can be sent to any builder. */
export interface ReadyTarget extends AsyncDisposable {
  readonly build: PreparedBuild;
  readonly target: Vertex;
  readonly folder: string;
  readonly images: SentImages;
}

/** Writes what builders must get from us. Throws as `sendImages`. */
export async function readyTarget(build: PreparedBuild, target: Vertex): Promise<ReadyTarget> {
  const scratch = await build.session.store.scratch();
  try {
    const folder = join(scratch.path, "images");
    await mkdir(folder);
    const images = await sendImages(build, target, folder);
    return { build, target, folder, images, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

/** Throws `BUILDER` where the builder cannot do what the target needs. */
export function checkTarget(node: BuilderNode, ready: ReadyTarget): void {
  const vertices = remoteVertices(ready.target, graphOptions(node, ready, ""));
  checkCapabilities(node, vertices.get(ready.target.id) ?? ready.target);
}

function graphOptions({ facts }: BuilderNode, { build, images }: ReadyTarget, sessionId: string): RemoteGraphOptions {
  const { network, noCache = false } = build.opened.options;
  return {
    sent: images.digestOf,
    sessionId,
    network: network === "default" ? undefined : network,
    noCache,
    checksPaths: facts.capabilities.has(CHECKS_PATHS),
  };
}

/** As with BuildKit's own frontend, an older builder copies what is there, and does not notice what is not. */
function tellUnchecked({ address, facts }: BuilderNode, target: Vertex, emit: Emit): void {
  if (facts.capabilities.has(CHECKS_PATHS)) return;
  const copy = reachable(target).find(
    ({ op }) => op.kind === "file" && op.actions.some((action) => action.kind === "copy" && action.requiredPaths !== undefined),
  );
  if (copy === undefined) return;
  const { name, source } = copy.meta;
  const message = `The BuildKit ${facts.version} of ${address} does not notice when a source of ${name} is missing: it copies the others`;
  emit({ type: "warning", code: "BuilderMissesPaths", message, ...given({ source: source && eventSource(source) }) });
}

/** Runs it. Throws `NodeLost`, `RUN_FAILED`, `COPY_SOURCE_MISSING`, `BUILDER`, and what taking the result throws. */
export async function runTarget(node: BuilderNode, ready: ReadyTarget, steps: ToldSteps): Promise<RanTarget> {
  const { build, target } = ready;
  const { opened, session } = build;
  await using stack = new AsyncDisposableStack();
  const stop = new AbortController();
  stack.defer(() => stop.abort(new GrpcError(CODE.cancelled, "the build is over")));
  const signal = AbortSignal.any([opened.signal, stop.signal]);
  const scratch = stack.use(await session.store.scratch());
  tellUnchecked(node, target, opened.emit);
  const vertex = `fetch ${node.address} ${target.id}`;
  const progress = startProgress(opened.emit, { vertex, id: "layers", action: "fetch" });
  const known = reachable(target).flatMap((one) => ready.images.layersOf(one));
  const here = new Set(known.flatMap(({ diffId, remote }) => [diffId, remote?.descriptor.digest]));
  const received = receivedBlobs(scratch.path, {
    has: (digest) => here.has(digest) || findLayer(session.store, digest) !== undefined,
    onBytes: progress.add,
  });
  let refusal: unknown;
  const lent = lentOf(ready, received, { stack, signal, onFailure: (error) => (refusal ??= error) });
  const sharedKey = opened.folder ?? opened.context.title;
  try {
    const nodeSession = stack.use(await node.openSession(lentRouter(lent), { sharedKey: `decant ${sharedKey}`, signal }));
    const graph = remoteGraph(target, graphOptions(node, ready, nodeSession.id));
    steps.follow(graph.told);
    const solved = await solveThere(node, {
      graph,
      steps,
      sessionId: nodeSession.id,
      epochSec: build.epochSec,
      signal,
    });
    planStep(opened.emit, { vertex, name: `fetching the result of ${node.address}` });
    const layers = await runStep(opened.emit, vertex, opened.signal, () =>
      fetchedLayers({ store: session.store, received, digest: solved.digest, known, nowMs: Date.now(), guard: opened.guard, signal }),
    );
    progress.end();
    return { ...solved, solution: solutionOf(ready, layers) };
  } catch (error) {
    opened.signal.throwIfAborted();
    throw reasonOf(error, node, { steps, refusal });
  }
}

interface Solving {
  readonly graph: RemoteGraph;
  readonly steps: ToldSteps;
  readonly sessionId: string;
  readonly epochSec: number | undefined;
  readonly signal: AbortSignal;
}

async function solveThere(
  node: BuilderNode,
  { graph, steps, sessionId, epochSec, signal }: Solving,
): Promise<{ readonly digest: string; readonly executed: number; readonly cached: number }> {
  const ref = newReference();
  const exporterAttrs = { tar: "false", compression: "uncompressed", "oci-mediatypes": "true" };
  using watching = node.grpc.open(Control.method.status, { signal });
  const watched = (async () => {
    for await (const status of watching.responses) steps.take(status);
  })();
  watched.catch(() => undefined);
  try {
    await watching.send({ ref });
    watching.end();
    const { exporterResponse } = await node.grpc.unary(
      Control.method.solve,
      {
        ref,
        definition: graph.definition,
        session: sessionId,
        // A builder may give what a step makes this time, where it has none of its own.
        frontendAttrs: epochSec === undefined ? {} : { "build-arg:SOURCE_DATE_EPOCH": String(epochSec) },
        cache: {},
        entitlements: [...graph.entitlements],
        exporter: "oci",
        exporterAttrs,
        exporters: [{ type: "oci", attrs: exporterAttrs }],
      },
      { signal },
    );
    // The server ends it after the build; one that does not is no reason to wait.
    await Promise.race([watched.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref())]);
    return { digest: exporterResponse["containerimage.digest"] ?? "", ...(await steps.end()) };
  } catch (error) {
    await Promise.race([watched.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref())]);
    throw error;
  }
}

const LAST_WORDS_MS = 2000;

/** Why a build there failed: the step that did, what we refused to lend, or the builder itself. */
function reasonOf(
  cause: unknown,
  node: BuilderNode,
  { steps, refusal }: { readonly steps: ToldSteps; readonly refusal: unknown },
): unknown {
  const [running] = steps.running();
  if (!(cause instanceof GrpcError)) return cause;
  if (cause.code === CODE.unavailable) return new NodeLost(node.address, running, cause);
  if (refusal !== undefined) return refusal;
  if (steps.failed !== undefined) return failure(steps.failed, steps.failed.message);
  return builderError(node.address, cause.message, { cause });
}

function lentOf(
  { build, folder, target }: ReadyTarget,
  received: ReceivedBlobs,
  {
    stack,
    signal,
    onFailure,
  }: { readonly stack: AsyncDisposableStack; readonly signal: AbortSignal; readonly onFailure: (error: unknown) => void },
): Lent {
  const { opened, session } = build;
  const sources = stack.use(
    localSources(session.store, { ...opened.contexts.folders, context: opened.context.files }, { modes: opened.options.contextModes }),
  );
  const trees = new Map<string, Promise<Tree | undefined>>();
  const open = async (name: string): Promise<Tree | undefined> => {
    if (name !== "context" && !(name in opened.contexts.folders)) return undefined;
    const op = { kind: "source", identifier: `local://${name}`, attrs: {} } as const;
    const result = await sources.resolve(op, build.platform, signal, name);
    return result.kind === "directory" ? result.tree : await loadTree(result.layers, signal);
  };
  const credentials = opened.client?.credentials ?? session.credentials;
  const desk = createTokenDesk({ network: session.network, credentials, env: session.env });
  return {
    access: opened.access,
    accounts: { credentials, desk, images: imagesOf(target), signal },
    tree: (name) => {
      const tree = trees.get(name) ?? open(name);
      trees.set(name, tree);
      return tree;
    },
    images: folder,
    received,
    onFailure,
    signal,
  };
}

/** The layers of the target, and of the vertices that it is made of, one on top of the other. */
function solutionOf({ target, images }: ReadyTarget, layers: readonly LayerSource[]): Solution {
  const found = new Map<VertexId, readonly LayerSource[]>();
  const note = (vertex: Vertex, own: readonly LayerSource[]): void => {
    found.set(vertex.id, own);
    const below = baseOf(vertex);
    if (below !== undefined) note(below, own.slice(0, -1));
    else if (vertex.op.kind === "merge") {
      let rest = own;
      for (const input of vertex.inputs.toReversed()) {
        const count = layerCount(input, images);
        note(input, rest.slice(rest.length - count));
        rest = rest.slice(0, rest.length - count);
      }
    }
  };
  note(target, layers);
  return { layers, layersOf: (id) => found.get(id), materials: images.materials, read: [] };
}

/** The vertex that an op puts its one layer on; undefined for one that starts from nothing. */
function baseOf({ op, inputs }: Vertex): Vertex | undefined {
  if (op.kind === "file") return op.base < 0 ? undefined : inputs[op.base];
  if (op.kind !== "exec") return undefined;
  const root = op.mounts.find(({ dest }) => dest === "/");
  return root?.type === "bind" && root.input >= 0 ? inputs[root.input] : undefined;
}

function layerCount(vertex: Vertex, images: SentImages): number {
  const below = baseOf(vertex);
  switch (vertex.op.kind) {
    case "source":
      return images.layersOf(vertex).length;
    case "diff":
      throw new InternalError("no Dockerfile has a difference of trees");
    case "merge":
      return vertex.inputs.reduce((sum, input) => sum + layerCount(input, images), 0);
    case "exec":
    case "file":
      return 1 + (below === undefined ? 0 : layerCount(below, images));
    default:
      return vertex.op satisfies never;
  }
}
