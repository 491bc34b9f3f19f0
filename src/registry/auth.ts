/**
 * Authorization for registries (distribution-spec; docker's token and OAuth2 specifications): answers Bearer and Basic challenges of the registry
 * itself and keeps tokens for each registry and scope. Credentials go to it and to the token server that it names, never elsewhere.
 */
import { createShared } from "../async.ts";
import { bytesOf, collect } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { type Authority, basicAuthority, createAuthority, hiding, isLoopback, type NetResponse } from "../net/index.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import { accountOf, type CredentialSource, type RegistryToken } from "./credentials.ts";
import type { Credentials } from "./auth-file.ts";
import { type Attempt, protocolError, statusError } from "./errors.ts";
import type { RegistryNetwork } from "./registry-network.ts";

/** For whom, and for what. */
export interface AuthRequest {
  /** The registry's address, e.g. https://registry-1.docker.io. */
  readonly base: URL;
  /** The user allowed plain HTTP for this registry, its token server included. */
  readonly insecure: boolean;
  /** The certificate of `base` need not be valid. */
  readonly toleratesInvalid: boolean;
  /** The name that credentials are kept under, e.g. "docker.io". */
  readonly registry: string;
  readonly repository: string;
  /** E.g. "repository:library/ubuntu:pull". */
  readonly scopes: readonly string[];
  readonly attempt: Attempt;
  readonly signal?: AbortSignal | undefined;
}

/** Lets us in at registries. */
export interface Auth {
  /** What to send at once, from what is known of this registry; undefined when nothing is known yet. */
  known(request: AuthRequest): Promise<Authority | undefined>;
  /**
   * What answers `refusal`, a 401; undefined when there is nothing better than `refused`, and when another host than the registry asks: it gets
   * nothing, and decides nothing.
   */
  answer(request: AuthRequest, refusal: Refusal, refused: Authority | undefined): Promise<Authority | undefined>;
}

/** A 401, and who said it. */
type Refusal = Pick<NetResponse, "url" | "strayed" | "header">;

/** A right to be let in, for a while. */
interface Token {
  readonly authority: Authority;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const MAX_TOKEN_BYTES = 1024 * 1024;
/** Token servers that say nothing mean 60 seconds. */
const DEFAULT_LIFE_S = 60;
const CLIENT_ID = "decant";

/** Takes the identity token that stands for a password from now on. */
type OnIdentityToken = (token: string) => void;

/** Makes an `Auth` that knows nothing yet. `onIdentityToken`: token servers are asked for one, and it is told. */
export function createAuth(network: RegistryNetwork, credentials: CredentialSource, onIdentityToken?: OnIdentityToken): Auth {
  const challenges = new Map<string, Challenge>();
  const tokens = new Map<string, Token>();
  const fetching = createShared<string, Token | undefined>({ cancel: "never" });

  const keyOf = ({ base, repository, scopes }: AuthRequest): string => [base.origin, repository, ...scopes].join(" ");

  const fresh = (request: AuthRequest, challenge: Challenge): Promise<Token | undefined> =>
    challenge.scheme === "basic"
      ? basicToken(request, credentials)
      : fetchToken(network, request, challenge, { credentials, onIdentityToken });

  const renew = async (request: AuthRequest, challenge: Challenge): Promise<Authority | undefined> => {
    const key = keyOf(request);
    // A fetch under way is joined; a finished one is not: the caller has just found its token wanting.
    const attempt = `${key} ${tokens.get(key)?.authority.headerFor(request.base) ?? ""}`;
    const { signal, ...shared } = request;
    const token = await fetching.run(attempt, () => fresh(shared, challenge), signal);
    if (token !== undefined) tokens.set(key, token);
    return token?.authority;
  };

  return {
    async known(request) {
      const token = tokens.get(keyOf(request));
      if (token !== undefined && token.expiresAt > Date.now()) return token.authority;
      const challenge = challenges.get(request.base.origin);
      return challenge === undefined ? undefined : renew(request, challenge);
    },
    async answer(request, refusal, refused) {
      const { base, attempt } = request;
      if (refusal.strayed || refusal.url.origin !== base.origin) return undefined;
      const challenge = parseChallenge(refusal.header("www-authenticate"));
      if (challenge === undefined) throw protocolError(attempt, "refuses, and asks neither for Bearer nor for Basic authorization");
      challenges.set(base.origin, challenge);
      const isNew = (authority: Authority): boolean => authority.headerFor(base) !== refused?.headerFor(base);
      const known = tokens.get(keyOf(request));
      // Another call has renewed it meanwhile.
      if (known !== undefined && isNew(known.authority) && known.expiresAt > Date.now()) return known.authority;
      const better = await renew(request, challenge);
      return better !== undefined && isNew(better) ? better : undefined;
    },
  };
}

async function basicToken(request: AuthRequest, credentials: CredentialSource): Promise<Token | undefined> {
  const found = await accountOf(await credentials(request.registry, request.repository));
  return found === undefined
    ? undefined
    : forEver(found.kind === "password" ? login(request.base, found) : bearer(request.base, found.token));
}

function forEver(authority: Authority): Token {
  return { authority, expiresAt: Number.POSITIVE_INFINITY };
}

function login(url: URL, { username, password }: Credentials & { kind: "password" }): Authority {
  return basicAuthority(url, username, password);
}

function bearer(url: URL, token: string): Authority {
  return createAuthority(url, `Bearer ${token}`);
}

/** Asks the token server that `challenge` names. Throws `REGISTRY` for one that must not get credentials, `REGISTRY_AUTH`, and what sending throws. */
export async function fetchToken(
  network: RegistryNetwork,
  request: AuthRequest,
  challenge: Challenge,
  { credentials, onIdentityToken }: { readonly credentials: CredentialSource; readonly onIdentityToken?: OnIdentityToken | undefined },
): Promise<Token> {
  const source = await credentials(request.registry, request.repository);
  if (source?.kind === "registry-token") return forEver(bearer(request.base, source.token));
  const realm = realmOf(request, challenge);
  const service = challenge.parameters.get("service");
  const scopes = [...new Set([...request.scopes, ...(challenge.parameters.get("scope") ?? "").split(" ")])].filter((scope) =>
    mayAsk(scope, request),
  );
  const startedAt = Date.now();
  const lent = source?.kind === "lender" ? await source.token({ realm: realm.href, service, scopes }) : undefined;
  if (lent !== undefined) return tokenFrom(request, startedAt, lent);
  const found = await accountOf(source);
  if (found?.kind === "registry-token") return forEver(bearer(request.base, found.token));
  const query = { realm, service, scopes, offline: onIdentityToken !== undefined };
  const response =
    found?.kind === "identity-token"
      ? await postOauth2(network, request, query, found.token)
      : await getToken(network, request, query, found);
  if (response.status !== 200) {
    const hide = found?.kind === "identity-token" ? hiding([found.token]) : found === undefined ? undefined : login(realm, found).hide;
    throw await statusError(request.attempt, response, hide);
  }
  const { token, lifeMs, identityToken } = await readToken(response, request.attempt);
  if (identityToken !== undefined) onIdentityToken?.(identityToken);
  return tokenFrom(request, startedAt, { token, lifeMs });
}

function tokenFrom({ base }: AuthRequest, startedAt: number, { token, lifeMs }: RegistryToken): Token {
  // Renewed a little early, so that it does not expire on the way.
  return { authority: bearer(base, token), expiresAt: startedAt + lifeMs * 0.9 };
}

/** A challenge for another repository (remembered from an earlier call) adds nothing to what this call needs. */
function mayAsk(scope: string, request: AuthRequest): boolean {
  return scope !== "" && (request.scopes.includes(scope) || scope.startsWith(`repository:${request.repository}:`));
}

function realmOf(request: AuthRequest, challenge: Challenge): URL {
  const realm = URL.parse(challenge.parameters.get("realm") ?? "");
  if (realm === null) throw protocolError(request.attempt, "names no token server");
  const plainIsFine = request.base.protocol === "http:" && (request.insecure || isLoopback(realm.host));
  if (realm.protocol !== "https:" && !(realm.protocol === "http:" && plainIsFine)) {
    throw protocolError(request.attempt, `names the token server "${realm.host}", which would get credentials without encryption`);
  }
  return realm;
}

interface TokenQuery {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  /** An identity token is wanted, too. */
  readonly offline: boolean;
}

function getToken(
  network: RegistryNetwork,
  request: AuthRequest,
  { realm, service, scopes, offline }: TokenQuery,
  found: (Credentials & { kind: "password" }) | undefined,
): Promise<NetResponse> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (found !== undefined) url.searchParams.set("account", found.username);
  if (offline) {
    url.searchParams.set("client_id", CLIENT_ID);
    url.searchParams.set("offline_token", "true");
  }
  return network.send({
    ledFrom: request.base,
    method: "GET",
    url,
    // Who is anonymous has nothing to lose elsewhere.
    ...(found === undefined ? {} : { authority: login(realm, found), staysHome: true }),
    ...insecureHostOf(request),
  });
}

