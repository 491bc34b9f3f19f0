/**
 * Tokens for somebody who builds for us and must not have the password: the registry itself says who its token server is, and only that one gets the
 * credentials. What the other side names is compared, and never believed.
 */
import { DecantError } from "../errors.ts";
import { homeDirectory } from "../home-directory.ts";
import type { Network } from "../net/index.ts";
import { type AuthRequest, fetchToken } from "./auth.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import type { CredentialSource, RegistryToken, TokenQuestion } from "./credentials.ts";
import { pushEndpoint } from "./endpoints.ts";
import { loadRegistriesConfig } from "./registries-conf.ts";
import { registryNetwork } from "./registry-network.ts";
import { findBase, toleratesInvalid } from "./session.ts";
import { tokenSeed } from "./token-seed.ts";

/** Gets tokens for others. */
export interface TokenDesk {
  /**
   * A token for what is asked. Throws `REGISTRY_AUTH` when the registry names another token server or none; `REGISTRY` when its token server would get
   * credentials without encryption; and the codes of reaching a registry.
   */
  token(name: RepositoryOf, question: TokenQuestion, signal?: AbortSignal): Promise<RegistryToken>;
  /** A secret of this user for the registry, which stays the same. */
  seed(registry: string, signal?: AbortSignal): Promise<Buffer>;
}

/** A repository of a registry: "docker.io", "library/ubuntu". */
interface RepositoryOf {
  readonly registry: string;
  readonly repository: string;
}

/** What it works with. */
interface DeskParts {
  readonly network: Network;
  readonly credentials: CredentialSource;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Makes one. Nothing is read or asked before the first call. */
export function createTokenDesk({ network: sockets, credentials, env }: DeskParts): TokenDesk {
  const places = { env, homeDir: homeDirectory(), systemDir: "/etc" };
  const ask = async (name: RepositoryOf, signal: AbortSignal | undefined) => {
    const config = await loadRegistriesConfig(places);
    const network = registryNetwork(sockets, () => Promise.resolve(config));
    const endpoint = pushEndpoint(name, config);
    const base = await findBase(network, endpoint);
    const tolerates = toleratesInvalid(endpoint);
    const challengeAt = async (path: string): Promise<Challenge | undefined> => {
      const insecureHost = tolerates ? base.host : undefined;
      const response = await network.send({ method: "HEAD", url: new URL(path, base), insecureHost, signal });
      response.discard();
      // Another host decides nothing.
      const isItsOwn = response.status === 401 && !response.strayed && response.url.origin === base.origin;
      return isItsOwn ? parseChallenge(response.header("www-authenticate")) : undefined;
    };
    // Some let everybody look at /v2/, and guard repositories.
    const challenge = (await challengeAt("/v2/")) ?? (await challengeAt(`/v2/${name.repository}/manifests/latest`));
    return { network, endpoint, base, tolerates, challenge };
  };
  return {
    seed: async (registry, signal) => await tokenSeed(registry, places, signal),
    async token(name, { realm, scopes }, signal) {
      const { registry, repository } = name;
      const { network, endpoint, base, tolerates, challenge } = await ask(name, signal);
      const own = challenge?.scheme === "bearer" ? challenge.parameters.get("realm") : undefined;
      if (challenge === undefined || own === undefined) throw refused(registry, "the registry names no token server");
      if (hrefOf(own) !== hrefOf(realm)) {
        throw refused(registry, `the builder names the token server "${hostOf(realm)}", and the registry names "${hostOf(own)}"`);
      }
      const request: AuthRequest = {
        base,
        insecure: endpoint.insecure,
        toleratesInvalid: tolerates,
        registry,
        repository,
        scopes,
        attempt: { action: `get a token of registry "${registry}"`, registry },
        signal,
      };
      // What is asked for decides, and not what the registry proposes.
      const parameters = new Map([...challenge.parameters].filter(([key]) => key !== "scope"));
      const startedAt = Date.now();
      const { authority, expiresAt } = await fetchToken(network, request, { ...challenge, parameters }, { credentials });
      const token = (authority.headerFor(base) ?? "").replace(/^Bearer /, "");
      return { token, lifeMs: expiresAt - startedAt };
    },
  };
}

function refused(registry: string, why: string): DecantError {
  return new DecantError("REGISTRY_AUTH", `Cannot lend a token of registry "${registry}": ${why}`, {
    hint: "Use builders that you trust, or build here, without --builder",
  });
}

function hrefOf(text: string): string {
  return URL.parse(text)?.href ?? text;
}

function hostOf(text: string): string {
  return URL.parse(text)?.host ?? "";
}
