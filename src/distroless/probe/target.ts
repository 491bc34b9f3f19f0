/** What a health probe asks: an address of the container itself, and the request. Pure. */
import { isIPv4, isIPv6 } from "node:net";

/** Where a probe connects to. */
export interface ProbeTarget {
  /** Bytes of the address in network order: 4 or 16. */
  readonly address: Uint8Array;
  readonly port: number;
  /** What is sent; absent: a connection is enough. */
  readonly request?: string;
  /** For messages: as written in the recipe. */
  readonly text: string;
}

const TARGET = /^(?:(http):\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9.]+)(?::(\d{1,5}))?(\/[\x21-\x7e]*)?$/i;
const HTTP_PORT = 80;
const MAX_PATH_CHARS = 1024;

/** Reads "http://127.0.0.1:8080/healthz" or "localhost:5432". Undefined for names other than localhost: nothing looks them up. */
export function probeTarget(text: string): ProbeTarget | undefined {
  const [, scheme, host = "", digits, path] = TARGET.exec(text) ?? [];
  const isHttp = scheme !== undefined;
  const port = digits === undefined && isHttp ? HTTP_PORT : Number(digits);
  const address = addressOf(host.toLowerCase().replaceAll(/[[\]]/g, ""));
  if (address === undefined || !(port >= 1 && port <= 65_535) || (!isHttp && path !== undefined)) return undefined;
  if (!isHttp) return { address, port, text };
  if ((path ?? "").length > MAX_PATH_CHARS) return undefined;
  const authority = digits === undefined ? host : `${host}:${digits}`;
  const lines = [`GET ${path ?? "/"} HTTP/1.1`, `Host: ${authority}`, "User-Agent: decant-healthcheck", "Accept: */*", "Connection: close"];
  return { address, port, text, request: `${lines.join("\r\n")}\r\n\r\n` };
}

function addressOf(host: string): Uint8Array | undefined {
  if (host === "localhost") return Uint8Array.of(127, 0, 0, 1);
  if (isIPv4(host)) return Uint8Array.from(host.split("."), Number);
  return isIPv6(host) ? ipv6(host) : undefined;
}

function ipv6(host: string): Uint8Array {
  // The last two groups may be written as IPv4.
  const text = host.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...parts: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = "", tail] = text.split("::");
  const groups = (part: string | undefined): string[] => (part === undefined || part === "" ? [] : part.split(":"));
  const [before, after] = [groups(head), groups(tail)];
  const all = tail === undefined ? before : [...before, ...Array.from({ length: 8 - before.length - after.length }, () => "0"), ...after];
  return Uint8Array.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