function postOauth2(
  network: RegistryNetwork,
  request: AuthRequest,
  { realm, service, scopes }: TokenQuery,
  token: string,
): Promise<NetResponse> {
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: CLIENT_ID, refresh_token: token });
  if (service !== undefined) form.set("service", service);
  form.set("scope", scopes.join(" "));
  const bytes = Buffer.from(form.toString(), "utf8");
  return network.send({
    ledFrom: request.base,
    method: "POST",
    url: realm,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { size: bytes.byteLength, open: () => bytesOf(bytes) },
    staysHome: true,
    ...insecureHostOf(request),
  });
}

function insecureHostOf(request: AuthRequest): { insecureHost?: string } {
  return request.toleratesInvalid ? { insecureHost: request.base.host } : {};
}

async function readToken(
  response: NetResponse,
  attempt: Attempt,
): Promise<{ token: string; lifeMs: number; identityToken: string | undefined }> {
  const bytes = await collect(response.body, MAX_TOKEN_BYTES, "answer of the token server");
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's message would quote the answer, which is a secret.
    throw protocolError(attempt, "has a token server whose answer is no JSON");
  }
  if (typeof json === "object" && json !== null) {
    // Some give null for the one of the two that they do not use.
    const fields: readonly unknown[] = ["token" in json ? json.token : "", "access_token" in json ? json.access_token : ""];
    const token = fields.find((field) => typeof field === "string" && field !== "");
    const life = "expires_in" in json && typeof json.expires_in === "number" ? json.expires_in : 0;
    // Anything outside of printable ASCII could smuggle a header.
    if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) {
      const refresh = "refresh_token" in json ? json.refresh_token : "";
      const identityToken = typeof refresh === "string" && refresh !== "" ? refresh : undefined;
      return { token, lifeMs: Math.max(DEFAULT_LIFE_S, life) * 1000, identityToken };
    }
  }
  throw new DecantError("REGISTRY_AUTH", `Cannot ${attempt.action}: the token server of registry "${attempt.registry}" gave no token`, {
    hint: `decant login ${attempt.registry}`,
  });
}
