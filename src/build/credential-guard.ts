/** The guard of a build learns the accounts of registries that it uses, before the first step runs. */
import { isDecantError } from "../errors.ts";
import { parseReference } from "../oci/index.ts";
import type { Credentials } from "../registry/index.ts";
import type { SecretGuard } from "../secrets/index.ts";
import type { OpenedBuild } from "./open-build.ts";
import { outputsOf } from "./outputs.ts";
import type { BuildOptions } from "./types.ts";

/** Does a build talk to registries with an account, or will it? Then its steps must be looked through. */
export async function credentialGuard({
  options,
  guard,
  credentials,
  signal,
}: OpenedBuild<BuildOptions>): Promise<SecretGuard | undefined> {
  for (const name of destinationsOf(options)) {
    try {
      const { registry, repository } = parseReference(name);
      await credentials.source(registry, repository, signal);
    } catch (error) {
      // Whoever needs them tells what is wrong.
      if (!isDecantError(error)) throw error;
    }
  }
  if (credentials.found.size === 0) {
    if (guard !== undefined) credentials.watch((registry, one) => learnCredentials(guard, registry, one));
    return guard;
  }
  // Loaded on use: most builds have no secrets.
  const { createSecretGuard } = await import("../secrets/index.ts");
  const knowing = guard ?? createSecretGuard(options.allowSecretIn ?? []);
  for (const [registry, one] of credentials.found) learnCredentials(knowing, registry, one);
  credentials.watch((registry, one) => learnCredentials(knowing, registry, one));
  return knowing;
}

/** As it is, and as configuration files and requests have it. */
function learnCredentials(guard: SecretGuard, registry: string, credentials: Credentials): void {
  const name = `the credentials of ${registry}`;
  if (credentials.kind !== "password") {
    guard.learn(name, Buffer.from(credentials.token));
    return;
  }
  const { username, password } = credentials;
  guard.learn(name, Buffer.from(password));
  guard.learn(name, Buffer.from(Buffer.from(`${username}:${password}`).toString("base64")));
}

/** Images that will be pushed, and caches in registries: nobody has asked for their accounts yet. */
function destinationsOf(options: BuildOptions): string[] {
  const pushed = outputsOf(options).flatMap((output) =>
    output.type === "registry" || (output.type === "image" && output.push) ? output.names : [],
  );
  const caches = [...(options.cacheFrom ?? []), ...(options.cacheTo ?? [])].flatMap((cache) =>
    cache.type === "registry" ? [cache.ref] : [],
  );
  return [...new Set([...pushed, ...caches])];
}
