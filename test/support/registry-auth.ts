/** Who may do what at the fake registry: Basic, or bearer tokens from its own /token. */
import type { Answer } from "./faults.ts";
import type { Heard } from "./server.ts";

/** How the registry asks for authorization. */
export interface FakeAuth {
  readonly kind: "basic" | "bearer";
  readonly username: string;
  readonly password: string;
  /** Accepted at /token as an OAuth2 refresh token. */
  readonly identityToken?: string;
  /** Bearer only: who asks for an offline token gets `identityToken`. Default false. */
  readonly givesIdentityTokens?: boolean;
  /** Bearer only: tokens to pull are given to everybody. */
  readonly anonymousPull?: boolean;
  /** Bearer only: the realm that is named. Default: /token here. */
  readonly realm?: string;
  /** Bearer only: what becomes of a request for tokens of several repositories. Default: a token for all of them. */
  readonly several?: "refused" | "narrowed";
}

/** A request that is turned down. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
}

/** Checks and makes tokens. */
export interface Authority {
  refusal(authorization: string | undefined, method: string, url: URL, origin: string): Refusal | undefined;
  token(request: Heard, url: URL): Answer;
  expireTokens(): void;
}

/** Makes an authority; without `auth`, one that allows everything. */
export function createAuthority(auth: FakeAuth | undefined): Authority {
  /** Token → what it allows: "repository:app:pull". */
  const tokens = new Map<string, ReadonlySet<string>>();
  let made = 0;
  const basic = auth === undefined ? "" : `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
  return {
    refusal(authorization, method, url, origin) {
      if (auth === undefined) return undefined;
      if (auth.kind === "basic") {
        if (authorization === basic) return undefined;
        return { status: 401, code: "UNAUTHORIZED", headers: { "www-authenticate": 'Basic realm="fake"' } };
      }
      const wanted = wantedScopes(method, url);
      const allowed = tokens.get((authorization ?? "").replace(/^Bearer /, ""));
      if (allowed !== undefined && wanted.every((scope) => allowed.has(scope))) return undefined;
      const realm = auth.realm ?? `${origin}/token`;
      const scope = wanted.length === 0 ? "" : `,scope="${wanted[0]}"`;
      return { status: 401, code: "UNAUTHORIZED", headers: { "www-authenticate": `Bearer realm="${realm}",service="fake"${scope}` } };
    },
    token({ method, headers, body }, url) {
      if (auth === undefined) return { status: 404 };
      const form = new URLSearchParams(body.toString("utf8"));
      const isOauth2 = method === "POST";
      const scopes = (isOauth2 ? (form.get("scope") ?? "").split(" ") : url.searchParams.getAll("scope")).flatMap(splitActions);
      const isUser = isOauth2
        ? form.get("grant_type") === "refresh_token" && auth.identityToken !== undefined && form.get("refresh_token") === auth.identityToken
        : headers["authorization"] === basic;
      const isAnonymous = !isOauth2 && headers["authorization"] === undefined;
      if (!isUser && !(isAnonymous && auth.anonymousPull === true)) {
        return { status: 401, body: JSON.stringify({ details: "incorrect username or password" }) };
      }
      const names = new Set(scopes.map((scope) => scope.split(":")[1]));
      if (names.size > 1 && auth.several === "refused") return { status: 403, body: JSON.stringify({ details: "one at a time" }) };
      const granted = auth.several === "narrowed" ? scopes.filter((scope) => scope.split(":")[1] === [...names][0]) : scopes;
      made += 1;
      const token = `token-${made}`;
      tokens.set(token, new Set(isUser ? granted : granted.filter((scope) => scope.endsWith(":pull"))));
      const offline = url.searchParams.get("offline_token") === "true" && auth.givesIdentityTokens === true;
      const given = isOauth2
        ? { access_token: token }
        : { token, expires_in: 300, ...(offline ? { refresh_token: auth.identityToken } : {}) };
      return { headers: { "content-type": "application/json" }, body: JSON.stringify(given) };
    },
    expireTokens: () => tokens.clear(),
  };
}

function wantedScopes(method: string, url: URL): string[] {
  const name = /^\/v2\/(.+?)\/(?:manifests|blobs|tags|referrers)\//.exec(url.pathname)?.[1];
  return name === undefined ? [] : [`repository:${name}:${method === "GET" || method === "HEAD" ? "pull" : "push"}`];
}

function splitActions(scope: string): string[] {
  const [type = "", name = "", actions = ""] = scope.split(":");
  return actions.split(",").map((action) => `${type}:${name}:${action}`);
}
