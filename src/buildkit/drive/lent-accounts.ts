/**
 * Accounts of registries for a builder. One that asks for tokens, as BuildKit since 0.8, gets tokens for pulling the images of this build. Others get the account,
 * as from docker buildx: the user has named the builder, and is connected by a socket or encrypted. Hosts, token servers and scopes may be lies.
 */
import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { reachable, type Vertex } from "../../graph/index.ts";
import { parseReference } from "../../oci/index.ts";
import { accountOf, type CredentialSource, type TokenDesk } from "../../registry/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Router } from "../grpc/server.ts";
import { Auth } from "../wire/methods.ts";
import {
  CredentialsResponseSchema,
  type FetchTokenRequest,
  FetchTokenResponseSchema,
  GetTokenAuthorityResponseSchema,
  VerifyTokenAuthorityResponseSchema,
} from "../wire/session_pb.ts";

/** What is lent of accounts. */
export interface LentAccounts {
  readonly credentials: CredentialSource;
  readonly desk: TokenDesk;
  /** Images that the builder may fetch: the repositories of each registry. For others it is anonymous. */
  readonly images: ReadonlyMap<string, ReadonlySet<string>>;
  readonly signal: AbortSignal;
}

const HUB = /^(?:registry-1\.docker\.io|https:\/\/index\.docker\.io\/v1\/|index\.docker\.io)$/;
/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410). */
const ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** The images of a graph, as `LentAccounts` has them. */
export function imagesOf(target: Vertex): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { op } of reachable(target)) {
    const name = op.kind === "source" ? /^docker-image:\/\/(.+)$/.exec(op.identifier)?.[1] : undefined;
    if (name === undefined) continue;
    const { registry, repository } = parseReference(name);
    found.set(registry, (found.get(registry) ?? new Set()).add(repository));
  }
  return found;
}

/** Adds the answers to `router`. */
export function lendAccounts(router: Router, lent: LentAccounts): void {
  router
    .unary(Auth.method.credentials, async ({ host }) => create(CredentialsResponseSchema, await passwordFor(lent, registryOf(host))))
    .unary(Auth.method.fetchToken, async (request) => create(FetchTokenResponseSchema, await tokenFor(lent, request)))
    .unary(Auth.method.getTokenAuthority, async ({ host, salt }) => {
      const key = createPublicKey(await authorityKey(lent, registryOf(host), salt));
      return create(GetTokenAuthorityResponseSchema, { publicKey: Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url") });
    })
    .unary(Auth.method.verifyTokenAuthority, async ({ host, salt, payload }) => {
      const key = await authorityKey(lent, registryOf(host), salt);
      return create(VerifyTokenAuthorityResponseSchema, { signed: Buffer.concat([sign(null, payload, key), payload]) });
    });
}

function registryOf(host: string): string {
  return HUB.test(host) ? "docker.io" : host;
}

/** A key that only this user has, and that is another one for each builder: tokens of one user are not given to the builds of others. */
async function authorityKey(lent: LentAccounts, registry: string, salt: Uint8Array): Promise<KeyObject> {
  const [repository] = lent.images.get(registry) ?? [];
  const found = repository === undefined ? undefined : await lent.credentials(registry, repository, lent.signal);
  // Then the builder asks for a password, gets none, and is anonymous.
  if (found === undefined) throw new GrpcError(CODE.unavailable, `no tokens for ${registry}`);
  const seed = createHmac("sha256", salt)
    .update(await lent.desk.seed(registry, lent.signal))
    .digest();
  return createPrivateKey({ key: Buffer.concat([ED25519, seed]), format: "der", type: "pkcs8" });
}

async function tokenFor(
  { desk, images, signal }: LentAccounts,
  { host, realm, service, scopes }: FetchTokenRequest,
): Promise<{ readonly token: string; readonly expiresIn: bigint }> {
  const registry = registryOf(host);
  const allowed = images.get(registry) ?? new Set();
  const repositories = scopes.map((scope) => /^repository:(.+):pull$/.exec(scope)?.[1]);
  const refused = scopes.find((_, at) => !allowed.has(repositories[at] ?? ""));
  const [repository] = repositories;
  if (refused !== undefined || repository === undefined) {
    throw new GrpcError(CODE.denied, `no token of ${registry} for "${refused ?? ""}": this build only pulls its images`);
  }
  const { token, lifeMs } = await desk.token({ registry, repository }, { realm, service, scopes }, signal);
  return { token, expiresIn: Number.isFinite(lifeMs) ? BigInt(Math.floor(lifeMs / 1000)) : 0n };
}

/** The account itself: for registries that have no token server, and for builders that ask for no tokens. */
async function passwordFor(
  { credentials, images, signal }: LentAccounts,
  registry: string,
): Promise<{ readonly username: string; readonly secret: string }> {
  const [repository] = images.get(registry) ?? [];
  const source = repository === undefined ? undefined : await credentials(registry, repository, signal);
  const found = await accountOf(source);
  if (found === undefined) return { username: "", secret: "" };
  // As docker has it: a token has no user.
  return found.kind === "password" ? { username: found.username, secret: found.password } : { username: "", secret: found.token };
}
