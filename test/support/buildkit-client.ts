/**
 * A client of BuildKit that makes the calls of docker buildx in their recorded order (shared/reference/buildkit-wire.md): a session with its files,
 * secrets and credentials, Status, Solve, and the calls on the open build. Both ends of the connection are in this process.
 */
import { createServer, connect, type Server, type Socket } from "node:net";
import { mkdirSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type GrpcClient, openGrpcClient, type ClientCall } from "../../src/buildkit/grpc/client.ts";
import { CODE, GrpcError } from "../../src/buildkit/grpc/errors.ts";
import type { ServerCall } from "../../src/buildkit/grpc/method.ts";
import { Router, serveConnection } from "../../src/buildkit/grpc/server.ts";
import { bytesIn, tunnel } from "../../src/buildkit/grpc/tunnel.ts";
import { openBuildServer, type BuildServer } from "../../src/buildkit/serve/server.ts";
import { PACKET } from "../../src/buildkit/session/packets.ts";
import { receiveFolder } from "../../src/buildkit/session/receive-folder.ts";
import { sendFolder } from "../../src/buildkit/session/send-folder.ts";
import { type SolveRequest, type SolveRequestSchema, type SolveResponse, type StatusResponse } from "../../src/buildkit/wire/control_pb.ts";
import type { Definition } from "../../src/buildkit/wire/llb_pb.ts";
import type { BridgeSolveRequest, BridgeSolveRequestSchema, Result } from "../../src/buildkit/wire/gateway_pb.ts";
import { CheckPolicyResponseSchema } from "../../src/buildkit/wire/policy_pb.ts";
import { Auth, Control, FileSend, FileSync, LLBBridge, PolicyVerifier, SEND_FILES, Secrets } from "../../src/buildkit/wire/methods.ts";
import {
  CredentialsResponseSchema,
  FetchTokenResponseSchema,
  GetSecretResponseSchema,
  GetTokenAuthorityResponseSchema,
  PacketSchema,
} from "../../src/buildkit/wire/session_pb.ts";
import { READERS, WRITERS } from "../../src/cli/commands/serve.ts";
import { hostTree } from "../../src/tree/index.ts";

/** A server in this process, with a store of its own. */
export interface TestServer extends AsyncDisposable {
  readonly root: string;
  /** "unix:///tmp/…/door" */
  readonly address: string;
  readonly server: BuildServer;
  /** Ends all connections at once, as a machine that dies. */
  cut(): void;
  connect(): TestClient;
}

