/** Images from and to registries. */
export { createRegistryClient } from "./client.ts";
export type { Credentials } from "./auth-file.ts";
export {
  accountOf,
  type CredentialSource,
  fileCredentials,
  type RegistryToken,
  type TokenLender,
  type TokenQuestion,
} from "./credentials.ts";
export { createTokenDesk, type TokenDesk } from "./token-desk.ts";
export { login, type LoginResult, logout, type LogoutResult } from "./login.ts";
export type { RegistryClient } from "./types.ts";
