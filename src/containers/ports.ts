/** Which ports of this machine lead to which of a container. */
import { createServer } from "node:net";
import { portNotFree, portsWithoutNetwork } from "./errors.ts";
import type { ContainerOptions, PortMapping, PublishedPort } from "./types.ts";

/**
 * The ports to publish: those asked for, and with `publishAll` what the image exposes ("80/tcp") and nobody has asked for. Those without a port of this
 * machine get free ones. Throws `USAGE` for a container with the machine's network, or with none, and `RUNTIME` for a port that is taken.
 */
export async function portsOf(
  { ports = [], publishAll = false, network }: Pick<ContainerOptions, "ports" | "publishAll" | "network">,
  exposed: Readonly<Record<string, unknown>>,
): Promise<PublishedPort[]> {
  const all = publishAll ? [...ports, ...exposedPorts(exposed).filter((one) => !ports.some((asked) => isSame(asked, one)))] : ports;
  if (network !== undefined && (all.length > 0 || publishAll)) throw portsWithoutNetwork(network);
  const published: PublishedPort[] = [];
  for (const one of all) published.push({ ...one, hostPort: await freePort(one) });
  return published;
}

function isSame(a: PortMapping, b: PortMapping): boolean {
  return a.containerPort === b.containerPort && a.protocol === b.protocol;
}

function exposedPorts(exposed: Readonly<Record<string, unknown>>): PortMapping[] {
  return Object.keys(exposed).flatMap((key): PortMapping[] => {
    const [, port = "", protocol = "tcp"] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(key) ?? [];
    return port === "" || (protocol !== "tcp" && protocol !== "udp") ? [] : [{ containerPort: Number(port), protocol }];
  });
}

/**
 * The port of this machine, where it is free; else the kernel chooses one. Somebody else may take it before it is used: that is an error then. Only TCP is
 * tried: pasta publishes a port that is taken at some addresses only.
 */
async function freePort(mapping: PortMapping): Promise<number> {
  const { hostIp = "0.0.0.0", hostPort = 0, protocol } = mapping;
  if (hostPort !== 0 && protocol !== "tcp") return hostPort;
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(hostPort, hostIp, resolve);
  try {
    await promise;
  } catch (error) {
    throw portNotFree(`${hostIp}:${hostPort}`, error);
  }
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return typeof address === "object" && address !== null ? address.port : 0;
}
