/** Images from and to registries. */
export { createRegistryClient } from "./client.ts";
export { type CredentialPlaces, type Credentials, type CredentialSource, fileCredentials } from "./credentials.ts";
export {
  EMPTY_REGISTRIES,
  loadRegistriesConfig,
  parseRegistriesConfig,
  type RegistriesConfig,
  type RegistriesPlaces,
  type RegistryEntry,
  type RegistryMirror,
} from "./registries-conf.ts";
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
