/** Logging in at registries and out. */
import { usageError } from "../errors.ts";
import { LOGIN, LOGOUT } from "./options/login.ts";
import { checkOptions } from "./options/shape.ts";
import type { LoginOptions, LogoutOptions } from "./types.ts";
import { login as logIn, type LoginResult, logout as logOut, type LogoutResult } from "../registry/index.ts";

/** Logs in: the registry is asked first. Throws `USAGE`, `REGISTRY_AUTH`, `REGISTRY_UNREACHABLE`, `CONFIG_FILE`, `CREDENTIAL_HELPER`. */
export async function login(options: LoginOptions): Promise<LoginResult> {
  checkOptions(LOGIN, options);
  const { server = "", username, password, env = process.env, signal } = options;
  if (username === "" || password === "") throw usageError(`Cannot log in: the ${username === "" ? "user" : "password"} is empty`);
  if (username.includes(":")) throw usageError("Cannot log in: the user's name has a colon");
  return await logIn(server, { username, password }, { env, signal });
}

/** Forgets the credentials of a registry that `login` keeps; says who else has some. Throws `USAGE`, `CONFIG_FILE`, `CREDENTIAL_HELPER`. */
export async function logout(options: LogoutOptions = {}): Promise<LogoutResult> {
  checkOptions(LOGOUT, options);
  const { server = "", env = process.env, signal } = options;
  return await logOut(server, { env, signal });
}