/** Starts one; `allow`: what it grants to steps. */
export async function startBuildServer(env: Readonly<Record<string, string>> = {}, allow: readonly string[] = []): Promise<TestServer> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-serve-")));
  const root = join(folder.path, "store");
  const server = stack.use(
    await openBuildServer({ root, env: { PATH: process.env["PATH"], ...env }, readers: READERS, writers: WRITERS, allow }),
  );
  const path = join(folder.path, "door");
  const sockets = new Set<Socket>();
  const door: Server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    void server.serve(socket);
  });
  await new Promise<void>((resolve) => door.listen(path, resolve));
  stack.defer(() => void door.close());
  const clients: TestClient[] = [];
  stack.defer(async () => {
    for (const client of clients) await client[Symbol.asyncDispose]();
  });
  const resources = stack.move();
  return {
    root,
    address: `unix://${path}`,
    cut() {
      door.close();
      for (const socket of sockets) socket.destroy();
    },
    server,
    connect() {
      const client = openTestClient(connect(path));
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** What a build of the client is. */
export interface TestBuild {
  readonly ref?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Folders by name: "context", "dockerfile". */
  readonly folders?: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly credentials?: Readonly<Record<string, { readonly username: string; readonly secret: string }>>;
  /** The client gets tokens itself; undefined: it says Unimplemented. */
  readonly tokenOf?: (host: string, realm: string, scopes: readonly string[]) => Promise<string | undefined>;
  readonly sharedKey?: string;
  readonly solve?: Exclude<MessageInitShape<typeof SolveRequestSchema>, SolveRequest>;
  /** Where outputs that are folders go. */
  readonly output?: string;
  readonly signal?: AbortSignal;
  /** What is built instead of a Dockerfile. */
  readonly definition?: Definition | undefined;
  /** The request of the build itself says what is built: nothing is asked of the open build. */
  readonly direct?: boolean;
  /** What the client's own policy says of a source, by its identifier; any other text is what to take instead. */
  readonly policy?: (identifier: string) => string;
  /** What else the request on the open build says. */
  readonly asked?: Exclude<MessageInitShape<typeof BridgeSolveRequestSchema>, BridgeSolveRequest>;
  /** What the client adds to the result that it returns. */
  readonly metadata?: Readonly<Record<string, Uint8Array>>;
  /** Graphs that stand for contexts. */
  readonly frontendInputs?: Readonly<Record<string, Definition>>;
  /** Looks at the result before it is returned. */
  readonly look?: (
    ref: string,
    grpc: GrpcClient,
    options: { readonly metadata: Readonly<Record<string, string>>; readonly signal: AbortSignal },
  ) => Promise<void>;
}

/** What became of it. */
export interface TestBuilt {
  readonly response: SolveResponse;
  readonly result: Result | undefined;
  readonly status: readonly StatusResponse[];
  /** Names of vertices, in the order in which they were first told. */
  readonly names: readonly string[];
  /** Files that were sent, by the name of their folder. */
  readonly sent: readonly string[];
  /** Paths that were listed to the server: "context/a.txt". */
  readonly listed: readonly string[];
  /** Bytes of outputs that are archives. */
  readonly archives: readonly Buffer[];
}

/** A connection. */
export interface TestClient extends AsyncDisposable {
  readonly grpc: GrpcClient;
  build(build: TestBuild): Promise<TestBuilt>;
}

let count = 0;

/** A client of the server at a unix socket. */
export function connectTestClient(path: string): TestClient {
  return openTestClient(connect(path));
}

function openTestClient(socket: Duplex): TestClient {
  const grpc = openGrpcClient(socket);
  return {
    grpc,
    build: (build) => runBuild(grpc, build),
    async [Symbol.asyncDispose]() {
      await grpc[Symbol.asyncDispose]();
      socket.destroy();
    },
  };
}

async function runBuild(grpc: GrpcClient, build: TestBuild): Promise<TestBuilt> {
  count += 1;
  const { ref = `testref${count}`, attributes = {}, signal: given } = build;
  const stop = new AbortController();
  const signal = given === undefined ? stop.signal : AbortSignal.any([given, stop.signal]);
  const session = `session${count}`;
  const served = serveSession(grpc, session, build, signal);
  const status: StatusResponse[] = [];
  using watching = grpc.open(Control.method.status, { signal });
  await watching.send({ ref });
  watching.end();
  const watched = (async () => {
    for await (const piece of watching.responses) status.push(piece);
  })();
  watched.catch(() => undefined);
  const solving = grpc.unary(
    Control.method.solve,
    {
      ref,
      session,
      frontendAttrs: { ...attributes },
      cache: {},
      ...(build.policy === undefined ? {} : { sourcePolicySession: session }),
      ...build.solve,
    },
    { signal },
  );
  solving.catch(() => undefined);
  const onBuild = { metadata: { "buildkit-controlapi-buildid": ref }, signal };
  let result: Result | undefined;
  const built = async (): Promise<TestBuilt> => {
    const response = await solving;
    await watched;
    const names = status.flatMap(({ vertexes }) => vertexes.map(({ name }) => name));
    return { response, result, status, names: [...new Set(names)], sent: served.sent, listed: served.listed, archives: served.archives };
  };
  try {
    if (build.direct === true) return await built();
    await grpc.unary(LLBBridge.method.ping, {}, onBuild);
    const { definition, frontendInputs = {} } = build;
    const what = definition === undefined ? { frontend: "dockerfile.v0", frontendInputs: { ...frontendInputs } } : { definition };
    const frontend = { ...what, frontendOpt: { ...attributes }, allowResultReturn: true, allowResultArrayRef: true, ...build.asked };
    try {
      ({ result } = await grpc.unary(LLBBridge.method.solve, frontend, onBuild));
    } catch (error) {
      const { code, message, details } = error instanceof GrpcError ? error : new GrpcError(CODE.unknown, String(error));
      await grpc.unary(LLBBridge.method.return, { error: { code, message, details: details.map((one) => ({ ...one })) } }, onBuild);
      await solving;
      throw error;
    }
    if (result?.result.case === "ref") await build.look?.(result.result.value.id, grpc, onBuild);
    const returned = result === undefined || build.metadata === undefined ? result : { ...result, metadata: { ...build.metadata } };
    await grpc.unary(LLBBridge.method.return, { result: returned }, onBuild);
    return await built();
  } finally {
    stop.abort(new GrpcError(CODE.cancelled, "the client has what it wants"));
  }
}

function serveSession(grpc: GrpcClient, id: string, build: TestBuild, signal: AbortSignal) {
  const sent: string[] = [];
  const listed: string[] = [];
  const archives: Buffer[] = [];
  const { folders = {}, secrets = {}, credentials = {}, sharedKey = "" } = build;
  const router = new Router((error) => (error instanceof GrpcError ? error : new GrpcError(CODE.unknown, String(error))));
  router
    .stream(FileSync.method.diffCopy, async (call) => {
      const [name = ""] = call.metadata["dir-name"] ?? [];
      const folder = folders[name];
      if (folder === undefined) throw new GrpcError(CODE.notFound, `no access allowed to dir "${name}"`);
      const wanted = (call.metadata["followpaths"] ?? []).map((path) => path.split("/")[0]);
      const tree = hostTree(folder, { filter: (path) => wanted.length === 0 || wanted.includes(path.split("/")[0] ?? "") });
      const told = asClient(call);
      const noted = (message: Parameters<typeof told.send>[0]): Promise<void> => {
        if (message.type === PACKET.data) sent.push(`${name} ${message.id}`);
        if (message.stat?.path !== undefined) listed.push(`${name}/${message.stat.path}`);
        return told.send(message);
      };
      await sendFolder({ ...told, send: noted }, tree);
    })
    .unary(Secrets.method.getSecret, async ({ id: secret }) => {
      const value = secrets[secret];
      if (value === undefined) throw new GrpcError(CODE.notFound, `secret ${secret}: not found`);
      return create(GetSecretResponseSchema, { data: Buffer.from(value) });
    })
    .unary(Auth.method.credentials, async ({ host }) => create(CredentialsResponseSchema, credentials[host] ?? {}));
  const { output, policy, tokenOf } = build;
  if (tokenOf !== undefined) {
    router
      .unary(Auth.method.getTokenAuthority, () => Promise.resolve(create(GetTokenAuthorityResponseSchema, { publicKey: Buffer.alloc(32) })))
      .unary(Auth.method.fetchToken, async ({ host, realm, scopes }) => {
        const token = await tokenOf(host, realm, scopes);
        if (token === undefined) throw new GrpcError(CODE.unimplemented, "no tokens here");
        return create(FetchTokenResponseSchema, { token, expiresIn: 60n });
      });
  }
  if (policy !== undefined) {
    router.unary(PolicyVerifier.method.checkPolicy, async ({ source }) => {
      const answer = policy(source?.source?.identifier ?? "");
      if (answer === "request") return create(CheckPolicyResponseSchema, { result: { case: "request", value: source ?? {} } });
      const known = ["allow", "deny"].indexOf(answer);
      const decision =
        known >= 0 ? { action: known, denyMessages: [{ message: "not that one" }] } : { action: 2, update: { identifier: answer } };
      return create(CheckPolicyResponseSchema, { result: { case: "decision", value: decision } });
    });
  }
  if (output !== undefined) {
    router.stream(SEND_FILES, async (call) => {
      mkdirSync(output, { recursive: true });
      await receiveFolder(asClient(call), { folder: output });
    });
  } else {
    router.stream(FileSend.method.diffCopy, async ({ requests }) => {
      const parts: Uint8Array[] = [];
      for await (const { data } of requests) parts.push(data);
      archives.push(Buffer.concat(parts));
    });
  }
  const metadata = {
    "x-docker-expose-session-uuid": id,
    "x-docker-expose-session-sharedkey": sharedKey,
    "x-docker-expose-session-grpc-method": [...router.routes.keys()],
  };
  const call = grpc.open(Control.method.session, { metadata, signal });
  const duplex = tunnel(bytesIn(call.responses), (data) => call.send({ data }));
  duplex.on("error", () => undefined);
  void serveConnection(duplex, router.routes).finally(() => call[Symbol.dispose]());
  return { sent, listed, archives };
}

type Packets = typeof PacketSchema;

/** The server's side of a call, as the functions for clients take it. */
function asClient({ requests, send, start }: ServerCall<Packets, Packets>): ClientCall<Packets, Packets> {
  start();
  return {
    responses: requests,
    send: (message) => send(create(PacketSchema, message)),
    end: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}
