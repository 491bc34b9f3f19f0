/** Images from and to registries. */
export { type Authority, basicAuthority, createAuthority, splitUserInfo } from "./authority.ts";
export { createRegistryClient } from "./client.ts";
export { type CredentialPlaces, type Credentials, type CredentialSource, fileCredentials } from "./credentials.ts";
export { type FetchArrival, fetchFollowing } from "./fetch-following.ts";
export {
  EMPTY_REGISTRIES,
  loadRegistriesConfig,
  parseRegistriesConfig,
  type RegistriesConfig,
  type RegistriesPlaces,
  type RegistryEntry,
  type RegistryMirror,
} from "./registries-conf.ts";
export { linkProblem } from "./redirects.ts";
export { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
export type {
  CallOptions,
  FetchedManifest,
  ImageSink,
  ImageSource,
  RegistryClient,
  RegistryClientOptions,
  RepositoryName,
  Resolved,
  TransferOptions,
} from "./types.ts";
