/** The accounts of registries that a build uses: secrets that nothing it makes may have. */
import type { Credentials, CredentialSource } from "../registry/index.ts";

/** Credentials that were asked for. */
export interface UsedCredentials {
  /** Passes them on, and notes them. */
  readonly source: CredentialSource;
  /** Those so far, by registry. */
  readonly found: ReadonlyMap<string, Credentials>;
  /** Is told of all that come from now on. */
  watch(onFound: (registry: string, credentials: Credentials) => void): void;
}

/** Notes what `source` gives. */
export function noteCredentials(source: CredentialSource): UsedCredentials {
  const found = new Map<string, Credentials>();
  let tell: Parameters<UsedCredentials["watch"]>[0] = () => undefined;
  const note = (registry: string, credentials: Credentials | undefined): Credentials | undefined => {
    if (credentials !== undefined) {
      found.set(registry, credentials);
      tell(registry, credentials);
    }
    return credentials;
  };
  return {
    found,
    watch(onFound) {
      tell = onFound;
    },
    async source(registry, repository, signal) {
      const credentials = await source(registry, repository, signal);
      // Who lends tokens keeps the secret, unless the registry takes nothing else.
      if (credentials?.kind === "lender")
        return { ...credentials, credentials: async () => note(registry, await credentials.credentials()) };
      return note(registry, credentials);
    },
  };
}
