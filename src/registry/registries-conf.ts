/**
 * registries.conf, version 2, as podman reads it (containers-registries.conf(5)): mirrors, rewrites, insecure and blocked registries, aliases of
 * short names. Search lists for short names are read but not followed: as with docker, a name without a registry means docker.io,
 * so that one Dockerfile means one image everywhere.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { DecantError, errnoOf } from "../errors.ts";
import { type HostsFile, readHostsFiles } from "../net/index.ts";
import { readNamedFile } from "../sys/index.ts";
import { readToml, tomlLine } from "../toml.ts";

/** A `[[registry.mirror]]`. */
interface RegistryMirror {
  /** host[:port][/path]. */
  readonly location: string;
  readonly insecure: boolean;
  readonly pull: "all" | "digest-only" | "tag-only";
}

/** A `[[registry]]`. */
export interface RegistryEntry {
  /** host[:port][/path[:tag|@digest]], or "*.host". */
  readonly prefix: string;
  /** What replaces the prefix; empty: nothing does. */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrorByDigestOnly: boolean;
  readonly mirrors: readonly RegistryMirror[];
  /** The file that says so, with its line, for messages. */
  readonly file: string;
}

/** All files together. */
export interface RegistriesConfig {
  readonly registries: readonly RegistryEntry[];
  /** Short name → full name, both without tag. */
  readonly aliases: ReadonlyMap<string, string>;
  /** hosts.toml of containerd and docker, by host: for names that no `[[registry]]` fits. */
  readonly hosts: ReadonlyMap<string, HostsFile | DecantError>;
  /** Read for completeness; not followed. */
  readonly unqualifiedSearch: readonly string[];
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const LOCATION = /^[A-Za-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._/-]+)?$|^\[[0-9A-Fa-f:]+\](?::\d+)?(?:\/[a-z0-9._/-]+)?$/;
const location = v.pipe(v.string(), v.regex(LOCATION, "is not host[:port][/path]"));
const mirror = v.looseObject({
  location,
  insecure: v.optional(v.boolean(), false),
  "pull-from-mirror": v.optional(v.picklist(["all", "digest-only", "tag-only", ""]), "all"),
});
const registry = v.looseObject({
  prefix: v.optional(v.pipe(v.string(), v.maxLength(1024)), ""),
  location: v.optional(v.union([v.literal(""), location]), ""),
  insecure: v.optional(v.boolean(), false),
  blocked: v.optional(v.boolean(), false),
  "mirror-by-digest-only": v.optional(v.boolean(), false),
  mirror: v.optional(v.array(mirror), []),
});
const schema = v.looseObject({
  "unqualified-search-registries": v.optional(v.array(v.string())),
  registry: v.optional(v.array(registry), []),
  aliases: v.optional(v.record(v.string(), v.string()), {}),
  /** Of version 1. */
  registries: v.optional(v.unknown()),
});

/** Where `loadRegistriesConfig` looks. */
interface RegistriesPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  /** Default "/etc". */
  readonly systemDir?: string;
}

/**
 * Reads $CONTAINERS_REGISTRIES_CONF, else ~/.config/containers/registries.conf, else /etc/containers/registries.conf; then the *.conf of
 * registries.conf.d in /etc/containers and in ~/.config/containers, by name; later files win. Also every hosts.toml. Throws `CONFIG_FILE`.
 */
