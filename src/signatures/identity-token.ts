/** Tokens of OpenID Connect that say who signs: given, or fetched where a CI service offers one. */
import * as v from "valibot";
import { createAuthority, hiding, type Network } from "../net/index.ts";
import { askService } from "./sigstore-request.ts";

const AUDIENCE = "sigstore";
const answerSchema = v.object({ value: v.string() });

/** The environment. */
type Env = Readonly<Record<string, string | undefined>>;

/**
 * The token of the surroundings: SIGSTORE_ID_TOKEN (GitLab, or by hand), or that of GitHub's workflows with the permission `id-token: write`.
 * Undefined where there is none. Throws `SIGNING`.
 */
export async function ambientToken(network: Network, env: Env, signal: AbortSignal): Promise<string | undefined> {
  const { SIGSTORE_ID_TOKEN: own = "", ACTIONS_ID_TOKEN_REQUEST_URL: place = "", ACTIONS_ID_TOKEN_REQUEST_TOKEN: right = "" } = env;
  if (own !== "") return own.trim();
  const url = URL.parse(place);
  if (url === null || right === "") return undefined;
  url.searchParams.set("audience", AUDIENCE);
  const authority = createAuthority(url, `Bearer ${right}`);
  const answer = await askService(network, { service: "token service", url, authority, hide: authority.hide, signal });
  const parsed = v.safeParse(answerSchema, answer);
  return parsed.success ? parsed.output.value : undefined;
}

/** What a token says of its owner: what the certificate authority wants a signature of. Undefined for what is no token. */
export function subjectOf(token: string): string | undefined {
  const [, claims = ""] = token.split(".");
  const schema = v.object({ sub: v.string(), email: v.optional(v.string()), email_verified: v.optional(v.unknown()) });
  try {
    const parsed = v.safeParse(schema, JSON.parse(Buffer.from(claims, "base64url").toString("utf8")));
    return parsed.success ? (parsed.output.email ?? parsed.output.sub) : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the token, in whole or its parts, out of what a service says. */
export function hidingToken(token: string): (text: string) => string {
  return hiding([token, ...token.split(".").filter((part) => part.length > 8)]);
}
