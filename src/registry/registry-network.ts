/** The network as this room uses it: every request with our errors, our certificates, and the hosts that registries.conf names. */
import { hostsAddresses, IMPATIENT, type NetRequest, type NetResponse, type Network, type Retries } from "../net/index.ts";
import type { Endpoint } from "./types.ts";
import { networkError } from "./errors.ts";
import type { RegistriesConfig } from "./registries-conf.ts";

/** Sends the requests of a registry client. */
export interface RegistryNetwork {
  /** Throws `REGISTRY_UNREACHABLE`, `REGISTRY` for redirects that must not be followed, and what `Network.send` throws besides. */
  send(request: Omit<NetRequest, "fail" | "named" | "identify">): Promise<NetResponse>;
  /** For mirrors, and whatever else has a substitute, not for long. */
  retriesAt(endpoint: Pick<Endpoint, "mirror">): Retries;
}

/** Makes a `RegistryNetwork`. */
export function registryNetwork(network: Network, config: () => Promise<RegistriesConfig>): RegistryNetwork {
  return {
    send: async (request) => network.send({ ...request, named: hostsOf(await config()), identify: true, fail: networkError }),
    retriesAt: ({ mirror }) => network.retries(mirror ? IMPATIENT : {}),
  };
}

/** The user's own files have them, so they may be led to, wherever they are. */
function hostsOf({ registries, hosts }: RegistriesConfig): ReadonlySet<string> {
  const places = registries.flatMap(({ prefix, location, mirrors }) => [prefix, location, ...mirrors.map((mirror) => mirror.location)]);
  return new Set([...places.map((place) => place.replace(/\/.*$/, "")), ...hostsAddresses(hosts).map(({ url }) => url.host)]);
}
