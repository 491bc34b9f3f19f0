/** Builds of clients: opened when the client has them converted, run when it returns them. */
import { create } from "@bufbuild/protobuf";
import { type ClientAccess, takenSource } from "../../build/index.ts";
import { gitSourceOp, parseGitUrl, type SourceOp } from "../../graph/index.ts";
import { formatPlatform, hostPlatform } from "../../oci/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { checkPolicy } from "../session/ask-policy.ts";
import { agentOf, credentialsOf, secretOf } from "../session/ask-client.ts";
import { CacheOptionsSchema, ExporterSchema, type SolveRequest, type SolveResponse, SolveResponseSchema } from "../wire/control_pb.ts";
import { DefinitionSchema } from "../wire/llb_pb.ts";
import type { BridgeSolveRequest } from "../wire/gateway_pb.ts";
import { type ClientBuild, openClientBuild } from "./client-build.ts";
import type { ClientSession } from "./client-sessions.ts";
import { createSecretGuard } from "../../secrets/index.ts";
import { askedOf } from "./entitlements.ts";
import { notServed, toGrpc } from "./errors.ts";
import type { ClientGraph, ClientResult } from "./client-result.ts";
import { allPolicies, fixedPolicy } from "./fixed-policy.ts";
import { inputLayout } from "./inputs.ts";
import { type Job, sessionOf } from "./jobs.ts";
import { runClientBuild } from "./run-client-build.ts";
import { graphFolder, openGraph, runGraph } from "./run-graph.ts";
import type { Connection, Service } from "./service.ts";

/** What is asked of the frontend, by the control call or by the bridge. */
type FrontendRequest = Pick<BridgeSolveRequest, "frontend" | "frontendInputs" | "definition"> & {
  readonly attributes: Readonly<Record<string, string>>;
};

/** Answers Control/Solve: lasts as long as the build. */
export async function solve(connection: Connection, asked: SolveRequest, callSignal: AbortSignal): Promise<SolveResponse> {
  const request = withExporters(asked);
  const { service } = connection;
  await using stack = new AsyncDisposableStack();
  const session = request.session === "" ? undefined : await service.sessions.get(request.session, callSignal);
  const lost = session === undefined ? [] : [session.signal];
  const signal = AbortSignal.any([callSignal, service.signal, ...lost]);
  const policy = await fixedPolicy(request.sourcePolicy);
  const job = service.jobs.begin({ ref: request.ref, request, session, signal, stack, policy, secrets: createSecretGuard([]) });
  await using _held = connection.hold();
  try {
    refuseFields(request);
    askedOf(service, request);
    const response = await frontendBuild(connection, job);
    job.end();
    return response;
  } catch (error) {
    // A client that has gone away is the reason, whatever failed because of it.
    const cause = signal.aborted ? (signal.reason as Error) : error;
    const told = toGrpc(cause, job.hide);
    job.end(told);
    throw told;
  }
}

/** What the server cannot do is refused, and never left out in silence. */
function refuseFields(request: SolveRequest): void {
  if (request.enableSessionExporter) throw notServed("An exporter of the client (EnableSessionExporter)");
  if (request.proxyNetwork) throw notServed("A network behind a proxy (--proxy-network)");
}

/** Older clients name their only output in fields of its own. */
function withExporters(request: SolveRequest): SolveRequest {
  const { exporter, exporterAttrs, exporters } = request;
  if (exporter === "" || exporters.length > 0) return request;
  return { ...request, exporters: [create(ExporterSchema, { type: exporter, attrs: exporterAttrs })] };
}

/** An open build with what a request on it adds: source policies, and caches to read. Throws `SOURCE_POLICY`, `UNSUPPORTED`. */
export async function askedJob(job: Job, { frontend, sourcePolicies, cacheImports }: BridgeSolveRequest): Promise<Job> {
  if (sourcePolicies.length === 0 && cacheImports.length === 0) return job;
  if (frontend !== "" && cacheImports.length > 0)
    throw notServed("A cache of a frontend's own request (CacheImports)", 'Name it in the attribute "cache-imports"');
  const { request } = job;
  const imports = [...cacheImports, ...(request.cache?.imports ?? [])];
  const cache = create(CacheOptionsSchema, { exports: request.cache?.exports ?? [], imports });
  const policies = [];
  for (const one of sourcePolicies) policies.push(await fixedPolicy(one));
  const policy = allPolicies([...policies, job.policy]);
  return { ...job, policy, request: { ...request, cache } };
}

async function frontendBuild(connection: Connection, job: Job): Promise<SolveResponse> {
  const result = await resultOf(connection, job);
  if (result === undefined) return create(SolveResponseSchema);
  return "definition" in result ? await runGraph(connection, job, result) : await runClientBuild(connection.service, job, result);
}

