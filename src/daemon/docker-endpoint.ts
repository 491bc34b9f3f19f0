/**
 * Where docker's client would find its daemon: DOCKER_HOST, else the context that DOCKER_CONTEXT or config.json names, else the usual sockets.
 * Files of contexts: ~/.docker/contexts/meta/ID/meta.json, with ID the SHA-256 of the context's name.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { homeDirectory } from "../home-directory.ts";
import * as v from "valibot";
import { DecantError } from "../errors.ts";
import type { DaemonPlace, DaemonTls } from "../net/index.ts";
import { readNamedFile } from "../sys/index.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An address that somebody named, and what it means. */
export interface Endpoint {
  /** "unix:///var/run/docker.sock". */
  readonly address: string;
  readonly place: DaemonPlace;
}

/** Where a client's files are. */
export interface EndpointOptions {
  readonly env: Environment;
  /** Default: the user's. */
  readonly homeDir?: string | undefined;
  /** A docker context to use whatever the environment says (`context=NAME` of an output). */
  readonly context?: string | undefined;
}

const MAX_BYTES = 1024 * 1024;
const DOCKER_PORT = 2375;
const DOCKER_TLS_PORT = 2376;

const configSchema = v.looseObject({ currentContext: v.nullish(v.string()) });
const metaSchema = v.looseObject({
  Endpoints: v.looseObject({ docker: v.looseObject({ Host: v.nullish(v.string()), SkipTLSVerify: v.nullish(v.boolean()) }) }),
});

/** What the user has chosen; undefined where nothing is: the usual sockets count then. Throws `USAGE` for an address of a kind that Decant does not speak, `CONFIG_FILE`. */
export async function chosenEndpoint(options: EndpointOptions): Promise<Endpoint | undefined> {
  const { env, context } = options;
  const host = env["DOCKER_HOST"] ?? "";
  if (context === undefined && host !== "") return endpointOf(host, "DOCKER_HOST", await tlsOfEnvironment(options));
  const name = context ?? (env["DOCKER_CONTEXT"] || (await currentContext(options)));
  return name === undefined || name === "" || name === "default" ? undefined : await endpointOfContext(name, options);
}

/** Reads "unix:///path", "tcp://host:port" and their like. Throws `USAGE` for others. `from` is what named it. */
export function endpointOf(address: string, from: string, tls?: DaemonTls): Endpoint {
  const path = /^unix:\/\/(\/.+)$/.exec(address)?.[1];
  if (path !== undefined) return { address, place: { socketPath: path } };
  const url = /^(?:tcp|https?):\/\//.test(address) ? URL.parse(address.replace(/^tcp:/, "http:")) : null;
  if (url === null || url.hostname === "") {
    const hint = address.startsWith("ssh:") ? "Forward its socket: ssh -L /tmp/docker.sock:/var/run/docker.sock HOST" : undefined;
    throw new DecantError("USAGE", `Cannot use the daemon "${address}" of ${from}: Decant speaks unix:// and tcp://`, { hint });
  }
  const isTls = tls !== undefined || url.protocol === "https:";
  const port = Number(url.port) || (isTls ? DOCKER_TLS_PORT : DOCKER_PORT);
  return { address, place: { host: url.hostname.replace(/^\[|\]$/g, ""), port, ...(isTls ? { tls: tls ?? { isVerified: true } } : {}) } };
}

/** DOCKER_TLS_VERIFY, DOCKER_TLS and DOCKER_CERT_PATH. */
async function tlsOfEnvironment(options: EndpointOptions): Promise<DaemonTls | undefined> {
  const { env } = options;
  const isVerified = (env["DOCKER_TLS_VERIFY"] ?? "") !== "";
  if (!isVerified && (env["DOCKER_TLS"] ?? "") === "") return undefined;
  return await tlsOf(env["DOCKER_CERT_PATH"] || configDir(options), isVerified);
}

async function tlsOf(folder: string, isVerified: boolean): Promise<DaemonTls> {
  const [ca, cert, key] = [
    await textOf(join(folder, "ca.pem")),
    await textOf(join(folder, "cert.pem")),
    await textOf(join(folder, "key.pem")),
  ];
  return { isVerified, ca, cert, key };
}

function configDir({ env, homeDir = homeDirectory() }: EndpointOptions): string {
  return env["DOCKER_CONFIG"] || join(homeDir, ".docker");
}

async function currentContext(options: EndpointOptions): Promise<string | undefined> {
  const text = await textOf(join(configDir(options), "config.json"));
  const parsed = v.safeParse(configSchema, jsonOf(text));
  return parsed.success ? (parsed.output.currentContext ?? undefined) : undefined;
}

async function endpointOfContext(name: string, options: EndpointOptions): Promise<Endpoint> {
  const id = createHash("sha256").update(name).digest("hex");
  const file = join(configDir(options), "contexts", "meta", id, "meta.json");
  const text = await textOf(file);
  const parsed = v.safeParse(metaSchema, jsonOf(text));
  const docker = parsed.success ? parsed.output.Endpoints.docker : undefined;
  if (docker === undefined || typeof docker.Host !== "string" || docker.Host === "")
    throw new DecantError(
      "CONFIG_FILE",
      `Cannot use the docker context "${name}": ${text === undefined ? "there is no" : "no address is in"} "${file}"`,
      {
        hint: "List the contexts: docker context ls",
      },
    );
  const folder = join(configDir(options), "contexts", "tls", id, "docker");
  const hasTls = (await textOf(join(folder, "ca.pem"))) !== undefined || (await textOf(join(folder, "cert.pem"))) !== undefined;
  return endpointOf(docker.Host, `the docker context "${name}"`, hasTls ? await tlsOf(folder, docker.SkipTLSVerify !== true) : undefined);
}

async function textOf(path: string): Promise<string | undefined> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_BYTES });
  return "bytes" in read ? read.bytes.toString("utf8") : undefined;
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
