/** A certificate for localhost that nobody trusts, and its key: for tests only, which is why it may be published. Valid until 2120. */
import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

/** PEM texts. */
export const LOCALHOST_TLS: { readonly cert: string; readonly key: string } = {
  cert: readFileSync(new URL("testdata/localhost.crt", import.meta.url), "utf8"),
  key: readFileSync(new URL("testdata/localhost.key", import.meta.url), "utf8"),
};

/** Makes this process trust it, for clients that take no certificates of their own. */
export function trustLocalhost(): void {
  setDefaultCACertificates([...getCACertificates("default"), LOCALHOST_TLS.cert]);
}
