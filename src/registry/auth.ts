/**
 * Authorization for registries (distribution-spec; docker's token and OAuth2 specifications): answers Bearer and Basic challenges and keeps
 * tokens for each registry and scope. Credentials go to the registry itself and to the token server that it names, never elsewhere.
 */
import { createShared } from "../async.ts";
import { bytesOf, collect } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import type { Credentials, CredentialSource } from "./credentials.ts";
import { type Attempt, protocolError, statusError } from "./errors.ts";
import type { Http, HttpResponse } from "./http.ts";
import { isLoopback } from "./loopback.ts";

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
  readonly signal?: AbortSignal;
}

/** Gives Authorization headers. */
export interface Auth {
  /** The header to send at once, from what is known of this registry; undefined when nothing is known yet. */
  header(request: AuthRequest): Promise<string | undefined>;
  /** The header that answers a 401; undefined when there is no better one than `refused`. */
  answer(request: AuthRequest, wwwAuthenticate: string | undefined, refused: string | undefined): Promise<string | undefined>;
}

interface Token {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

const MAX_TOKEN_BYTES = 1024 * 1024;
/** Token servers that say nothing mean 60 seconds. */
const DEFAULT_LIFE_S = 60;
const CLIENT_ID = "decant";
const NO_TOKEN: Token = { header: "", expiresAt: Number.POSITIVE_INFINITY };

/** Makes an `Auth` that knows nothing yet. */
export function createAuth(http: Http, credentials: CredentialSource): Auth {
  const challenges = new Map<string, Challenge>();
  const tokens = new Map<string, Token>();
  const fetching = createShared<string, Token>({ cancel: "never" });

  const keyOf = ({ base, repository, scopes }: AuthRequest): string => [base.origin, repository, ...scopes].join(" ");

  const fresh = (request: AuthRequest, challenge: Challenge): Promise<Token | undefined> =>
    challenge.scheme === "basic" ? basicToken(request, credentials) : fetchToken(http, request, challenge, credentials);

  const renew = async (request: AuthRequest, challenge: Challenge): Promise<string | undefined> => {
    const key = keyOf(request);
    // A fetch under way is joined; a finished one is not: the caller has just found its token wanting.
    const attempt = `${key} ${tokens.get(key)?.header ?? ""}`;
    const { signal, ...shared } = request;
    const token = await fetching.run(attempt, async () => (await fresh(shared, challenge)) ?? NO_TOKEN, signal);
    if (token.header === "") return undefined;
    tokens.set(key, token);
    return token.header;
  };

  return {
    async header(request) {
      const token = tokens.get(keyOf(request));
      if (token !== undefined && token.expiresAt > Date.now()) return token.header;
      const challenge = challenges.get(request.base.origin);
      return challenge === undefined ? undefined : renew(request, challenge);
    },
    async answer(request, wwwAuthenticate, refused) {
      const challenge = parseChallenge(wwwAuthenticate);
      if (challenge === undefined) throw protocolError(request.attempt, "refuses, and asks neither for Bearer nor for Basic authorization");
      challenges.set(request.base.origin, challenge);
      const known = tokens.get(keyOf(request));
      // Another call has renewed it meanwhile.
      if (known !== undefined && known.header !== refused && known.expiresAt > Date.now()) return known.header;
      const header = await renew(request, challenge);
      return header === refused ? undefined : header;
    },
  };
}

async function basicToken(request: AuthRequest, credentials: CredentialSource): Promise<Token | undefined> {
  const found = await credentials(request.registry, request.repository);
  if (found === undefined) return undefined;
  const header = found.kind === "password" ? basicHeader(found) : `Bearer ${found.token}`;
  return { header, expiresAt: Number.POSITIVE_INFINITY };
}

function basicHeader({ username, password }: Credentials & { kind: "password" }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

async function fetchToken(http: Http, request: AuthRequest, challenge: Challenge, credentials: CredentialSource): Promise<Token> {
  const found = await credentials(request.registry, request.repository);
  if (found?.kind === "registry-token") return { header: `Bearer ${found.token}`, expiresAt: Number.POSITIVE_INFINITY };
  const realm = realmOf(request, challenge);
  const service = challenge.parameters.get("service");
  const scopes = [...new Set([...request.scopes, ...(challenge.parameters.get("scope") ?? "").split(" ")])].filter((scope) =>
    mayAsk(scope, request),
  );
  const startedAt = Date.now();
  const response =
    found?.kind === "identity-token"
      ? await postOauth2(http, request, realm, { service, scopes, token: found.token })
      : await getToken(http, request, realm, { service, scopes, login: found });
  if (response.status !== 200) throw await statusError(request.attempt, response);
  const { token, lifeMs } = await readToken(response, request.attempt);
  // Renewed a little early, so that it does not expire on the way.
  return { header: `Bearer ${token}`, expiresAt: startedAt + lifeMs * 0.9 };
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
  readonly service: string | undefined;
  readonly scopes: readonly string[];
}

function getToken(
  http: Http,
  request: AuthRequest,
  realm: URL,
  query: TokenQuery & { readonly login: (Credentials & { kind: "password" }) | undefined },
): Promise<HttpResponse> {
  const url = new URL(realm);
  if (query.service !== undefined) url.searchParams.set("service", query.service);
  for (const scope of query.scopes) url.searchParams.append("scope", scope);
  if (query.login !== undefined) url.searchParams.set("account", query.login.username);
  return http.send({
    method: "GET",
    url,
    headers: query.login === undefined ? {} : { authorization: basicHeader(query.login) },
    ...insecureHostOf(request),
  });
}

function postOauth2(http: Http, request: AuthRequest, realm: URL, query: TokenQuery & { readonly token: string }): Promise<HttpResponse> {
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: CLIENT_ID, refresh_token: query.token });
  if (query.service !== undefined) form.set("service", query.service);
  form.set("scope", query.scopes.join(" "));
  const bytes = Buffer.from(form.toString(), "utf8");
  return http.send({
    method: "POST",
    url: realm,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { size: bytes.byteLength, open: () => bytesOf(bytes) },
    ...insecureHostOf(request),
  });
}

function insecureHostOf(request: AuthRequest): { insecureHost?: string } {
  return request.toleratesInvalid ? { insecureHost: request.base.host } : {};
}

async function readToken(response: HttpResponse, attempt: Attempt): Promise<{ token: string; lifeMs: number }> {
  const bytes = await collect(response.body, MAX_TOKEN_BYTES, "answer of the token server");
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's message would quote the answer, which is a secret.
    throw protocolError(attempt, "has a token server whose answer is no JSON");
  }
  if (typeof json === "object" && json !== null) {
    const token = "token" in json && json.token !== "" ? json.token : "access_token" in json ? json.access_token : undefined;
    const life = "expires_in" in json && typeof json.expires_in === "number" ? json.expires_in : 0;
    // Anything outside of printable ASCII could smuggle a header.
    if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) return { token, lifeMs: Math.max(DEFAULT_LIFE_S, life) * 1000 };
  }
  throw new DecantError("REGISTRY_AUTH", `Cannot ${attempt.action}: the token server of registry "${attempt.registry}" gave no token`, {
    hint: `docker login ${attempt.registry}`,
  });
}
