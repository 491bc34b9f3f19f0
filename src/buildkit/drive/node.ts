/** A builder that is connected: what it is, what it can do, and the session by which it asks us. */
import { once } from "node:events";
import { given } from "../../given.ts";
import { normalizePlatform, type Platform } from "../../oci/index.ts";
import { openGrpcClient, type GrpcClient } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { type Router, serveConnection } from "../grpc/server.ts";
import { bytesIn, tunnel } from "../grpc/tunnel.ts";
import { newReference } from "../serve/reference.ts";
import { Control, LLBBridge } from "../wire/methods.ts";
import type { BuilderAddress } from "./address.ts";
import { builderError, dialerFor, type Dialer, type DialOptions } from "./dial.ts";

/** What a builder says of itself. */
export interface NodeFacts {
  /** "v0.24.0" */
  readonly version: string;
  readonly platforms: readonly Platform[];
  readonly labels: Readonly<Record<string, string>>;
  /** What it can do of build graphs and outputs, in BuildKit's words; empty where it does not say. */
  readonly capabilities: ReadonlySet<string>;
}

/** A connected builder. */
export interface BuilderNode extends AsyncDisposable {
  readonly address: string;
  readonly grpc: GrpcClient;
  readonly facts: NodeFacts;
  /** How many builds run on it, of anybody; 0 where it does not say. */
  load(signal: AbortSignal): Promise<number>;
  /** Answers what the builder asks, until this is disposed. `lost` aborts when the builder goes away. */
  openSession(router: Router, options: { readonly sharedKey: string; readonly signal: AbortSignal }): Promise<NodeSession>;
}

/** An open session. */
interface NodeSession extends AsyncDisposable {
  readonly id: string;
}

const ANSWER_MS = 20_000;

/** Connects, and asks what it is. Throws `BUILDER` where nobody answers, `USAGE`, `CONFIG_FILE`. */
export async function openNode(named: BuilderAddress, options: DialOptions, signal: AbortSignal): Promise<BuilderNode> {
  const { address } = named;
  const dialer = await dialerFor(named, options);
  const duplex = await dialer.connect(signal);
  let failure: Error | undefined;
  duplex.on("error", (error) => (failure ??= error));
  const grpc = openGrpcClient(duplex);
  const close = async (): Promise<void> => {
    await Promise.race([grpc[Symbol.asyncDispose](), sleep(1000)]);
    duplex.destroy();
  };
  try {
    const facts = await factsOf(grpc, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    return {
      address,
      grpc,
      facts,
      load: (asked) => activeBuilds(grpc, asked),
      openSession: (router, session) => openSession(grpc, dialer, router, session),
      [Symbol.asyncDispose]: close,
    };
  } catch (cause) {
    // A program that has failed ends by itself.
    const complaint = await Promise.race([dialer.complaint?.(), sleep(500)]);
    await close();
    signal.throwIfAborted();
    const why = complaint ?? failure?.message ?? (cause instanceof Error ? cause.message : String(cause));
    throw builderError(address, `it does not answer as a BuildKit: ${why}`, { cause });
  }
}

async function sleep(ms: number): Promise<undefined> {
  await new Promise<void>((resolve) => void setTimeout(resolve, ms));
}

async function factsOf(grpc: GrpcClient, signal: AbortSignal): Promise<NodeFacts> {
  const { record } = await grpc.unary(Control.method.listWorkers, {}, { signal });
  const info = await grpc.unary(Control.method.info, {}, { signal }).catch(unimplemented);
  const platforms = record.flatMap((worker) =>
    worker.platforms.map(({ os, architecture, variant }) =>
      normalizePlatform({ os, architecture, ...given({ variant: variant === "" ? undefined : variant }) }),
    ),
  );
  return {
    version: info?.buildkitVersion?.version ?? "",
    platforms,
    labels: { ...record[0]?.labels },
    capabilities: await capabilitiesOf(grpc, signal),
  };
}

/** By a build that builds nothing: what a builder can do is asked of an open build. */
async function capabilitiesOf(grpc: GrpcClient, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const ref = newReference();
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const onBuild = { metadata: { "buildkit-controlapi-buildid": ref }, signal: either };
  const solving = grpc.unary(Control.method.solve, { ref, internal: true, cache: {} }, { signal: either });
  try {
    const asked = grpc.unary(LLBBridge.method.ping, {}, onBuild);
    const { llbCaps } = await Promise.race([asked, solving.then(() => asked)]);
    await grpc.unary(LLBBridge.method.return, { result: { result: { case: "ref", value: {} } } }, onBuild);
    await solving;
    return new Set(llbCaps.filter(({ enabled }) => enabled).map(({ id }) => id));
  } finally {
    solving.catch(() => undefined);
    stop.abort(new GrpcError(CODE.cancelled, "the client knows what it wanted to know"));
  }
}

async function activeBuilds(grpc: GrpcClient, signal: AbortSignal): Promise<number> {
  using call = grpc.open(Control.method.listenBuildHistory, { signal });
  let count = 0;
  try {
    await call.send({ activeOnly: true, earlyExit: true });
    call.end();
    for await (const { type } of call.responses) if (type === 0) count += 1;
  } catch (error) {
    return unimplemented(error) ?? 0;
  }
  return count;
}

/** A builder that is too old to say. */
function unimplemented(error: unknown): undefined {
  if (error instanceof GrpcError && error.code !== CODE.unavailable) return undefined;
  throw error;
}

async function openSession(
  grpc: GrpcClient,
  dialer: Dialer,
  router: Router,
  { sharedKey, signal }: { readonly sharedKey: string; readonly signal: AbortSignal },
): Promise<NodeSession> {
  const id = newReference();
  const metadata = {
    "x-docker-expose-session-uuid": id,
    "x-docker-expose-session-sharedkey": sharedKey,
    "x-docker-expose-session-grpc-method": [...router.routes.keys()],
  };
  if (dialer.openSession !== undefined) {
    const duplex = await dialer.openSession(metadata, signal);
    duplex.on("error", () => undefined);
    const served = serveConnection(duplex, router.routes);
    return {
      id,
      async [Symbol.asyncDispose]() {
        duplex.destroy();
        await served;
      },
    };
  }
  const stop = new AbortController();
  const call = grpc.open(Control.method.session, { metadata, signal: stop.signal });
  const duplex = tunnel(bytesIn(call.responses), (data) => call.send({ data }));
  duplex.on("error", () => undefined);
  const served = serveConnection(duplex, router.routes);
  return {
    id,
    async [Symbol.asyncDispose]() {
      stop.abort(new GrpcError(CODE.cancelled, "the build is over"));
      call[Symbol.dispose]();
      if (!duplex.destroyed) {
        duplex.destroy();
        await once(duplex, "close");
      }
      await served;
    },
  };
}