async function resultOf(connection: Connection, job: Job): Promise<ClientResult | undefined> {
  const { request, returned, signal } = job;
  const { frontend, definition, frontendAttrs: attributes, frontendInputs } = request;
  if (frontend !== "" || (definition?.def.length ?? 0) > 0)
    return await openResult(connection, job, { frontend, definition, attributes, frontendInputs });
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  const stop = (): void => gone.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const told = await Promise.race([returned.promise, gone.promise]);
  signal.removeEventListener("abort", stop);
  if ("error" in told) throw told.error;
  return told.result;
}

/** Reads what a client wants built, and fetches what it needs. Nothing runs yet. Errors are as the client is told of them. */
export async function openResult(connection: Connection, job: Job, request: FrontendRequest): Promise<ClientResult> {
  const { frontend, attributes, definition } = request;
  if (frontend !== "" && (definition?.def.length ?? 0) > 0)
    throw new GrpcError(CODE.invalid, "a build of both a graph and a frontend cannot be solved");
  if (frontend !== "") return await openBuildOf(connection, job, request);
  return openGraph(connection, job, definition ?? create(DefinitionSchema), accessOf(connection.service, job, sessionOf(job), attributes));
}

async function openBuildOf(connection: Connection, job: Job, request: FrontendRequest): Promise<ClientBuild> {
  const { frontend, attributes, frontendInputs } = request;
  if (frontend !== "dockerfile.v0") throw notServed(`The frontend "${frontend}"`, "Only dockerfile.v0 is built in");
  const { service } = connection;
  const session = sessionOf(job);
  const access = accessOf(service, job, session, attributes);
  const remote = remoteContext(attributes);
  if (remote !== undefined && access.checkSource !== undefined)
    await takenSource(access.checkSource, remote, hostPlatform({ arch: process.arch }));
  const graphOf = (name: string): ClientGraph => openGraph(connection, job, frontendInputs[name] ?? create(DefinitionSchema), access);
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(attributes)) {
    const [, local] = /^local-sessionid:(.+)$/.exec(name) ?? [];
    if (local !== undefined) own.set(local, value);
  }
  const build = await openClientBuild({
    attributes,
    session,
    readers: service.readers,
    env: service.env,
    root: service.store.root,
    allow: askedOf(service, job.request),
    access,
    looksOnly: attributes["requestid"] !== undefined,
    inputs: (name) => inputLayout(connection, job, frontendInputs[name], () => graphOf(name)),
    inputFolder: async (name) => (frontendInputs[name] === undefined ? undefined : await graphFolder(connection, job, graphOf(name))),
    fetching: {
      store: service.store,
      owner: connection.owner,
      emit: job.status.emit,
      signal: job.signal,
      stack: connection.stack(),
      fetched: connection.fetched,
      sessionOf: async (name) => {
        const id = own.get(name);
        return id === undefined ? session : await service.sessions.get(id, job.signal);
      },
    },
  });
  if (build.dockerfile !== undefined) job.status.setSource(build.dockerfile.name, build.dockerfile.bytes);
  return build;
}

function accessOf(service: Service, job: Job, session: ClientSession, attributes: Readonly<Record<string, string>>): ClientAccess {
  return {
    async secret(id, signal) {
      const value = await secretOf(session, id, signal);
      if (value !== undefined) job.secrets.learn(`secret "${id}"`, value);
      return value;
    },
    sshAgent: (id) => agentOf(session, id, job.signal),
    credentials: (registry) => credentialsOf(session, registry),
    policy: job.policy,
    ...(job.request.sourcePolicySession === "" ? {} : { checkSource: policyOf(service, job) }),
    build: { id: job.ref, title: titleOf(attributes) },
  };
}

/** The client may have a session of its own for its policy. Each source is asked about once. */
function policyOf({ sessions }: Service, job: Job): NonNullable<ClientAccess["checkSource"]> {
  const asked = new Map<string, Promise<SourceOp>>();
  return async (op, platform) => {
    const check = async (): Promise<SourceOp> => {
      const { client, signal } = await sessions.get(job.request.sourcePolicySession, job.signal);
      return await checkPolicy({ client, signal: AbortSignal.any([signal, job.signal]) }, op, platform);
    };
    const key = JSON.stringify([op.identifier, op.attrs, formatPlatform(platform)]);
    const answer = asked.get(key) ?? check();
    asked.set(key, answer);
    return await answer;
  };
}

/** The context of a build that is no folder of the client. */
function remoteContext({ context = "" }: Readonly<Record<string, string>>): SourceOp | undefined {
  const git = parseGitUrl(context, { asContext: true });
  if (git !== undefined) return gitSourceOp(git);
  return /^https?:\/\/(?!buildkit-session\/)/.test(context) ? { kind: "source", identifier: context, attrs: {} } : undefined;
}

function titleOf(attributes: Readonly<Record<string, string>>): string {
  const place =
    attributes["context"] ?? attributes["input:context"] ?? attributes["vcs:localdir:context"] ?? attributes["filename"] ?? "Dockerfile";
  const target = attributes["target"];
  return target === undefined || target === "" ? place : `${place} (${target})`;
}
