/** Builds of clients: opened when the client has them converted, run when it returns them. */
import { create } from "@bufbuild/protobuf";
import { type ClientAccess, runBuild } from "../../build/index.ts";
import { InternalError } from "../../errors.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { agentOf, credentialsOf, secretOf } from "../session/ask-client.ts";
import { type SolveRequest, type SolveResponse, SolveResponseSchema } from "../wire/control_pb.ts";
import type { BridgeSolveRequest } from "../wire/gateway_pb.ts";
import { flagOf } from "./attributes.ts";
import { cacheSources } from "./build-options.ts";
import { type ClientBuild, openClientBuild } from "./client-build.ts";
import type { ClientSession } from "./client-sessions.ts";
import { notServed } from "./errors.ts";
import { keepRequest, type KeptRequest } from "./history.ts";
import { inputLayout } from "./inputs.ts";
import type { Job } from "./jobs.ts";
import { exporterResponse, readOutputs, sendOutput } from "./outputs.ts";
import type { Connection } from "./service.ts";

/** What is asked of the frontend, by the control call or by the bridge. */
export type FrontendRequest = Pick<BridgeSolveRequest, "frontend" | "frontendInputs" | "definition"> & {
  readonly attributes: Readonly<Record<string, string>>;
};

/** Answers Control/Solve: lasts as long as the build. */
export async function solve(connection: Connection, request: SolveRequest, callSignal: AbortSignal): Promise<SolveResponse> {
  const { service } = connection;
  await using stack = new AsyncDisposableStack();
  refuseFields(request);
  const session = request.session === "" ? undefined : await service.sessions.get(request.session, callSignal);
  const lost = session === undefined ? [] : [session.signal];
  const signal = AbortSignal.any([callSignal, service.signal, ...lost]);
  const job = service.jobs.begin({ ref: request.ref, request, session, signal, stack });
  try {
    const build = await buildOf(connection, job);
    return build === undefined ? create(SolveResponseSchema) : await runClientBuild(connection, job, build);
  } catch (error) {
    // A client that has gone away is the reason, whatever failed because of it.
    throw signal.aborted ? (signal.reason as Error) : error;
  } finally {
    job.end();
  }
}

/** What the server cannot do is refused, and never left out in silence. */
function refuseFields(request: SolveRequest): void {
  if (request.enableSessionExporter) throw notServed("An exporter of the client (EnableSessionExporter)");
  if (request.proxyNetwork) throw notServed("A network behind a proxy (--proxy-network)");
  if (request.sourcePolicy !== undefined && request.sourcePolicy.rules.length > 0) throw notServed("A source policy");
  if (request.sourcePolicySession !== "") throw notServed("A policy of the client (--policy)");
}

async function buildOf(connection: Connection, job: Job): Promise<ClientBuild | undefined> {
  const { request, returned, signal } = job;
  const { frontend, definition, frontendAttrs: attributes, frontendInputs } = request;
  if (frontend !== "" || (definition?.def.length ?? 0) > 0)
    return await openBuildOf(connection, job, { frontend, definition, attributes, frontendInputs });
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => undefined);
  const stop = (): void => gone.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const told = await Promise.race([returned.promise, gone.promise]);
  signal.removeEventListener("abort", stop);
  if ("error" in told) throw told.error;
  return told.build;
}

