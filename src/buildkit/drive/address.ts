/** Addresses of builders: what users write, read and checked. Pure. */
import { usageError } from "../../errors.ts";
import { given } from "../../given.ts";

/** Where a builder is, and how it is reached. */
type BuilderPlace =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly certificates: Certificates }
  /** dockerd, which has a BuildKit: of the context, else of the environment. */
  | { readonly kind: "docker"; readonly context?: string }
  | { readonly kind: "docker-container"; readonly name: string }
  | {
      readonly kind: "kube-pod";
      readonly name: string;
      readonly namespace?: string;
      readonly context?: string;
      readonly container?: string;
    }
  /** `socket`: of the BuildKit there. Default: where buildctl looks. */
  | { readonly kind: "ssh"; readonly destination: string; readonly port?: string; readonly socket?: string };

/** Paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The name that the certificate of the builder is for. Default: the host. */
  readonly serverName?: string;
}

/** One builder as the user named it. */
export interface BuilderAddress {
  readonly address: string;
  readonly place: BuilderPlace;
}

const WANTED =
  "wanted unix://PATH, tcp://HOST:PORT?ca=…&cert=…&key=…, docker://[CONTEXT], docker-container://NAME, kube-pod://NAME?namespace=…, or ssh://[USER@]HOST";
/** Names become words of a command: none may look like an option of it. */
const NAME = /^[A-Za-z0-9][\w.-]*$/;
const USER_AT_HOST = /^(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][\w.-]*$/;
const DEFAULT_PORT = 1234;

/** Reads a list with commas between its addresses. Throws `USAGE`. */
export function parseBuilders(text: string): readonly BuilderAddress[] {
  const addresses = text
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  if (addresses.length === 0) throw usageError(`Cannot use builder "${text}": ${WANTED}`);
  const twice = addresses.find((address, at) => addresses.indexOf(address) !== at);
  if (twice !== undefined) throw usageError(`Cannot use builder "${twice}": it is named twice`);
  return addresses.map((address) => ({ address, place: placeOf(address) }));
}

function placeOf(address: string): BuilderPlace {
  const [, kind = "", rest = "", search = ""] = /^([a-z-]+):\/\/([^?]*)(?:\?(.*))?$/.exec(address) ?? [];
  const query = new Map(new URLSearchParams(search));
  const fail = (why: string): never => {
    throw usageError(`Cannot use builder "${address}": ${why}`);
  };
  const name = (value: string, what: string): string => (NAME.test(value) ? value : fail(`wanted the name of a ${what}`));
  const option = (key: string): string | undefined => {
    const value = query.get(key);
    query.delete(key);
    return value;
  };
  const named = (key: string): string | undefined => {
    const value = option(key);
    return value === undefined ? undefined : name(value, key);
  };
  const read = (): BuilderPlace => {
    switch (kind) {
      case "unix":
        return rest.startsWith("/") ? { kind, path: rest } : fail("wanted an absolute path after unix://");
      case "tcp":
        return tcpPlace(rest, option, fail);
      case "docker":
        return { kind, ...given({ context: rest === "" ? undefined : name(rest, "docker context") }) };
      case "docker-container":
        return { kind, name: name(rest, "container") };
      case "kube-pod":
        return {
          kind,
          name: name(rest, "pod"),
          ...given({ namespace: named("namespace"), context: named("context"), container: named("container") }),
        };
      case "ssh": {
        const [, destination = "", port, socket] = /^([^:/]*)(?::(\d{1,5}))?(\/.+)?$/.exec(rest) ?? [];
        if (!USER_AT_HOST.test(destination)) fail("wanted ssh://[USER@]HOST[:PORT][/PATH/OF/SOCKET]");
        return { kind, destination, ...given({ port, socket }) };
      }
      default:
        return fail(WANTED);
    }
  };
  const place = read();
  const [unknown] = query.keys();
  if (unknown !== undefined) fail(`it has an unknown part "${unknown}"`);
  return place;
}

function tcpPlace(rest: string, option: (key: string) => string | undefined, fail: (why: string) => never): BuilderPlace {
  const [, host = "", port] = /^(\[[^\]]+\]|[^:/]+)(?::(\d{1,5}))?\/?$/.exec(rest) ?? [];
  if (host === "") fail("wanted tcp://HOST:PORT");
  const [ca, cert, key, serverName] = [option("ca"), option("cert"), option("key"), option("servername")];
  if (ca === undefined || cert === undefined || key === undefined)
    return fail("a builder can run anything, so TCP needs certificates on both sides; wanted ?ca=FILE&cert=FILE&key=FILE");
  const certificates = { ca, cert, key, ...given({ serverName }) };
  return { kind: "tcp", host: host.replace(/^\[|\]$/g, ""), port: port === undefined ? DEFAULT_PORT : Number(port), certificates };
}
