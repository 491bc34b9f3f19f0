/** Logging in at a registry and out: the registry is asked (GET /v2/, with its token server) before anything is kept. */
import { homeDirectory } from "../home-directory.ts";
import { DecantError } from "../errors.ts";
import { createNetwork } from "../net/index.ts";
import { createAuth } from "./auth.ts";
import { type Credentials, normalizeKey } from "./auth-file.ts";
import { credentialsElsewhere } from "./credentials.ts";
import { pushEndpoint } from "./endpoints.ts";
import { statusError } from "./errors.ts";
import { forgetCredentials, type Kept, keepCredentials } from "./keep-credentials.ts";
import { loadRegistriesConfig } from "./registries-conf.ts";
import { registryNetwork } from "./registry-network.ts";
import { findBase, toleratesInvalid } from "./session.ts";

/** Where settings are, and what ends the call. */
interface LoginPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: the user's. */
  readonly homeDir?: string | undefined;
  /** Default "/etc". */
  readonly systemDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A login that worked. */
export interface LoginResult {
  /** "docker.io", "ghcr.io". */
  readonly registry: string;
  readonly kept: Kept;
  /** False where the registry lets everybody in, and so did not look at the password. */
  readonly checked: boolean;
}

/**
 * Asks the registry whether it accepts user and password, and keeps them, or the identity token that its token server gives. `server`: as for
 * docker login, "" for Docker Hub. Throws `USAGE`, `REGISTRY_AUTH`, `CONFIG_FILE`, `CREDENTIAL_HELPER`, and the codes of reaching a registry.
 */
export async function login(
  server: string,
  user: { readonly username: string; readonly password: string },
  places: LoginPlaces,
): Promise<LoginResult> {
  const key = keyOf(server);
  const { credentials, checked } = await check(key, { kind: "password", ...user }, places);
  const kept = await keepCredentials(key, { username: user.username, credentials }, withHome(places), places.signal);
  return { registry: key, kept, checked };
}

/** What a logout found. */
export interface LogoutResult {
  /** "docker.io", "ghcr.io". */
  readonly registry: string;
  /** False when there was nothing to forget. */
  readonly found: boolean;
  /** Files of others, and "$DOCKER_AUTH_CONFIG", that still have credentials for the registry: Decant uses them from now on. */
  readonly elsewhere: readonly string[];
}

/** Forgets what `login` kept. Throws `USAGE`, `CONFIG_FILE`, `CREDENTIAL_HELPER`. */
export async function logout(server: string, places: LoginPlaces): Promise<LogoutResult> {
  const key = keyOf(server);
  const all = withHome(places);
  const found = await forgetCredentials(key, all, places.signal);
  return { registry: key, found, elsewhere: await credentialsElsewhere(key, all) };
}

function withHome(places: LoginPlaces): LoginPlaces & { readonly homeDir: string } {
  return { ...places, homeDir: places.homeDir ?? homeDirectory() };
}

function keyOf(server: string): string {
  const key = normalizeKey(server === "" ? "docker.io" : server);
  if (URL.parse(`https://${key}/`) === null || /[@?#\s\\]/.test(key) || key.startsWith("/"))
    throw new DecantError("USAGE", `Cannot use "${server}" as a registry; wanted HOST[:PORT][/PATH]`);
  return key;
}

async function check(
  key: string,
  user: Credentials & { readonly kind: "password" },
  places: LoginPlaces,
): Promise<{ readonly credentials: Credentials; readonly checked: boolean }> {
  const { env, homeDir, systemDir = "/etc" } = withHome(places);
  using sockets = createNetwork({ env, homeDir, systemDir });
  const config = await loadRegistriesConfig({ env, homeDir, systemDir });
  const network = registryNetwork(sockets, () => Promise.resolve(config));
  const [registry = "", ...path] = key.split("/");
  const endpoint = pushEndpoint({ registry, repository: path.join("/") }, config);
  let identity: string | undefined;
  const auth = createAuth(
    network,
    () => Promise.resolve(user),
    (token) => (identity = token),
  );
  const base = await findBase(network, endpoint);
  const tolerates = toleratesInvalid(endpoint);
  const attempt = { action: `log in to "${key}"`, registry, isLogin: true };
  const request = {
    base,
    insecure: endpoint.insecure,
    toleratesInvalid: tolerates,
    registry,
    repository: endpoint.repository,
    scopes: [],
    attempt,
    signal: places.signal,
  };
  const ask = (authority?: Awaited<ReturnType<typeof auth.known>>) =>
    network.send({
      method: "GET",
      url: new URL("/v2/", base),
      authority,
      signal: places.signal,
      ...(tolerates ? { insecureHost: base.host } : {}),
    });
  let response = await ask();
  const checked = response.status === 401;
  const authority = checked ? await auth.answer(request, response, undefined) : undefined;
  if (authority !== undefined) {
    response.discard();
    response = await ask(authority);
  }
  if (response.status !== 200) throw await statusError(attempt, response, authority?.hide);
  response.discard();
  return { credentials: identity === undefined ? user : { kind: "identity-token", token: identity }, checked };
}
