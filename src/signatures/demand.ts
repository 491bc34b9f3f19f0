/** Whose signatures count: keys, or identities that a certificate authority has confirmed. */
import type { KeyFile } from "./keys.ts";

/** Somebody whom a token of OpenID Connect names. Both must fit: anybody may have such a name elsewhere. */
export interface SignerIdentity {
  /** "me@example.com", or the address of a workflow. */
  readonly subject: string | RegExp;
  /** Who says so: "https://token.actions.githubusercontent.com". */
  readonly issuer: string | RegExp;
}

/** One signature by one of these is wanted. */
export interface SignatureDemand {
  readonly keys?: readonly KeyFile[] | undefined;
  readonly identities?: readonly SignerIdentity[] | undefined;
  /** The authorities and logs that count, as `cosign trusted-root` writes them. Default: those of sigstore.dev, as of this version of Decant. */
  readonly trustedRoot?: KeyFile | undefined;
  /** What a signature must say besides. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** "the key "cosign.pub"", "me@example.com (https://accounts.google.com)". */
export function shownDemand({ keys = [], identities = [] }: SignatureDemand): string {
  const all = [
    ...keys.map(({ shown }) => `the key "${shown}"`),
    ...identities.map(({ subject, issuer }) => `${String(subject)} (${String(issuer)})`),
  ];
  return all.join(" or ");
}
