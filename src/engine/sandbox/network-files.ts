/** /etc/hosts and /etc/resolv.conf of a step (rule S103). */
import { isIP, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { textIfThere } from "../../sys/index.ts";
import type { StepNetwork } from "./types.ts";

/** What a resolver uses when every server that the host names is out of reach. */
const DEFAULT_SERVERS = ["8.8.8.8", "8.8.4.4"];

/** The first port that needs no capability. In a network of ours, as in docker's, none does. */
export const LOW_PORTS = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
/** The groups that may send ICMP echoes without a capability. */
export const PING_GROUPS = "/proc/sys/net/ipv4/ping_group_range";

/** In place of an address in /etc/hosts: this machine. */
const HOST_GATEWAY = "host-gateway";
const ROUTES = "/proc/net/route";

/** The content of /etc/hosts. The address "host-gateway" is this machine, as a step with that network reaches it. */
export function hostsFile(
  hostname: string,
  extraHosts: readonly { readonly host: string; readonly ip: string }[],
  network: StepNetwork,
): string {
  const own = [`127.0.0.1\tlocalhost ${hostname}`, "::1\tlocalhost ip6-localhost ip6-loopback"];
  const gateway = (network === "own" ? hostAddress() : undefined) ?? "127.0.0.1";
  return [...own, ...extraHosts.map(({ host, ip }) => `${ip === HOST_GATEWAY ? gateway : ip}\t${host}`), ""].join("\n");
}

/** The IPv4 address by which this machine reaches others; undefined where it reaches none. */
export function hostAddress(): string | undefined {
  const device = textIfThere(ROUTES).match(/^(\S+)\t0{8}\t/m)?.[1];
  return device === undefined ? undefined : networkInterfaces()[device]?.find(({ family }) => family === "IPv4")?.address;
}

/** The host's resolv.conf; empty for a host without name service, whose steps have none either. */
export function hostResolvConf(): string {
  return textIfThere("/etc/resolv.conf");
}

/** Does a resolv.conf name a server with an IPv4 address? */
export function hasIPv4Server(text: string): boolean {
  return text.split("\n").some((line) => isIPv4(serverOf(line) ?? ""));
}

/**
 * The content of /etc/resolv.conf: the host's, and outside of the host's network without servers that are only reachable there; with `nameserver`, that
 * one alone.
 */
export function resolvConf(host: string, network: StepNetwork, nameserver?: string): string {
  if (network === "host") return host;
  if (nameserver !== undefined)
    return [...host.split("\n").filter((line) => line.trim() !== "" && serverOf(line) === undefined), `nameserver ${nameserver}`, ""].join(
      "\n",
    );
  const lines = host.split("\n").filter((line) => !isLoopback(serverOf(line)));
  if (lines.some((line) => serverOf(line) !== undefined)) return lines.join("\n");
  return [...lines.filter((line) => line.trim() !== ""), ...DEFAULT_SERVERS.map((server) => `nameserver ${server}`), ""].join("\n");
}

function serverOf(line: string): string | undefined {
  const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
  return server !== undefined && isIP(server.replace(/%.*$/, "")) !== 0 ? server : undefined;
}

function isLoopback(server: string | undefined): boolean {
  return server !== undefined && (server.startsWith("127.") || server === "::1");
}
