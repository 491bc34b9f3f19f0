/** Secrets of a build: the forms in which they leak, and where they must not be. */
export { createSecretGuard, type SecretGuard } from "./guard.ts";
export type { MaskedStream } from "./mask.ts";
export { searchFor } from "./found.ts";
export type { KnownSecret, Needle } from "./needles.ts";
