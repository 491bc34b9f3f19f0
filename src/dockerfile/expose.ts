/** The words of EXPOSE → keys of the image's ExposedPorts (rule S54). */
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

const MAX_PORT = 65_535;
/** Every port of every protocol once. */
const MAX_KEYS = 3 * 65_536;
const PROTOCOLS = ["tcp", "udp", "sctp"];

/** One word of EXPOSE, taken apart. */
export interface ExposedPorts {
  readonly first: number;
  readonly last: number;
  /** Lower-cased. */
  readonly protocol: string;
  /** As written ("" when absent): lint wants lower case. */
  readonly protocolAsWritten: string;
  /** `ip:host:container` was used, which EXPOSE ignores. */
  readonly hasHostPart: boolean;
}

/**
 * "8000-8002/udp", "80" … → ["8000/udp", …, "80/tcp"], in the order of the words (`ExposeInstruction.ports` are in BuildKit's order already), with
 * duplicates, because history shows them. Throws `DOCKERFILE_SEMANTIC`.
 */
export function parseExpose(words: readonly string[], range?: SourceRange): string[] {
  const keys: string[] = [];
  for (const word of words) {
    const { first, last, protocol } = parsePort(word, range);
    if (keys.length + last - first >= MAX_KEYS) throw invalidPort(word, `there are more than ${MAX_KEYS} ports`, range);
    for (let port = first; port <= last; port += 1) keys.push(`${port}/${protocol}`);
  }
  return keys;
}

/** Takes one word apart. Throws `DOCKERFILE_SEMANTIC`. */
export function parsePort(word: string, range?: SourceRange): ExposedPorts {
  const parts = word.split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const address = parts.join(":");
  const [ports = "", ...rest] = container.split("/");
  const protocolAsWritten = rest.join("/");
  const protocol = protocolAsWritten.toLowerCase() || "tcp";
  if (ports === "") throw invalidPort(word, "no port specified", range);
  if (!PROTOCOLS.includes(protocol)) {
    throw invalidPort(
      word,
      `invalid proto: ${protocolAsWritten}`,
      range,
      didYouMean(protocolAsWritten, PROTOCOLS) ?? "Use tcp, udp or sctp",
    );
  }
  if (address !== "" && !isAddress(address)) throw invalidPort(word, `invalid IP address: ${address}`, range);
  const inside = parseRange(ports);
  if (inside === undefined) throw invalidPort(word, `invalid containerPort: ${ports}`, range);
  if (host !== "") {
    const outside = parseRange(host);
    if (outside === undefined) throw invalidPort(word, `invalid hostPort: ${host}`, range);
    const isOnePort = inside.first === inside.last;
    if (!isOnePort && inside.last - inside.first !== outside.last - outside.first) {
      throw invalidPort(word, `invalid ranges specified for container and host Ports: ${ports} and ${host}`, range);
    }
  }
  return { ...inside, protocol, protocolAsWritten, hasHostPart: host !== "" || address !== "" };
}

function parseRange(text: string): { first: number; last: number } | undefined {
  const match = /^(\+?\d{1,9})(?:-(\+?\d{1,9}))?$/.exec(text);
  const first = Number(match?.[1] ?? "NaN");
  const last = Number(match?.[2] ?? match?.[1] ?? "NaN");
  return first <= last && last <= MAX_PORT ? { first, last } : undefined;
}

function isAddress(text: string): boolean {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  const isV4 = /^(\d{1,3}\.){3}\d{1,3}$/.test(bare) && bare.split(".").every((part) => Number(part) <= 255);
  return isV4 || (bare.includes(":") && /^[0-9a-fA-F:.]{2,45}$/.test(bare));
}

function invalidPort(word: string, why: string, range: SourceRange | undefined, hint = "Write for example 80, 53/udp or 8000-8010"): Error {
  return semanticError(`Cannot expose "${word}": ${why}`, { range, hint });
}
