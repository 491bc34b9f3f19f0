/** What the client of a build lends to it: secrets, credentials, agents. Nothing of it is kept. */
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { GrpcClient } from "../grpc/client.ts";
import type { SshAgent } from "../../engine/index.ts";
import { pathOf } from "../grpc/method.ts";
import { bytesIn, tunnel } from "../grpc/tunnel.ts";
import { Auth, Secrets, SSH } from "../wire/methods.ts";

/** Who is asked. */
interface Asked {
  readonly client: GrpcClient;
  has(path: string): boolean;
  readonly signal: AbortSignal;
}

/** The value of a secret, or undefined. */
export async function secretOf(session: Asked, id: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  if (!session.has(pathOf(Secrets.method.getSecret))) return undefined;
  try {
    return (await session.client.unary(Secrets.method.getSecret, { id }, { signal: AbortSignal.any([signal, session.signal]) })).data;
  } catch (error) {
    if (error instanceof GrpcError && error.code === CODE.notFound) return undefined;
    throw error;
  }
}

const HUB = "registry-1.docker.io";

/** User and password for a registry, or undefined. */
export async function credentialsOf(
  session: Asked,
  registry: string,
): Promise<{ readonly username: string; readonly secret: string } | undefined> {
  if (!session.has(pathOf(Auth.method.credentials))) return undefined;
  const host = registry === "docker.io" ? HUB : registry;
  const { username, secret } = await session.client.unary(Auth.method.credentials, { host }, { signal: session.signal });
  return username === "" && secret === "" ? undefined : { username, secret };
}

/** The agent of this name, or undefined. Each conversation with it is a call of its own. */
export async function agentOf(session: Asked, id: string, signal: AbortSignal): Promise<SshAgent | undefined> {
  if (!session.has(pathOf(SSH.method.checkAgent))) return undefined;
  const either = AbortSignal.any([signal, session.signal]);
  try {
    await session.client.unary(SSH.method.checkAgent, { id }, { signal: either });
  } catch (error) {
    // The client knows no such name, and has no code for it.
    if (error instanceof GrpcError && error.code !== CODE.unavailable) return undefined;
    throw error;
  }
  return {
    kind: "lent",
    open: () => {
      const call = session.client.open(SSH.method.forwardAgent, { metadata: { "buildkit.ssh.id": id }, signal: either });
      const duplex = tunnel(bytesIn(call.responses), (data) => call.send({ data }));
      duplex.once("close", () => call[Symbol.dispose]());
      return duplex;
    },
  };
}
