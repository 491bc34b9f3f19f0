/** Secrets of a build: the forms in which they leak, and where they must not be. */
export { createSecretGuard, type SecretGuard } from "./guard.ts";
export type { MaskedStream } from "./mask.ts";
export { type KnownSecret, type Needle, needlesOf } from "./needles.ts";
export { createSearch } from "./search.ts";
