/** What the client of a build lends to it: secrets, credentials, agents. Nothing of it is kept. */
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { GrpcClient } from "../grpc/client.ts";
import { pathOf } from "../grpc/method.ts";
import { Auth, Secrets } from "../wire/methods.ts";

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
