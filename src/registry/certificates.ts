/**
 * Which certificates a host may show and gets shown: Node's own roots and NODE_EXTRA_CA_CERTS, the system's (SSL_CERT_FILE and SSL_CERT_DIR of
 * the process included), and those of docker's and podman's certs.d/HOST (*.crt: authorities; *.cert with *.key: of the client).
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type * as NodeTls from "node:tls";
import { DecantError, errnoOf } from "../errors.ts";
import { readNamedFile } from "../sys/index.ts";

/** What an https agent takes. */
export interface TlsSettings {
  readonly ca: string[];
  readonly cert?: string;
  readonly key?: string;
}

const MAX_PEM_BYTES = 4 * 1024 * 1024;

/** A name that is safe as a folder's. */
const HOST = /^(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(?::\d+)?$/;

/** Reads the certificates for `host` ("registry.example.com:5000"). Throws `CONFIG_FILE`. */
export async function loadTls(host: string, places: { readonly systemDir: string; readonly homeDir: string }): Promise<TlsSettings> {
  // On first use: the module takes 17 ms, and a build that pulls nothing does not need it.
  const { getCACertificates }: typeof NodeTls = process.getBuiltinModule("node:tls");
  const ca = new Set([...getCACertificates("default"), ...getCACertificates("system")]);
  let pair: { readonly cert: string; readonly key: string } | undefined;
  const parents = [
    join(places.systemDir, "docker/certs.d"),
    join(places.systemDir, "containers/certs.d"),
    join(places.homeDir, ".config/containers/certs.d"),
  ];
  for (const folder of HOST.test(host) ? parents.map((parent) => join(parent, host)) : []) {
    for (const name of await namesIn(folder)) {
      if (name.endsWith(".crt")) ca.add(await readPem(join(folder, name)));
      if (name.endsWith(".cert")) pair ??= await readPair(folder, name);
    }
  }
  return { ca: [...ca], ...pair };
}

async function readPair(folder: string, name: string): Promise<{ cert: string; key: string }> {
  return { cert: await readPem(join(folder, name)), key: await readPem(join(folder, `${name.slice(0, -".cert".length)}.key`)) };
}

async function readPem(path: string): Promise<string> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_PEM_BYTES });
  if ("bytes" in read) return read.bytes.toString("utf8");
  throw new DecantError("CONFIG_FILE", `Cannot use certificate or key "${path}": ${read.problem}`);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw error;
  }
}