/** Reads what a client wants built, and fetches what it needs. Nothing runs yet. */
export async function openBuildOf(connection: Connection, job: Job, request: FrontendRequest): Promise<ClientBuild> {
  const { frontend, attributes, definition, frontendInputs } = request;
  if ((definition?.def.length ?? 0) > 0) throw notServed("A build graph (LLB) of the client", "Send a Dockerfile");
  if (frontend !== "dockerfile.v0") throw notServed(`The frontend "${frontend}"`, "Only dockerfile.v0 is built in");
  const { service } = connection;
  const session = sessionOf(job);
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
    access: accessOf(job, session, attributes),
    looksOnly: attributes["requestid"] !== undefined,
    inputs: (name) => inputLayout(connection, job, frontendInputs[name]),
    fetching: {
      store: service.store,
      owner: connection.owner,
      emit: job.status.emit,
      signal: job.signal,
      stack: connection.stack,
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

function sessionOf({ session }: Job): ClientSession {
  if (session === undefined) throw new GrpcError(CODE.precondition, "a build needs a session of its client");
  return session;
}

function accessOf(job: Job, session: ClientSession, attributes: Readonly<Record<string, string>>): ClientAccess {
  return {
    secret: (id, signal) => secretOf(session, id, signal),
    sshAgent: (id) => agentOf(session, id, job.signal),
    credentials: async (registry) => {
      const found = await credentialsOf(session, registry);
      if (found === undefined) return undefined;
      const { username, secret } = found;
      // As docker has it: without a user it is a token.
      return username === "" ? { kind: "identity-token", token: secret } : { kind: "password", username, password: secret };
    },
    build: { id: job.ref, title: titleOf(attributes) },
  };
}

function titleOf(attributes: Readonly<Record<string, string>>): string {
  const place = attributes["context"] ?? attributes["vcs:localdir:context"] ?? attributes["filename"] ?? "Dockerfile";
  const target = attributes["target"];
  return target === undefined || target === "" ? place : `${place} (${target})`;
}

async function runClientBuild(connection: Connection, job: Job, build: ClientBuild): Promise<SolveResponse> {
  const { service } = connection;
  const { request, signal, stack, status } = job;
  const { readers, store } = service;
  const outputs = await readOutputs(request.exporters, { readers, store, stack });
  const { cache } = request;
  const options = {
    ...build.options,
    outputs: outputs.length === 0 ? [{ type: "cacheonly" } as const] : outputs.map(({ spec }) => spec),
    allow: request.entitlements.map(readers.entitlement),
    cacheFrom: cacheSources(cache?.imports ?? [], request.frontendAttrs, readers),
    cacheTo: (cache?.exports ?? []).map(({ type, attrs }) => readers.cacheTarget(flagOf([["type", type], ...Object.entries(attrs)]))),
    metadataProvenance: "max" as const,
    ...(request.compatibilityVersion === 0n ? {} : { compatibilityVersion: versionOf(request.compatibilityVersion) }),
  };
  refuseLocalCaches(options);
  const remember = (response: KeptRequest["response"], provenances: KeptRequest["provenances"]): void => {
    if (request.internal) return;
    const { frontendAttrs: attributes, exporters } = request;
    keepRequest(service, job.ref, { attributes, exporters: exporters.map(({ type, attrs }) => ({ type, attrs })), response, provenances });
  };
  const result = await runBuild(options, { signal, emit: status.emit, client: build.access }).catch((error: unknown) => {
    remember({}, []);
    throw error;
  });
  const isSeveral = (options.platforms?.length ?? 0) > 1;
  for (const output of outputs) {
    const written = result.outputs[outputs.indexOf(output)];
    if (written === undefined) throw new InternalError("an output without a result");
    await sendOutput(output, written, { session: sessionOf(job), emit: status.emit, signal, isSeveral });
  }
  const response = exporterResponse(result.outputs);
  remember(response, result.provenances ?? []);
  return create(SolveResponseSchema, { exporterResponse: response });
}

function versionOf(version: bigint): 10 | 20 | 30 {
  const known = ([10, 20, 30] as const).find((one) => BigInt(one) === version);
  if (known === undefined) throw notServed(`The compatibility version ${version}`);
  return known;
}

/** A folder is one of the client's machine, and no path of ours. */
function refuseLocalCaches({ cacheFrom, cacheTo }: Pick<ClientBuild["options"], "cacheFrom" | "cacheTo">): void {
  if ([...(cacheFrom ?? []), ...(cacheTo ?? [])].some(({ type }) => type === "local"))
    throw notServed("A cache in a folder of the client (type=local)", "Use type=registry or type=inline");
}
