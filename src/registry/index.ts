/** Images from and to registries. */
export { createRegistryClient } from "./client.ts";
export type { Credentials } from "./auth-file.ts";
export { type CredentialSource, fileCredentials } from "./credentials.ts";
export { login, type LoginResult, logout, type LogoutResult } from "./login.ts";
export type { RegistryClient } from "./types.ts";
