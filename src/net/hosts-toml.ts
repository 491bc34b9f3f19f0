/**
 * hosts.toml of containerd and docker (certs.d/HOST/hosts.toml; HOST "_default": all others): which mirrors a registry has, and which certificates
 * count for whom. Reads the files; what mirrors mean is the registry room's business.
 */
import { readdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { DecantError, errnoOf } from "../errors.ts";
import { readNamedFile } from "../sys/index.ts";
import { readToml, tomlLine } from "../toml.ts";

/** Where certs.d folders are. */
interface HostsPlaces {
  /** "/etc". */
  readonly systemDir: string;
}

/** What a file says of one address. */
export interface HostsAddress {
  /** With the path of the address; without user information. */
  readonly url: URL;
  readonly capabilities: ReadonlySet<string>;
  /** Its certificate need not be valid. */
  readonly insecure: boolean;
  /** Paths of PEM files. */
  readonly ca: readonly string[];
  /** Paths of a certificate and its key; both are one where the file names one. */
  readonly client: readonly (readonly [cert: string, key: string])[];
  /** The path is all of it: "/v2" is not added. */
  readonly overridePath: boolean;
  readonly hasHeaders: boolean;
  /** "/etc/containerd/certs.d/docker.io/hosts.toml:4". */
  readonly place: string;
}

/** A file. */
export interface HostsFile {
  /** The name of its folder: "docker.io", "registry.example:5000", "_default". */
  readonly host: string;
  /** The registry itself, where the file names it. */
  readonly server: HostsAddress | undefined;
  /** To be asked before it, in order. */
  readonly mirrors: readonly HostsAddress[];
}

const MAX_FILE_BYTES = 1024 * 1024;
const list = v.union([v.string(), v.array(v.string())]);
const fields = {
  capabilities: v.optional(v.array(v.string()), ["pull", "resolve", "push"]),
  ca: v.optional(list, []),
  client: v.optional(v.union([v.string(), v.array(list)]), []),
  skip_verify: v.optional(v.boolean(), false),
  override_path: v.optional(v.boolean(), false),
  header: v.optional(v.record(v.string(), v.unknown()), {}),
};
const address = v.looseObject(fields);
const schema = v.looseObject({ ...fields, server: v.optional(v.string()), host: v.optional(v.record(v.string(), address), {}) });

/**
 * Every file below /etc/containerd/certs.d, then /etc/docker/certs.d; for one host the first counts. One that cannot be used is an error for who asks
 * for its host, and nobody else's business.
 */
export async function readHostsFiles({ systemDir }: HostsPlaces): Promise<ReadonlyMap<string, HostsFile | DecantError>> {
  const found = new Map<string, HostsFile | DecantError>();
  for (const folder of [join(systemDir, "containerd/certs.d"), join(systemDir, "docker/certs.d")]) {
    for (const host of await namesIn(folder)) {
      if (found.has(host)) continue;
      const path = join(folder, host, "hosts.toml");
      const read = await readNamedFile({ path }, { maxBytes: MAX_FILE_BYTES });
      if ("isMissing" in read && (read.isMissing || read.errno === "ENOTDIR")) continue;
      const parsed = "bytes" in read ? await parseHostsFile(read.bytes.toString("utf8"), path, host) : badFile(path, read.problem);
      found.set(host, parsed);
    }
  }
  return found;
}

/** Every address of files that can be used. */
export function hostsAddresses(files: ReadonlyMap<string, HostsFile | DecantError>): HostsAddress[] {
  return [...files.values()].flatMap((file) => {
    if (file instanceof DecantError) return [];
    return file.server === undefined ? file.mirrors : [file.server, ...file.mirrors];
  });
}

/** Parses one file; `path` is for messages and for the files that it names. */
export async function parseHostsFile(text: string, path: string, host: string): Promise<HostsFile | DecantError> {
  const read = await readToml(text, schema);
  if ("problem" in read) return badFile(placeOf(path, read.line), read.problem);
  const { server, host: hosts, ...own } = read.value;
  const mirrors: HostsAddress[] = [];
  for (const [name, one] of Object.entries(hosts)) {
    const place = placeOf(path, tomlLine(text, ["host", name]));
    const made = toAddress(name, one, path, place);
    if (made instanceof DecantError) return made;
    mirrors.push(made);
  }
  const place = placeOf(path, tomlLine(text, ["server"]));
  // Without "server" the fields of the top are those of the registry itself.
  const itself = server ?? (host === "_default" ? undefined : `https://${host === "docker.io" ? "registry-1.docker.io" : host}`);
  const made = itself === undefined ? undefined : toAddress(itself, own, path, place);
  return made instanceof DecantError ? made : { host, server: made, mirrors };
}

function toAddress(name: string, own: v.InferOutput<typeof address>, path: string, place: string): HostsAddress | DecantError {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(name) ? name : `https://${name}`);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "" || url.search !== "")
    return badFile(place, `"${url === null ? name : url.host}" is no http(s) address; wanted scheme://host[:port][/path]`);
  const file = (name: string): string => resolve(dirname(path), name);
  const client = typeof own.client === "string" ? [own.client] : own.client;
  const pairs = client.map((one): readonly [string, string] => {
    const [cert = "", key = ""] = typeof one === "string" ? [one] : one;
    return [file(cert), file(key === "" ? cert : key)];
  });
  return {
    url,
    capabilities: new Set(own.capabilities),
    insecure: own.skip_verify,
    ca: (typeof own.ca === "string" ? [own.ca] : own.ca).map(file),
    client: pairs,
    overridePath: own.override_path,
    hasHeaders: Object.keys(own.header).length > 0,
    place,
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    // What we may not read is no setting for us.
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(errnoOf(error) ?? "")) return [];
    throw badFile(folder, errnoOf(error) ?? "it cannot be read", error);
  }
}

function placeOf(path: string, line: number | undefined): string {
  return line === undefined ? path : `${path}:${line}`;
}

function badFile(place: string, state: string, cause?: unknown): DecantError {
  return new DecantError("CONFIG_FILE", `Cannot use "${place}": ${state}`, { cause });
}
