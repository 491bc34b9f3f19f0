/**
 * Where an image really is: applies registries.conf to a reference and gives the addresses to ask, in order
 * (containers-registries.conf(5), "Choosing a registry" and "Remapping and mirroring"). Pure.
 */
import { DecantError } from "../errors.ts";
import { formatReference, hasRegistry, parseReference, type Reference } from "../oci/index.ts";
import { hostsEndpoints } from "./hosts-endpoints.ts";
import type { RegistriesConfig, RegistryEntry } from "./registries-conf.ts";
import type { Endpoint, RepositoryName } from "./types.ts";

/** Completes what a user wrote: an alias of registries.conf for a short name, else docker.io. Throws `REFERENCE`. */
export function expandName(name: string, config: RegistriesConfig): Reference {
  if (hasRegistry(name)) return parseReference(name);
  const suffixAt = name.search(/[:@]/);
  const short = suffixAt < 0 ? name : name.slice(0, suffixAt);
  const alias = config.aliases.get(short);
  return parseReference(alias === undefined ? name : alias + name.slice(short.length));
}

/** The addresses to read from: mirrors in order, then the location itself. Throws `REGISTRY_DENIED` for a blocked registry. */
export function pullEndpoints(name: RepositoryName, config: RegistriesConfig): Endpoint[] {
  const found = findEntry(name, config);
  if (found === undefined) return hostsEndpoints(name, config.hosts) ?? [direct(name, false)];
  const { entry } = found;
  const byDigest = name.digest !== undefined;
  const mirrors = entry.mirrors.filter(({ pull }) => {
    if (entry.mirrorByDigestOnly && !byDigest) return false;
    return pull === "all" || (pull === "digest-only") === byDigest;
  });
  return [
    ...mirrors.map((mirror) => ({ ...direct(rewrite(found, mirror.location), mirror.insecure), mirror: true })),
    direct(entry.location === "" ? name : rewrite(found, entry.location), entry.insecure),
  ];
}

/** The address to write to: what the name says, never a mirror or another location. Throws `REGISTRY_DENIED` for a blocked registry. */
export function pushEndpoint(name: RepositoryName, config: RegistriesConfig): Endpoint {
  const entry = findEntry(name, config)?.entry;
  const plain = direct(name, entry?.insecure ?? false);
  const own = entry === undefined ? hostsEndpoints(name, config.hosts)?.at(-1) : undefined;
  return own?.host === plain.host ? { ...plain, insecure: own.insecure } : plain;
}

interface Found {
  readonly entry: RegistryEntry;
  /** What follows the prefix: "/library/ubuntu:22.04". */
  readonly rest: string;
}

function findEntry(name: RepositoryName, config: RegistriesConfig): Found | undefined {
  const full = formatReference(name);
  let best: Found | undefined;
  for (const entry of config.registries) {
    const end = matchEnd(full, name.registry, entry.prefix);
    if (end !== undefined && (best === undefined || entry.prefix.length > best.entry.prefix.length)) {
      best = { entry, rest: full.slice(end) };
    }
  }
  if (best?.entry.blocked === true) {
    throw new DecantError("REGISTRY_DENIED", `Cannot use image "${full}": "${best.entry.prefix}" is blocked by "${best.entry.file}"`, {
      hint: `Remove "blocked = true" there, or use another registry`,
    });
  }
  return best;
}

/** Where the part of `full` that a prefix covers ends. "quay.io/a" covers "quay.io/a/b" and "quay.io/a:v1", not "quay.io/ab". */
function matchEnd(full: string, registry: string, prefix: string): number | undefined {
  if (!prefix.startsWith("*."))
    return full.startsWith(prefix) && /^(?:$|[/:@])/.test(full.slice(prefix.length)) ? prefix.length : undefined;
  return registry.endsWith(prefix.slice(1)) ? registry.length : undefined;
}

function rewrite({ entry, rest }: Found, location: string): RepositoryName {
  // A location that is a host alone, for a prefix that is a whole repository, names nothing.
  const text = location + rest;
  if (!text.includes("/")) {
    throw new DecantError("CONFIG_FILE", `Cannot use "${entry.file}": "${entry.prefix}" becomes "${text}"; wanted host/repository`);
  }
  return parseReference(text, { defaultTag: null });
}

function direct({ registry, repository }: RepositoryName, insecure: boolean): Endpoint {
  return { registry, host: registry === "docker.io" ? "registry-1.docker.io" : registry, repository, insecure, mirror: false };
}
