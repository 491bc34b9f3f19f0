/**
 * How near an address is to this machine. What a server leads to may be as far away as the server itself, never nearer: so no stranger can use us
 * to ask this machine, its network or a cloud's metadata service. Ranges: IANA special-purpose address registries, RFC 6890.
 */
import type * as NodeNet from "node:net";

/** From far to near. "link-local" has the metadata services of clouds. */
const ZONES = ["public", "private", "link-local", "loopback"] as const;

/** Where an address is. */
export type Zone = (typeof ZONES)[number];

/** Each range with its zone; addresses in no range are public. */
const RANGES: readonly (readonly [cidr: string, zone: Zone])[] = [
  ["127.0.0.0/8", "loopback"],
  // "This host on this network": Linux takes it for itself.
  ["0.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["224.0.0.0/4", "link-local"],
  ["255.255.255.255/32", "link-local"],
  ["10.0.0.0/8", "private"],
  ["172.16.0.0/12", "private"],
  ["192.168.0.0/16", "private"],
  // Shared address space: networks of providers and of VPNs.
  ["100.64.0.0/10", "private"],
  ["192.0.0.0/24", "private"],
  ["::/127", "loopback"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "link-local"],
  ["fc00::/7", "private"],
  ["fec0::/10", "private"],
];

/** The zone of an IPv4 or IPv6 address; an address in an address (mapped, 6to4, NAT64) has that of the inner one. */
export function zoneOfAddress(address: string): Zone {
  const plain = address.replace(/%.*$/, "");
  const inner = innerAddress(plain) ?? plain;
  return RANGES.find(([cidr]) => isInside(inner, cidr))?.[1] ?? "public";
}

/** The zone of a host that needs no look-up: an address (with or without brackets), or a name of this machine. Undefined for every other name. */
export function zoneOfHost(hostname: string): Zone | undefined {
  const bare = bareHost(hostname);
  if (net().isIP(bare) !== 0) return zoneOfAddress(bare);
  return isLocalName(bare) ? "loopback" : undefined;
}

/** Where the hosts that users name have turned out to be. */
interface KnownZones {
  /** The zone of `url`; of a host that was never connected to directly, "public". */
  of(url: URL): Zone;
  /** A connection to `url` had this address at its end. */
  note(url: URL, address: string): void;
}

/** Makes a `KnownZones` that knows nothing yet. Of several zones the farthest counts: a host cannot come nearer by another look-up of its name. */
export function createKnownZones(): KnownZones {
  const zones = new Map<string, Zone>();
  return {
    of: ({ host, hostname }) => zones.get(host) ?? zoneOfHost(hostname) ?? "public",
    note({ host }, address) {
      const zone = zoneOfAddress(address);
      const known = zones.get(host);
      if (known === undefined || isNearer(known, zone)) zones.set(host, zone);
    },
  };
}

/** Is `zone` nearer to this machine than `limit`? */
export function isNearer(zone: Zone, limit: Zone): boolean {
  return ZONES.indexOf(zone) > ZONES.indexOf(limit);
}

/** True for localhost, *.localhost, 127.0.0.0/8 and ::1; takes "host", "host:port", "[::1]" and "[::1]:port". */
export function isLoopback(host: string): boolean {
  const name = host.startsWith("[") ? host.slice(1, host.indexOf("]")) : host.replace(/:\d+$/, "");
  return isLocalName(name) || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Is `address` in `cidr` ("10.0.0.0/8", "fd00::/8")? False for what is no address, no range, or of the other family. */
export function isInside(address: string, cidr: string): boolean {
  const [base = "", bits = ""] = cidr.split("/");
  const family = net().isIP(base);
  if (family === 0 || net().isIP(address) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new (net().BlockList)();
  const name = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(base, Number(bits), name);
  return list.check(address, name);
}

/** "[::1]" → "::1", "Host." → "host". */
export function bareHost(hostname: string): string {
  return hostname
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")
    .toLowerCase();
}

/** The IPv4 address that an IPv6 address stands for. */
function innerAddress(address: string): string | undefined {
  if (net().isIPv6(address) === false) return undefined;
  const groups = groupsOf(address);
  const v4 = (at: number): string => [groups[at] ?? 0, groups[at + 1] ?? 0].flatMap((group) => [group >> 8, group & 255]).join(".");
  if (isInside(address, "::ffff:0:0/96") || isInside(address, "64:ff9b::/96")) return v4(6);
  return isInside(address, "2002::/16") ? v4(1) : undefined;
}

/** The eight groups of 16 bits of a valid IPv6 address. */
export function groupsOf(address: string): number[] {
  const hexadecimal = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a: string, b: string, c: string, d: string) =>
    [(Number(a) << 8) | Number(b), (Number(c) << 8) | Number(d)].map((group) => group.toString(16)).join(":"),
  );
  const [head = "", tail] = hexadecimal.split("::");
  const parse = (text: string): number[] => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const first = parse(head);
  const last = tail === undefined ? [] : parse(tail);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

function isLocalName(name: string): boolean {
  const lower = name.replace(/\.$/, "").toLowerCase();
  return lower === "localhost" || lower.endsWith(".localhost");
}

/** On first use: a build without network needs none of it. */
function net(): typeof NodeNet {
  return process.getBuiltinModule("node:net");
}
