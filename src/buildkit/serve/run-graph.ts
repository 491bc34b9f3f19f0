/** Runs a graph of a client (LLB) as it is, without a Dockerfile: its sources, its steps, and its files as an image without a configuration. */
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type ClientAccess, writeOutput } from "../../build/index.ts";
import { CDI_FOLDERS, createSandbox, openDevices, type Sandbox, solve, sweepSandboxes } from "../../engine/index.ts";
import { given } from "../../given.ts";
import { reachable, type Vertex } from "../../graph/index.ts";
import type { BuiltImage } from "../../image/index.ts";
import { hostPlatform } from "../../oci/index.ts";
import type { Store } from "../../store/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { fromDefinition } from "../llb/from-llb.ts";
import { type SolveRequest, type SolveResponse, SolveResponseSchema } from "../wire/control_pb.ts";
import { DefinitionSchema } from "../wire/llb_pb.ts";
import { notServed } from "./errors.ts";
import { graphSources } from "./graph-sources.ts";
import { type Job, sessionOf } from "./jobs.ts";
import { exporterResponse, readOutputs, sendOutput } from "./outputs.ts";
import type { Connection } from "./service.ts";

/** Does the client send a graph, and no name of a frontend? */
export function isGraph({ frontend, definition }: SolveRequest): boolean {
  return frontend === "" && (definition?.def.length ?? 0) > 0;
}

/** Runs it. Throws `USAGE` and `UNSUPPORTED` for a graph that is none of ours, as `solve`, and `GrpcError`. */
export async function runGraph(connection: Connection, job: Job, access: ClientAccess): Promise<SolveResponse> {
  const { service } = connection;
  const { request, status, signal, stack } = job;
  const { readers } = service;
  const { exports = [], imports = [] } = request.cache ?? {};
  if (exports.length + imports.length > 0) throw notServed("A cache of the client for a build graph (LLB)");
  const platform = hostPlatform({ arch: process.arch });
  const target = fromDefinition(request.definition ?? create(DefinitionSchema), platform);
  checkEntitlements(connection, request, target);
  const { session, providers } = await graphSources(connection, job, access);
  const outputs = await readOutputs(request.exporters, { readers, store: session.store, stack });
  let sandbox: Promise<Sandbox> | undefined;
  const { emit } = status;
  const nowMs = Date.now();
  const { solutions } = await solve(
    [target],
    {
      store: session.store,
      emit,
      providers,
      sandbox: () => (sandbox ??= startSandbox(session.store, service.env, stack)),
      defaultNetwork: "host",
      secret: access.secret,
      sshAgent: access.sshAgent,
      devices: openDevices({
        folders: CDI_FOLDERS,
        allowance: { all: service.allow.includes("device"), names: [], aliases: new Map() },
        warn: (code, message) => emit({ type: "warning", code, message }),
      }),
      warn: (code, message) => emit({ type: "warning", code, message }),
      noCache: false,
      explain: false,
      expectCached: false,
      buildId: job.ref,
      ...given({ epochSec: epochOf(request) }),
    },
    signal,
  );
  const layers = solutions[0]?.layers ?? [];
  const created = new Date(nowMs).toISOString();
  const image: BuiltImage = {
    platform: target.platform,
    config: {},
    history: layers.map((layer) => ({ created: layer.created ?? created, comment: "buildkit.exporter.image.v0" })),
    layers,
    created,
  };
  const results = [];
  for (const [index, output] of outputs.entries()) {
    const run = { index, session, stdout: undefined, cwd: "/", emit, signal };
    const written = await writeOutput(() => Promise.resolve([image]), output.spec, run);
    results.push(written);
    if (output.sent !== undefined) await sendOutput(output, written, { session: sessionOf(job), emit, signal, isSeveral: false });
  }
  return create(SolveResponseSchema, { exporterResponse: exporterResponse(results) });
}

/** SOURCE_DATE_EPOCH, as frontends get it. */
function epochOf({ frontendAttrs }: SolveRequest): number | undefined {
  const text = frontendAttrs["build-arg:SOURCE_DATE_EPOCH"] ?? "";
  return /^\d{1,11}$/.test(text) ? Number(text) : undefined;
}

/** What gives steps more of the machine, the client must ask for, and the server grant. */
function checkEntitlements({ service }: Connection, { entitlements }: SolveRequest, target: Vertex): void {
  for (const { op } of reachable(target)) {
    if (op.kind !== "exec") continue;
    const wanted = op.devices.length > 0 ? "device" : op.security === "insecure" ? "security.insecure" : undefined;
    if (wanted === undefined) continue;
    const isAsked = entitlements.some((name) => name === wanted || name.startsWith(`${wanted}=`));
    if (!isAsked || !service.allow.includes(wanted)) throw new GrpcError(CODE.denied, `entitlement ${wanted} is not allowed`);
  }
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
