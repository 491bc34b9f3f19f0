/** Puts the pieces of a registry client together; what each call does is in pull.ts, push.ts and listing.ts. */
import { homeDirectory } from "../home-directory.ts";
import { createSemaphore, createShared, type Semaphore } from "../async.ts";
import { noEvents } from "../events.ts";
import { createNetwork } from "../net/index.ts";
import { createAuth } from "./auth.ts";
import { fileCredentials } from "./credentials.ts";
import { expandName, pullEndpoints, pushEndpoint } from "./endpoints.ts";
import { listReferrers, listTags, noteReferrer } from "./listing.ts";
import { createMirrors } from "./mirrors.ts";
import { blobSize, fetchBlob, fetchManifest, type PullContext, resolveReference } from "./pull.ts";
import { hasBlob, mountBlob, pushBlob, pushManifest } from "./push.ts";
import { loadRegistriesConfig, type RegistriesConfig } from "./registries-conf.ts";
import { registryNetwork } from "./registry-network.ts";
import { createSession } from "./session.ts";
import type { Endpoint, RegistryClient, RegistryClientOptions, RepositoryName } from "./types.ts";

/**
 * Makes a client. Nothing is read or connected before the first call. Dispose it to close its connections; forgetting to
 * does not keep the process alive.
 */
export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const { env = process.env, homeDir = homeDirectory(), systemDir = "/etc" } = options;
  const sockets = options.network ?? createNetwork({ env, homeDir, systemDir });
  const loading = createShared<"config", RegistriesConfig>({ cancel: "never" });
  const config = (): Promise<RegistriesConfig> =>
    loading.run("config", async () => options.config ?? (await loadRegistriesConfig({ env, homeDir, systemDir })));
  const network = registryNetwork(sockets, config);
  const auth = createAuth(network, options.credentials ?? fileCredentials({ env, homeDir }));
  const ctx: PullContext & { readonly referrerTurns: Semaphore } = {
    session: createSession({ network, auth }),
    network,
    referrerTurns: createSemaphore(1),
    retriesAt: (endpoint) => network.retriesAt(endpoint),
    mirrors: createMirrors(options.emit ?? noEvents),
  };
  const sources = async (name: RepositoryName): Promise<Endpoint[]> => pullEndpoints(name, await config());
  const target = async (name: RepositoryName): Promise<Endpoint> => {
    const endpoint = pushEndpoint(name, await config());
    return options.insecure === true ? { ...endpoint, insecure: true } : endpoint;
  };
  /** Lists are not mirrored: a mirror knows only what was asked of it. */
  const origin = async (name: RepositoryName): Promise<Endpoint> => (await sources(name)).at(-1) ?? (await target(name));
  const linked = <Call extends { readonly signal?: AbortSignal | undefined }>(call: Call): Call => {
    const signals = [options.signal, call.signal].filter((signal) => signal !== undefined);
    return signals.length === 0 ? call : { ...call, signal: signals.length === 1 ? signals[0] : AbortSignal.any(signals) };
  };

  return {
    reference: async (name) => expandName(name, await config()),
    resolve: async (reference, call = {}) => resolveReference(ctx, await sources(reference), reference, linked(call)),
    manifest: async (reference, call = {}) => fetchManifest(ctx, await sources(reference), reference, linked(call)),
    blob: (name, descriptor, call = {}) => fetchBlob(ctx, () => sources(name), descriptor, linked(call)),
    blobSize: async (name, digest, call = {}) => blobSize(ctx, await sources(name), digest, linked(call)),
    hasBlob: async (name, digest, call = {}) => hasBlob(ctx, await target(name), digest, linked(call)),
    mountBlob: async (name, from, digest, call = {}) => mountBlob(ctx, await target(name), from, digest, linked(call)),
    pushBlob: async (name, descriptor, open, call = {}) => pushBlob(ctx, await target(name), { descriptor, open }, linked(call)),
    async pushManifest(name, mediaType, bytes, call = {}) {
      const endpoint = await target(name);
      const pushed = await pushManifest(ctx, endpoint, name, { mediaType, bytes }, linked(call));
      if (!pushed.knowsSubject) await noteReferrer(ctx, endpoint, name, { descriptor: pushed.descriptor, bytes }, linked(call));
      return pushed.descriptor;
    },
    referrers: async (name, digest, call = {}) => listReferrers(ctx, await origin(name), name, { ...linked(call), digest }),
    tags: async (name, call = {}) => listTags(ctx, await origin(name), name, linked(call)),
    [Symbol.dispose]() {
      if (options.network === undefined) sockets[Symbol.dispose]();
    },
  };
}
