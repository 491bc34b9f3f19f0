/** Logging in at registries and out. */
import { usageError } from "../errors.ts";
import { login as logIn, type LoginResult, logout as logOut } from "../registry/index.ts";

/** Options of `login` and `logout`. */
export interface LoginOptions {
  /** "ghcr.io", "registry.example:5000/team". Default: Docker Hub. */
  readonly server?: string | undefined;
  /** Environment to read DOCKER_CONFIG, REGISTRY_AUTH_FILE … from. Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Logs in: the registry is asked first. Throws `USAGE`, `REGISTRY_AUTH`, `REGISTRY_UNREACHABLE`, `CONFIG_FILE`, `CREDENTIAL_HELPER`. */
export async function login(options: LoginOptions & { readonly username: string; readonly password: string }): Promise<LoginResult> {
  const { server = "", username, password, env = process.env, signal } = options;
  if (username === "" || password === "") throw usageError(`Cannot log in: the ${username === "" ? "user" : "password"} is empty`);
  if (username.includes(":")) throw usageError("Cannot log in: the user's name has a colon");
  return await logIn(server, { username, password }, { env, signal });
}

/** Forgets the credentials of a registry; `found` is false when none were kept. Throws `USAGE`, `CONFIG_FILE`, `CREDENTIAL_HELPER`. */
export async function logout({ server = "", env = process.env, signal }: LoginOptions = {}): Promise<{
  readonly registry: string;
  readonly found: boolean;
}> {
  return await logOut(server, { env, signal });
}
