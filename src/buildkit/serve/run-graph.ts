/** Runs a graph of a client (LLB) as it is, without a Dockerfile: its sources, its steps, and its files as an image without a configuration. */
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { buildDevices, checkDevices, type ClientAccess, keepEvents, openCaches, secretsOfSteps, writeOutput } from "../../build/index.ts";
import { createSandbox, type Sandbox, solve, sweepSandboxes } from "../../engine/index.ts";
import { InternalError, isDecantError } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import { given } from "../../given.ts";
import { reachable, type Vertex } from "../../graph/index.ts";
import type { BuiltImage } from "../../image/index.ts";
import { hostPlatform } from "../../oci/index.ts";
import type { Store } from "../../store/index.ts";
import { fromDefinition } from "../llb/from-llb.ts";
import { withSources } from "../llb/with-sources.ts";
import { withWholeFolders } from "../llb/whole-folders.ts";
import { type SolveRequest, type SolveResponse, SolveResponseSchema } from "../wire/control_pb.ts";
import type { Definition } from "../wire/llb_pb.ts";
import { readCaches } from "./client-caches.ts";
import type { ClientGraph } from "./client-result.ts";
import { askedOf, checkSteps } from "./entitlements.ts";
import { notServed } from "./errors.ts";
import { graphSources } from "./graph-sources.ts";
import { type Job, sessionOf } from "./jobs.ts";
import { exporterResponse, readOutputs, sendOutput } from "./outputs.ts";
import { remember } from "./run-client-build.ts";
import type { Connection, Service } from "./service.ts";

/** Reads it. Throws `USAGE` and `UNSUPPORTED` for a graph that is none of ours, and `GrpcError` for what the server does not grant. */
export function openGraph(connection: Connection, job: Job, definition: Definition, access: ClientAccess): ClientGraph {
  const target = withWholeFolders(fromDefinition(definition, hostPlatform({ arch: process.arch })));
  checkSources(target);
  checkSteps(target, askedOf(connection.service, job.request));
  let solved: ReturnType<ClientGraph["solved"]> | undefined;
  const told = keepEvents(job.status.emit);
  told.hide(job.secrets);
  return { definition, title: target.meta.name, told, solved: () => (solved ??= solveTarget(connection, job, target, access, told.emit)) };
}

/** Runs it for the outputs of the job. Throws as `solve`, and `GrpcError`. */
export async function runGraph({ service }: Connection, job: Job, graph: ClientGraph): Promise<SolveResponse> {
  const { history } = service.store;
  const { ref, request, signal } = job;
  if (request.internal) {
    try {
      return await performGraph(service, job, graph);
    } finally {
      // The logs of its steps.
      history.remove(ref);
    }
  }
  history.begin(graph.title, ref);
  const keep = (response: Readonly<Record<string, string>>): void => {
    graph.told.keep(history, ref);
    remember(service, job, { response, provenances: [] });
  };
  try {
    const response = await performGraph(service, job, graph);
    keep(response.exporterResponse);
    history.finish(ref, "done");
    return response;
  } catch (error) {
    const message = job.hide(error instanceof Error ? error.message : String(error));
    try {
      keep({});
      history.finish(ref, signal.aborted ? "cancelled" : "failed", message);
    } catch (unwritten) {
      // A disk that is full is why the build failed.
      if (!isDecantError(unwritten, "STORE_FULL")) throw unwritten;
    }
    throw error;
  }
}

async function performGraph(service: Service, job: Job, graph: ClientGraph): Promise<SolveResponse> {
  const { request, signal, stack } = job;
  const outputs = await readOutputs(request.exporters, { readers: service.readers, store: service.store, stack });
  const { session, image, writeCaches } = await graph.solved();
  const { emit } = graph.told;
  const results = [];
  for (const [index, output] of outputs.entries()) {
    const run = { index, session, stdout: undefined, cwd: "/", emit, signal };
    const written = await writeOutput(() => Promise.resolve([image]), output.spec, run);
    results.push(written);
    if (output.sent !== undefined) await sendOutput(output, written, { session: sessionOf(job), emit, signal, isSeveral: false });
  }
  return create(SolveResponseSchema, { exporterResponse: { ...exporterResponse(results), ...(await writeCaches()) } });
}

