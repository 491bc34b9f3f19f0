/** A token server as docker-registry wants one (distribution's docs/spec/auth): signed JSON Web Tokens for who knows the password. */
import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import type { CertificatePair } from "./own-authority.ts";
import { startServer, type TestServer } from "./server.ts";

/** How it is set up. */
export interface TokenServerOptions {
  /** Signs tokens; its authority is known to the registry. */
  readonly signer: CertificatePair;
  readonly tls: { readonly key: string; readonly cert: string };
  readonly issuer: string;
  readonly login: { readonly username: string; readonly password: string };
  /** Given for `offline_token`, and taken in place of the password. */
  readonly identityToken: string;
}

/** Starts it, at /token. Everybody may pull from public/*; the user may do everything. */
export async function startTokenServer(options: TokenServerOptions): Promise<TestServer> {
  const { login, identityToken } = options;
  const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
  return await startServer(
    ({ path, method, headers, body }) => {
      const url = new URL(path, "https://token.test");
      const form = new URLSearchParams(body.toString("utf8"));
      const query = method === "POST" ? form : url.searchParams;
      const isUser = headers["authorization"] === basic || form.get("refresh_token") === identityToken;
      if (!isUser && (method === "POST" || headers["authorization"] !== undefined))
        return { status: 401, body: JSON.stringify({ details: "incorrect username or password" }) };
      const access = query
        .getAll("scope")
        .flatMap((scopes) => scopes.split(" "))
        .filter((scope) => scope !== "")
        .map(parseScope)
        .map(({ name, actions, ...rest }) => ({ ...rest, name, actions: isUser ? actions : name.startsWith("public/") ? ["pull"] : [] }));
      const token = signed(options, query.get("service") ?? "", access);
      const offline = isUser && query.get("offline_token") === "true" ? { refresh_token: identityToken } : {};
      const said = method === "POST" ? { access_token: token } : { token };
      return { headers: { "content-type": "application/json" }, body: JSON.stringify({ ...said, ...offline, expires_in: 60 }) };
    },
    { scheme: "https", tls: options.tls },
  );
}

interface Scope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** "repository:a/b:pull,push" */
function parseScope(scope: string): Scope {
  const [, type = "", name = "", actions = ""] = /^([^:]+):(.+):([^:]*)$/.exec(scope) ?? [];
  return { type, name, actions: actions.split(",") };
}

function signed({ signer, issuer, login }: TokenServerOptions, service: string, access: readonly Scope[]): string {
  const now = Math.floor(Date.now() / 1000);
  const chain = [new X509Certificate(signer.cert).raw.toString("base64")];
  const header = { typ: "JWT", alg: "ES256", x5c: chain };
  const claims = { iss: issuer, sub: login.username, aud: service, exp: now + 60, nbf: now - 10, iat: now, jti: randomUUID(), access };
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(text), { key: createPrivateKey(signer.key), dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
