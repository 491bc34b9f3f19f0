/**
 * Where an image really is, as a hosts.toml says: its mirrors in order, then the registry itself (containerd's docs/hosts.md). A path of an address is taken
 * where it is a prefix of repositories: "/v2/PREFIX" with override_path.
 */
import { given } from "../given.ts";
import { DecantError } from "../errors.ts";
import type { HostsAddress, HostsFile } from "../net/index.ts";
import type { Endpoint, RepositoryName } from "./types.ts";

/** The addresses to read from; undefined where no file is for this registry. Throws `CONFIG_FILE` for a file that cannot be used. */
export function hostsEndpoints(name: RepositoryName, hosts: ReadonlyMap<string, HostsFile | DecantError>): Endpoint[] | undefined {
  const file = hosts.get(name.registry) ?? hosts.get("_default");
  if (file === undefined) return undefined;
  if (file instanceof DecantError) throw file;
  const byDigest = name.digest !== undefined;
  // Without "resolve" a mirror is not asked what a tag means.
  const asked = file.mirrors.filter(({ capabilities }) => capabilities.has("pull") && (byDigest || capabilities.has("resolve")));
  const mirrors = asked.map((address) => ({ ...endpointOf(name, address), mirror: true, standsFor: name.registry }));
  const own = file.server === undefined ? undefined : endpointOf(name, file.server);
  const host = name.registry === "docker.io" ? "registry-1.docker.io" : name.registry;
  const plain = { registry: name.registry, host, repository: name.repository, insecure: false, mirror: false };
  // The credentials of the registry are for its own host.
  return [...mirrors, own === undefined ? plain : { ...own, registry: own.host === host ? name.registry : own.registry }];
}

function endpointOf({ repository }: RepositoryName, { url, insecure, overridePath, hasHeaders, place }: HostsAddress): Endpoint {
  const path = url.pathname.replace(/\/+$/, "");
  const prefix = overridePath ? /^\/v2(?:\/(.+))?$/.exec(path) : path === "" || path === "/v2" ? [] : null;
  const refused = hasHeaders
    ? `"${place}" has headers for it, which Decant does not send`
    : prefix === null
      ? `"${place}" gives it the path "${path}"; Decant takes "/v2/PREFIX" with override_path only`
      : undefined;
  return {
    registry: url.host,
    host: url.host,
    repository: prefix?.[1] === undefined ? repository : `${prefix[1]}/${repository}`,
    insecure: insecure || url.protocol === "http:",
    mirror: false,
    ...given({ refused }),
  };
}
