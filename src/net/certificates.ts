/**
 * Which certificates a host may show and gets shown. Trusted are Node's own roots, the system's, those of NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and
 * SSL_CERT_DIR, and for one host those of docker's, podman's and containerd's certs.d/HOST (*.crt: authorities; *.cert with *.key: of the client; hosts.toml).
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type * as NodeTls from "node:tls";
import { createShared } from "../async.ts";
import { DecantError, errnoOf } from "../errors.ts";
import { given } from "../given.ts";
import { type HostsFile, hostsAddresses, readHostsFiles } from "./hosts-toml.ts";
import { readNamedFile } from "../sys/index.ts";

/** Where certificates are looked for. */
interface CertificatePlaces {
  /** Where docker/certs.d and containers/certs.d are: "/etc". */
  readonly systemDir: string;
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Gives what connections are made with. Everything is read once. */
export interface Certificates {
  /**
   * What `host` ("registry.example.com:5000") is checked with. `identify`: with the certificate that says who we are there, where there is one.
   * Throws `CONFIG_FILE`.
   */
  contextFor(host: string, options: { readonly identify: boolean }): Promise<NodeTls.SecureContext>;
}

/** Texts of PEM files. */
interface HostFiles {
  readonly ca: readonly string[];
  readonly pair?: { readonly cert: string; readonly key: string };
}

const MAX_PEM_BYTES = 4 * 1024 * 1024;

/** A name that is safe as a folder's. */
const HOST = /^(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(?::\d+)?$/;

/** Makes a `Certificates` that has read nothing yet. */
export function createCertificates(places: CertificatePlaces): Certificates {
  const roots = createShared<"roots", readonly string[]>({ cancel: "never" });
  const contexts = createShared<string, NodeTls.SecureContext>({ cancel: "never" });
  const hosts = createShared<"hosts", ReadonlyMap<string, HostsFile | DecantError>>({ cancel: "never" });
  return {
    async contextFor(host, { identify }) {
      const { ca, pair } = await hostFiles(host, places, await hosts.run("hosts", () => readHostsFiles(places)));
      const shown = identify ? pair : undefined;
      // A context takes 15 ms, most of it for the roots: hosts without files of their own share one.
      return await contexts.run(ca.length === 0 && shown === undefined ? "" : `${host} ${shown !== undefined}`, async () => {
        const trusted = await roots.run("roots", () => allRoots(places.env));
        return tls().createSecureContext({ ca: [...new Set([...trusted, ...ca])], ...shown });
      });
    },
  };
}

async function allRoots(env: CertificatePlaces["env"]): Promise<readonly string[]> {
  const { getCACertificates } = tls();
  const found = new Set([...getCACertificates("default"), ...getCACertificates("system")]);
  // Node has read these where they are variables of this process, but there only.
  const file = (name: string): string[] => (env[name] === undefined || env[name] === process.env[name] ? [] : [env[name]]);
  const folders = file("SSL_CERT_DIR").flatMap((list) => list.split(":"));
  const paths = [...file("SSL_CERT_FILE"), ...file("NODE_EXTRA_CA_CERTS")];
  for (const folder of folders) for (const name of await namesIn(folder)) paths.push(join(folder, name));
  for (const path of paths) {
    const text = await readIfThere(path);
    // Folders of certificates have other files, too.
    if (text.includes("-----BEGIN CERTIFICATE-----") && isUsable(text)) found.add(text);
  }
  return [...found];
}

/** The certificates of certs.d for `host`: the files in its folder, and those that a hosts.toml names for it. Throws `CONFIG_FILE`. */
async function hostFiles(
  host: string,
  { systemDir, homeDir }: CertificatePlaces,
  hosts: ReadonlyMap<string, HostsFile | DecantError>,
): Promise<HostFiles> {
  const ca: string[] = [];
  let pair: HostFiles["pair"];
  const parents = [
    join(systemDir, "docker/certs.d"),
    join(systemDir, "containers/certs.d"),
    join(systemDir, "containerd/certs.d"),
    join(homeDir, ".config/containers/certs.d"),
  ];
  for (const folder of HOST.test(host) ? parents.map((parent) => join(parent, host)) : []) {
    for (const name of await namesIn(folder)) {
      const path = join(folder, name);
      if (name.endsWith(".crt")) ca.push(await readAuthority(path));
      if (name.endsWith(".cert")) pair ??= await readPair(path, path.replace(/\.cert$/, ".key"));
    }
  }
  for (const address of hostsAddresses(hosts).filter(({ url }) => url.host === host)) {
    for (const path of address.ca) ca.push(await readAuthority(path));
    const [client] = address.client;
    if (client !== undefined) pair ??= await readPair(...client);
  }
  return { ca, ...given({ pair }) };
}

async function readAuthority(path: string): Promise<string> {
  const text = await readPem(path, (problem) => badFile(path, problem));
  if (!isUsable(text)) throw badFile(path, "it is no certificate in PEM form");
  return text;
}

async function readPair(certPath: string, keyPath: string): Promise<{ readonly cert: string; readonly key: string }> {
  const pair = {
    cert: await readPem(certPath, (problem) => badFile(certPath, problem)),
    key: await readPem(keyPath, (problem) => badFile(certPath, `its key "${keyPath}" cannot be used: ${problem}`)),
  };
  try {
    tls().createSecureContext(pair);
    return pair;
  } catch (cause) {
    throw badFile(certPath, `it and its key "${keyPath}" do not fit each other, or are not in PEM form`, cause);
  }
}

function isUsable(pem: string): boolean {
  try {
    tls().createSecureContext({ ca: pem });
    return pem.includes("-----BEGIN ");
  } catch {
    return false;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).toSorted();
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw badFile(folder, errnoOf(error) ?? "it cannot be read", error);
  }
}

/** As OpenSSL and Go have it: a variable that names nothing adds nothing. */
async function readIfThere(path: string): Promise<string> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_PEM_BYTES });
  return "bytes" in read ? read.bytes.toString("utf8") : "";
}

async function readPem(path: string, refuse: (problem: string) => DecantError): Promise<string> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_PEM_BYTES });
  if ("bytes" in read) return read.bytes.toString("utf8");
  throw refuse(read.problem);
}

function badFile(path: string, state: string, cause?: unknown): DecantError {
  return new DecantError("CONFIG_FILE", `Cannot use certificate "${path}": ${state}`, { cause });
}

/** On first use: the module takes 17 ms, and a build that pulls nothing does not need it. */
function tls(): typeof NodeTls {
  return process.getBuiltinModule("node:tls");
}
