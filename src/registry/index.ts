/** Images from and to registries. */
export { createRegistryClient } from "./client.ts";
export type { RegistryClient } from "./types.ts";
