/** /etc/hosts and /etc/resolv.conf of a step (rule S103). */
import { isIP } from "node:net";
import type { StepNetwork } from "./types.ts";

/** What a resolver uses when every server that the host names is out of reach. */
const DEFAULT_SERVERS = ["8.8.8.8", "8.8.4.4"];

/** The first port that needs no capability. */
export const LOW_PORTS = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

/** The content of /etc/hosts. */
export function hostsFile(hostname: string, extraHosts: readonly { readonly host: string; readonly ip: string }[]): string {
  const own = [`127.0.0.1\tlocalhost ${hostname}`, "::1\tlocalhost ip6-localhost ip6-loopback"];
  return [...own, ...extraHosts.map(({ host, ip }) => `${ip}\t${host}`), ""].join("\n");
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
