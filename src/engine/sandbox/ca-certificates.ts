/**
 * The host's certificate bundle for steps behind a proxy that re-signs TLS. It is a mount, so nothing of it stays in a layer; which
 * variables name it is not part of what the image records.
 */
import { realpathSync, statSync } from "node:fs";

/** Where a step sees the bundle. */
export const CA_BUNDLE_TARGET = "/run/decant/ca-certificates.crt";

/** Variables by which programs find a bundle, in the order in which the host's are asked. */
const VARIABLES = [
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "GIT_SSL_CAINFO",
  "npm_config_cafile",
  "CARGO_HTTP_CAINFO",
  "AWS_CA_BUNDLE",
] as const;

/** The bundle that `env` of the host names, or undefined when no variable names a file that exists. */
export function hostCaCertificates(env: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const name of VARIABLES) {
    const path = env[name];
    if (path === undefined || path === "") continue;
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return realpathSync(path);
  }
  return undefined;
}

/** `env` ("NAME=value") with the variables that name the bundle, but for those that it has already. */
export function withCaVariables(env: readonly string[]): string[] {
  const present = new Set(env.map((pair) => pair.slice(0, Math.max(0, pair.indexOf("=")))));
  return [...env, ...VARIABLES.filter((name) => !present.has(name)).map((name) => `${name}=${CA_BUNDLE_TARGET}`)];
}
