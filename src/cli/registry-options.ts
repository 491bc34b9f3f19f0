/** The options of commands that talk to registries, as podman has them. */
import { resolve } from "node:path";
import { unsupported } from "../errors.ts";
import type { TextOption, UnsupportedSpec } from "./command.ts";
import type { CliContext } from "./context.ts";

/** Spread it into a command's table. */
export const REGISTRY_OPTION_TABLE: {
  readonly authfile: TextOption;
  readonly "tls-verify": { readonly type: "boolean"; readonly help: string };
} = {
  authfile: { type: "string", value: "FILE", help: "Credentials of registries, as REGISTRY_AUTH_FILE names them" },
  "tls-verify": { type: "boolean", help: "Want registries with TLS whose certificates are right; always so" },
};

/** Spread it into what a command refuses. */
export const REGISTRY_UNSUPPORTED: {
  readonly creds: UnsupportedSpec;
  readonly "cert-dir": UnsupportedSpec;
  readonly "disable-content-trust": UnsupportedSpec;
} = {
  creds: {
    type: "string",
    hint: "Log in first, as everybody on the machine can read the arguments of a command: decant login -u NAME --password-stdin SERVER",
  },
  "cert-dir": { type: "string", hint: "Put the certificates into /etc/docker/certs.d/SERVER" },
  "disable-content-trust": { type: "boolean", hint: "Leave it out: Decant does not know Docker Content Trust. See decant verify" },
};

/** The values of those options. */
export interface RegistryValues {
  readonly authfile?: string;
  readonly "tls-verify"?: boolean;
}

/** The environment that the options stand for. Throws `UNSUPPORTED`. */
export function registryEnv(values: RegistryValues, context: Pick<CliContext, "env" | "cwd">): CliContext["env"] {
  if (values["tls-verify"] === false)
    throw unsupported("Option --tls-verify=false", { hint: 'Write "insecure = true" for the registry into registries.conf' });
  const { env } = context;
  if (values.authfile === undefined) return env;
  // This file alone, as for podman. The working directory may be gone, and is looked up only here.
  return { ...env, REGISTRY_AUTH_FILE: resolve(context.cwd, values.authfile), DOCKER_AUTH_CONFIG: undefined };
}