/** A folder with the files of a graph. */
export async function graphFolder({ service }: Connection, { status, signal, stack }: Job, graph: ClientGraph): Promise<string> {
  const { session, image } = await graph.solved();
  const dest = join(stack.use(await service.store.scratch()).path, "files");
  const run = { index: 0, session, stdout: undefined, cwd: "/", emit: status.emit, signal };
  await writeOutput(() => Promise.resolve([image]), { type: "local", dest, mode: "copy" }, run);
  return dest;
}

async function solveTarget(
  connection: Connection,
  job: Job,
  target: Vertex,
  access: ClientAccess,
  emit: Emit,
): ReturnType<ClientGraph["solved"]> {
  const { service } = connection;
  const { request, signal, stack } = job;
  const { session, providers } = await graphSources(connection, job, access);
  let sandbox: Promise<Sandbox> | undefined;
  const nowMs = Date.now();
  const taken = await withSources(target, async (op, platform) => {
    const ruled = job.policy?.apply(op) ?? op;
    return (await access.checkSource?.(ruled, platform)) ?? ruled;
  });
  checkSources(taken);
  for (const id of secretsOfSteps([target])) await access.secret(id, signal);
  const devices = buildDevices({ allow: askedOf(service, request) }, { cwd: "/", emit });
  await checkDevices(target, devices);
  const own = await readCaches(job, { readers: service.readers, store: service.store });
  const options = { cacheFrom: own.from, cacheTo: own.to };
  const opened = { options, cwd: "/", emit, signal, session: () => Promise.resolve(session), guard: job.secrets };
  const caches = await openCaches(opened, [target.platform]);
  const { solutions } = await solve(
    [taken],
    {
      store: session.store,
      ...given({ shared: caches.shared }),
      emit,
      providers,
      sandbox: () => (sandbox ??= startSandbox(session.store, service.env, stack)),
      defaultNetwork: "default",
      secret: access.secret,
      sshAgent: access.sshAgent,
      guard: job.secrets,
      devices,
      warn: (code, message) => emit({ type: "warning", code, message }),
      noCache: false,
      explain: false,
      expectCached: false,
      buildId: job.ref,
      ...given({ epochSec: epochOf(request) }),
    },
    signal,
  );
  const [solution] = solutions;
  if (solution === undefined) throw new InternalError("a graph without a solution");
  const { layers } = solution;
  const created = new Date(nowMs).toISOString();
  const image: BuiltImage = {
    platform: target.platform,
    config: {},
    history: layers.map((layer) => ({ created: layer.created ?? created, comment: "buildkit.exporter.image.v0" })),
    layers,
    created,
    ...given({ inlineCache: caches.inline({ solution }) }),
  };
  return {
    session,
    image,
    async writeCaches() {
      await caches.check();
      await caches.write([{ solution }]);
      return await own.send();
    },
  };
}

/** SOURCE_DATE_EPOCH, as frontends get it. */
function epochOf({ frontendAttrs }: SolveRequest): number | undefined {
  const text = frontendAttrs["build-arg:SOURCE_DATE_EPOCH"] ?? "";
  return /^\d{1,11}$/.test(text) ? Number(text) : undefined;
}

const SOURCES = /^(?:docker-image(?:\+blob)?|oci-layout(?:\+blob)?|local|https?|git):\/\//;

function checkSources(target: Vertex): void {
  for (const { op } of reachable(target))
    if (op.kind === "source" && !SOURCES.test(op.identifier))
      throw notServed(
        `The source "${op.identifier}" of a build graph (LLB)`,
        "Sources are docker-image, oci-layout, blobs of both, local, http, https and git",
      );
}

async function startSandbox(
  store: Store,
  env: Readonly<Record<string, string | undefined>>,
  stack: AsyncDisposableStack,
): Promise<Sandbox> {
  const stateDir = join(store.root, "sandbox");
  await sweepSandboxes(stateDir);
  return stack.use(createSandbox({ stateDir, store, runtime: "auto", env }));
}
