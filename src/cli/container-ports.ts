/** The values of `decant run --publish`, in docker's words: [[ADDRESS:]HOST:]CONTAINER[/PROTOCOL], each port also a range. */
import { isIP } from "node:net";
import { usageError } from "../errors.ts";
import { given } from "../given.ts";
import type { PortMapping } from "../index.ts";

const SPEC =
  /^(?:(?:\[(?<ip6>[^\]]*)\]|(?<ip4>\d+(?:\.\d+)+)):)?(?:(?<host>\d+(?:-\d+)?)?:)?(?<container>\d+(?:-\d+)?)(?:\/(?<protocol>\w+))?$/;
const MAX_PORT = 65_535;

/** The ports that a value publishes. Throws `USAGE`. */
export function parsePublish(text: string): PortMapping[] {
  const groups = SPEC.exec(text)?.groups ?? {};
  const { host, container, protocol = "tcp" } = groups;
  const hostIp = groups["ip6"] ?? groups["ip4"];
  if (container === undefined) throw badPort(text, "wanted [[ADDRESS:]HOST:]CONTAINER[/tcp|udp], for example 8080:80");
  if (protocol !== "tcp" && protocol !== "udp") throw badPort(text, `"${protocol}" is neither tcp nor udp`);
  if (hostIp !== undefined && isIP(hostIp) === 0) throw badPort(text, `"${hostIp}" is no address`);
  const ports = portRange(text, container);
  const hostPorts = host === undefined ? undefined : portRange(text, host);
  if (hostPorts !== undefined && hostPorts.length !== ports.length) throw badPort(text, "its ranges are of different sizes");
  return ports.map((containerPort, at) => ({ ...given({ hostIp, hostPort: hostPorts?.[at] }), containerPort, protocol }));
}

/** "0.0.0.0:8080->80/tcp". */
export function formatPort({ hostIp = "0.0.0.0", hostPort = 0, containerPort, protocol }: PortMapping): string {
  return `${isIP(hostIp) === 6 ? `[${hostIp}]` : hostIp}:${hostPort}->${containerPort}/${protocol}`;
}

function portRange(text: string, range: string): number[] {
  const [first = 0, last = first] = range.split("-").map(Number);
  if (first < 1 || last > MAX_PORT) throw badPort(text, `ports are numbers from 1 to ${MAX_PORT}`);
  if (last < first) throw badPort(text, `the range ${range} is empty`);
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

function badPort(text: string, state: string): Error {
  return usageError(`Cannot publish "${text}": ${state}`);
}