export async function loadRegistriesConfig(places: RegistriesPlaces): Promise<RegistriesConfig> {
  const { env, homeDir, systemDir = "/etc" } = places;
  const xdg = env["XDG_CONFIG_HOME"];
  const userDir = join(xdg === undefined || xdg === "" ? join(homeDir, ".config") : xdg, "containers");
  const folders = [join(systemDir, "containers"), userDir];
  const dropIns: string[] = [];
  for (const folder of folders) dropIns.push(...(await confFilesIn(join(folder, "registries.conf.d"))));

  const parsed: RegistriesConfig[] = [];
  const explicit = env["CONTAINERS_REGISTRIES_CONF"];
  if (explicit !== undefined && explicit !== "") {
    const text = await readIfThere(explicit);
    if (text === undefined) throw badFile(explicit, "there is no such file; CONTAINERS_REGISTRIES_CONF names it");
    parsed.push(await parseRegistriesConfig(text, explicit));
  } else {
    for (const path of folders.toReversed().map((folder) => join(folder, "registries.conf"))) {
      const text = await readIfThere(path);
      if (text === undefined) continue;
      parsed.push(await parseRegistriesConfig(text, path));
      break;
    }
  }
  for (const path of dropIns) parsed.push(await parseRegistriesConfig((await readIfThere(path)) ?? "", path));
  return { ...mergeConfigs(parsed), hosts: await readHostsFiles({ systemDir }) };
}

/** Parses one file; `path` is for messages, which name the line. Throws `CONFIG_FILE`. */
export async function parseRegistriesConfig(text: string, path: string): Promise<RegistriesConfig> {
  const read = await readToml(text, schema);
  if ("problem" in read) throw badFile(path, read.problem, read);
  const { aliases, registry: entries, registries: isOld, "unqualified-search-registries": unqualifiedSearch } = read.value;
  if (isOld !== undefined)
    throw badFile(path, 'it has version 1 ("[registries.…]"); wanted version 2 ("[[registry]]")', { line: tomlLine(text, ["registries"]) });
  const lineOf = (at: number): number | undefined => tomlLine(text, ["registry", at]);
  return {
    registries: entries.map((entry, at) => toEntry(entry, path, lineOf(at))),
    aliases: new Map(Object.entries(aliases)),
    unqualifiedSearch: unqualifiedSearch ?? [],
    hosts: new Map(),
  };
}

function toEntry(entry: v.InferOutput<typeof registry>, file: string, line: number | undefined): RegistryEntry {
  const prefix = entry.prefix === "" ? entry.location : entry.prefix;
  if (prefix === "") throw badFile(file, "a [[registry]] has neither prefix nor location", { line });
  const isWildcard = prefix.startsWith("*.");
  return {
    prefix,
    location: entry.location === "" && !isWildcard ? prefix : entry.location,
    insecure: entry.insecure,
    blocked: entry.blocked,
    mirrorByDigestOnly: entry["mirror-by-digest-only"],
    mirrors: entry.mirror.map((one) => {
      const pull = one["pull-from-mirror"];
      return { location: one.location, insecure: one.insecure, pull: pull === "" ? "all" : pull };
    }),
    file: placeOf(file, line),
  };
}

function mergeConfigs(configs: readonly RegistriesConfig[]): RegistriesConfig {
  const registries = new Map<string, RegistryEntry>();
  const aliases = new Map<string, string>();
  let unqualifiedSearch: readonly string[] = [];
  for (const config of configs) {
    for (const entry of config.registries) registries.set(entry.prefix, entry);
    for (const [name, value] of config.aliases) aliases.set(name, value);
    if (config.unqualifiedSearch.length > 0) unqualifiedSearch = config.unqualifiedSearch;
  }
  // An empty value takes an alias of an earlier file away.
  for (const [name, value] of aliases) if (value === "") aliases.delete(name);
  return { registries: [...registries.values()], aliases, unqualifiedSearch, hosts: new Map() };
}

async function confFilesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => name.endsWith(".conf"))
      .toSorted()
      .map((name) => join(folder, name));
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw badFile(folder, errnoOf(error) ?? "it cannot be read", { cause: error });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_FILE_BYTES });
  if ("bytes" in read) return read.bytes.toString("utf8");
  if (read.isMissing) return undefined;
  throw badFile(path, read.problem);
}

function badFile(
  path: string,
  state: string,
  { line, cause }: { readonly line?: number | undefined; readonly cause?: unknown } = {},
): DecantError {
  return new DecantError("CONFIG_FILE", `Cannot use "${placeOf(path, line)}": ${state}`, { cause });
}

/** "/etc/containers/registries.conf:12". */
function placeOf(path: string, line: number | undefined): string {
  return line === undefined ? path : `${path}:${line}`;
}
