/** What the client of a build lends to it: secrets, credentials, agents. Nothing of it is kept. */
import { randomBytes } from "node:crypto";
import { DecantError } from "../../errors.ts";
import type { Credentials, RegistryToken, TokenLender, TokenQuestion } from "../../registry/index.ts";
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
const CLIENT_ID = "decant";
const SALT_BYTES = 32;
/** Of clients that do not say. */
const DEFAULT_LIFE_S = 60n;

/**
 * Who we are for a registry: a client that gets tokens itself keeps its password. Others are asked for the account at once; undefined for those who have
 * none.
 */
export async function credentialsOf(session: Asked, registry: string): Promise<Credentials | TokenLender | undefined> {
  const host = registry === "docker.io" ? HUB : registry;
  const account = (): Promise<Credentials | undefined> => accountOf(session, host);
  if (!(await lendsTokens(session, host))) return await account();
  return { kind: "lender", token: (question) => tokenOf(session, host, question), credentials: account };
}

async function accountOf(session: Asked, host: string): Promise<Credentials | undefined> {
  if (!session.has(pathOf(Auth.method.credentials))) return undefined;
  const { username, secret } = await session.client.unary(Auth.method.credentials, { host }, { signal: session.signal });
  if (username === "" && secret === "") return undefined;
  // As docker has it: without a user it is a token.
  return username === "" ? { kind: "identity-token", token: secret } : { kind: "password", username, password: secret };
}

/** Its key says that it does. We need no key: no token is kept for another build. */
async function lendsTokens(session: Asked, host: string): Promise<boolean> {
  if (!session.has(pathOf(Auth.method.fetchToken)) || !session.has(pathOf(Auth.method.getTokenAuthority))) return false;
  const answer = await orUndefined(
    session.client.unary(Auth.method.getTokenAuthority, { host, salt: randomBytes(SALT_BYTES) }, { signal: session.signal }),
  );
  return answer !== undefined;
}

async function tokenOf(session: Asked, host: string, { realm, service = "", scopes }: TokenQuestion): Promise<RegistryToken | undefined> {
  const request = { clientId: CLIENT_ID, host, realm, service, scopes: [...scopes] };
  try {
    const answer = await orUndefined(session.client.unary(Auth.method.fetchToken, request, { signal: session.signal }));
    if (answer === undefined) return undefined;
    // Anything outside of printable ASCII could smuggle a header.
    if (!/^[\x21-\x7e]+$/.test(answer.token)) throw noToken(host, "what it gave is no token");
    return { token: answer.token, lifeMs: Number(answer.expiresIn > 0n ? answer.expiresIn : DEFAULT_LIFE_S) * 1000 };
  } catch (error) {
    session.signal.throwIfAborted();
    throw error instanceof GrpcError ? noToken(host, error.message, error) : error;
  }
}

function noToken(host: string, why: string, cause?: unknown): DecantError {
  return new DecantError("REGISTRY_AUTH", `Cannot get a token of registry "${host}" from the client: ${why}`, {
    hint: `Log in where the client runs: docker login ${host}`,
    cause,
  });
}

/** Undefined from a client that does not know the call, or has it switched off. */
async function orUndefined<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof GrpcError && (error.code === CODE.unimplemented || error.code === CODE.unavailable)) return undefined;
    throw error;
  }
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
