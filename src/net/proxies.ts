/**
 * Which proxy a request goes by: HTTPS_PROXY, HTTP_PROXY, else ALL_PROXY, unless NO_PROXY has the host. As Go reads them (golang.org/x/net/http/httpproxy),
 * which docker, buildx and podman are written in, and curl's ALL_PROXY. Pure.
 */
import { DecantError } from "../errors.ts";
import { bareHost, isInside, isLoopback, zoneOfHost } from "./addresses.ts";
import { readUserInfo } from "./authority.ts";

/** A proxy. */
export interface Proxy {
  /** Without user information. */
  readonly url: URL;
  /** A function, so that nothing prints a password. */
  readonly login?: () => { readonly username: string; readonly password: string };
  /** For messages: "http://proxy:3128". */
  readonly shown: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

const SCHEMES = ["http:", "https:", "socks5:", "socks5h:"];

/** The proxy for `url`; undefined to ask the host itself. Throws `USAGE` for a variable that names no proxy. */
export function proxyFor(url: URL, env: Environment): Proxy | undefined {
  // Go's rule: nothing on this machine goes by a proxy.
  if (isLoopback(url.hostname)) return undefined;
  const names = url.protocol === "https:" ? ["HTTPS_PROXY", "ALL_PROXY"] : ["HTTP_PROXY", "ALL_PROXY"];
  const name = names.find((candidate) => variable(env, candidate) !== undefined);
  if (name === undefined || isExempt(url, variable(env, "NO_PROXY") ?? "")) return undefined;
  return parseProxy(name, variable(env, name) ?? "");
}

/**
 * The variables in lower case, for programs that read them their own way: curl, and so git, does not read HTTP_PROXY, and asks this machine by a
 * proxy, too.
 */
export function proxyVariables(env: Environment): Readonly<Record<string, string>> {
  const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].flatMap((name): (readonly [string, string])[] => {
    const value = variable(env, name);
    return value === undefined ? [] : [[name.toLowerCase(), value]];
  });
  const exempt = [variable(env, "NO_PROXY"), "localhost,127.0.0.0/8,127.0.0.1,::1"].filter((list) => list !== undefined);
  return proxies.length === 0 ? {} : { ...Object.fromEntries(proxies), no_proxy: exempt.join(",") };
}

/** "host:port" without a scheme is one of http. Messages do not quote the value, which may have a password. */
function parseProxy(name: string, value: string): Proxy {
  const parsed = URL.parse(SCHEME.test(value) ? value : `http://${value}`);
  if (parsed === null || parsed.hostname === "") throw badProxy(name, "it is no address of a proxy");
  if (!SCHEMES.includes(parsed.protocol)) throw badProxy(name, `its scheme is "${parsed.protocol.slice(0, -1)}"`);
  const { url, login } = readUserInfo(parsed);
  return { url, ...(login === undefined ? {} : { login: () => login }), shown: `${url.protocol}//${url.host}` };
}

function badProxy(name: string, state: string): DecantError {
  return new DecantError("USAGE", `Cannot use the proxy of ${name}: ${state}`, {
    hint: `Set ${name} to an address such as http://proxy:3128 (http, https or socks5), or unset it`,
  });
}

function variable(env: Environment, name: string): string | undefined {
  return [env[name], env[name.toLowerCase()]].map((value) => value?.trim()).find((value) => value !== undefined && value !== "");
}

/**
 * Is `url` in a NO_PROXY list? Its entries, between commas or blanks: "*"; an address; a range ("10.0.0.0/8"); a name, which has its subdomains too; ".name" or
 * "*.name", which has the subdomains only. Names and addresses may have a port.
 */
function isExempt(url: URL, list: string): boolean {
  const host = bareHost(url.hostname);
  const port = url.port === "" ? PORTS[url.protocol] : url.port;
  const isAddress = zoneOfHost(host) !== undefined;
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => {
      if (entry === "*") return true;
      if (entry.includes("/")) return isInside(host, entry);
      const { name, port: wanted } = splitPort(entry);
      if (wanted !== undefined && wanted !== port) return false;
      if (isAddress) return sameAddress(name, host);
      if (name.startsWith("*.") || name.startsWith(".")) return host.endsWith(name.replace(/^\*/, ""));
      return host === name || host.endsWith(`.${name}`);
    });
}

function splitPort(entry: string): { readonly name: string; readonly port: string | undefined } {
  const found = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry);
  return { name: bareHost(found?.[1] ?? entry), port: found?.[2] };
}

/** The same address, in whatever way it is written. */
function sameAddress(name: string, host: string): boolean {
  return name === host || isInside(host, `${name}/${name.includes(":") ? 128 : 32}`);
}
