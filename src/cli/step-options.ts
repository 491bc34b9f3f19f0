/** Flags of `build` that are about RUN steps, in the forms of docker buildx: --secret, --ssh, --allow, --device, --add-host … */
import { isIP } from "node:net";
import { parseSize } from "../dockerfile/index.ts";
import { isDecantError, unsupported, usageError } from "../errors.ts";
import type { BuildOptions } from "../index.ts";
import type { RepeatedOption, TextOption } from "./command.ts";
import { booleanField, parseFields } from "./attributes.ts";
import { parseCsvLine } from "./csv.ts";
import { parseDuration } from "./duration.ts";
import { closest } from "./suggest.ts";

type ListOption = "secrets" | "ssh" | "allow" | "addHosts" | "ulimits" | "devices";
type ListOf<Name extends ListOption> = NonNullable<BuildOptions[Name]>[number];

const ULIMITS = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" ");
const ENTITLEMENTS = ["network.host", "security.insecure", "device", "buildx.local.delete"] as const;
const HOST_GATEWAY = "host-gateway";

/** Spread it into a command's table. */
export const STEP_OPTION_TABLE: Readonly<
  Record<"secret" | "ssh" | "allow" | "device" | "cdi-spec-dir" | "add-host" | "ulimit", RepeatedOption>
> &
  Readonly<Record<"shm-size" | "cgroup-parent" | "retry" | "step-timeout", TextOption>> = {
  secret: {
    type: "string",
    multiple: true,
    value: "SECRET",
    help: "Secret for RUN --mount=type=secret, as id=ID,src=FILE or id=ID,env=VARIABLE; Decant never stores it. With cache-key=true a new value runs its steps anew",
  },
  ssh: {
    type: "string",
    multiple: true,
    value: "AGENT",
    help: "SSH agent for RUN --mount=type=ssh: default, ID=SOCKET, or ID=KEYFILE[,KEYFILE]",
  },
  allow: {
    type: "string",
    multiple: true,
    value: "WHAT",
    help: "Allow RUN steps security.insecure, network.host, device or device=NAME",
  },
  device: { type: "string", multiple: true, value: "NAME", help: "CDI device for all RUN steps, as in RUN --device" },
  "cdi-spec-dir": {
    type: "string",
    multiple: true,
    value: "DIR",
    help: "Folder of CDI specifications; by default /etc/cdi, /var/run/cdi and /etc/buildkit/cdi",
  },
  "add-host": { type: "string", multiple: true, value: "HOST:IP", help: "Line of /etc/hosts of RUN steps" },
  ulimit: { type: "string", multiple: true, value: "NAME=SOFT[:HARD]", help: "Limit of RUN steps; -1 is none" },
  "shm-size": { type: "string", value: "SIZE", help: "Size of /dev/shm of RUN steps; default is 64m" },
  retry: { type: "string", value: "NUMBER", help: "Run a step that failed so many times anew, each time from clean files" },
  "step-timeout": { type: "string", value: "TIME", help: "End a RUN step that takes longer, e.g. 90s or 10m: it has failed then" },
  "cgroup-parent": { type: "string", value: "CGROUP", help: "Cgroup above those of RUN steps: a path, or a slice of systemd" },
};

/** "id=npm,src=.npmrc", "id=TOKEN,env=TOKEN", "id=TOKEN", with type=file|env. Throws `USAGE`. */
export function parseSecret(text: string): ListOf<"secrets"> {
  const values = new Map<string, string>();
  for (const [name, value] of parseFields(text, "--secret")) {
    const key = name.toLowerCase();
    if (!["id", "src", "source", "env", "type", "cache-key"].includes(key))
      throw usageError(`Cannot read --secret "${text}": unexpected key "${key}"; wanted id, src, env, type or cache-key`);
    values.set(key === "source" ? "src" : key, value);
  }
  const inKeys = booleanField(values, "cache-key", "--secret") === true ? { cacheKey: true } : {};
  const [id, src, env, type] = ["id", "src", "env", "type"].map((key) => values.get(key));
  if (id === undefined || id === "") throw usageError(`Cannot read --secret "${text}": it has no id`, "Write --secret id=NAME,src=FILE");
  if (type !== undefined && type !== "file" && type !== "env")
    throw usageError(`Cannot read --secret "${text}": unsupported type "${type}"; wanted file or env`);
  // As buildx has it: type=env,src=NAME names a variable.
  const variable = type === "env" ? (env ?? src ?? id) : env;
  if (variable !== undefined) return { id, env: variable, ...inKeys };
  return { id, ...(src === undefined ? (type === "file" ? { src: id } : {}) : { src }), ...inKeys };
}

/** "default", "NAME=SOCKET", "NAME=KEYFILE,KEYFILE". Throws `USAGE`. */
export function parseSsh(text: string): ListOf<"ssh"> {
  const equals = text.indexOf("=");
  if (text === "" || equals === 0) throw usageError(`Cannot read --ssh "${text}": it has no id; wanted default, ID=SOCKET or ID=KEYFILE`);
  if (equals < 0) return { id: text };
  return { id: text.slice(0, equals), paths: text.slice(equals + 1).split(",") };
}

/** "security.insecure", "network.host", "device", "device=NAME,alias=OTHER". Throws `USAGE`, `UNSUPPORTED`. */
export function parseEntitlement(text: string): ListOf<"allow"> {
  const found = ENTITLEMENTS.find((name) => name === text);
  if (found !== undefined) return found;
  if (text.startsWith("device=")) return `device=${text.slice("device=".length)}`;
  if (/^(?:fs|buildx)\./.test(text)) throw unsupported(`--allow ${text}`, { row: "F82" });
  const guess = closest(text, [...ENTITLEMENTS]);
  throw usageError(
    `Cannot use --allow "${text}": wanted one of ${ENTITLEMENTS.join(", ")}`,
    guess === undefined ? undefined : `Did you mean ${guess}?`,
  );
}

/** "vendor.com/class=name", "vendor.com/class=name,required". Throws `USAGE`. */
export function parseDevice(text: string): ListOf<"devices"> {
  const [name = "", ...settings] = parseCsvLine(text, "--device");
  if (name === "" || settings.some((setting) => setting !== "required"))
    throw usageError(`Cannot read --device "${text}": wanted NAME or NAME,required, for example vendor.com/class=name`);
  return settings.length === 0 ? { name } : { name, required: true };
}

/** "db:10.0.0.1", "db=::1", "db:[::1]"; host-gateway is this machine. Throws `USAGE`. */
export function parseHost(text: string): ListOf<"addHosts"> {
  const at = text.includes("=") ? text.indexOf("=") : text.indexOf(":");
  const host = text.slice(0, Math.max(at, 0));
  const ip = text.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (host === "" || (ip !== HOST_GATEWAY && isIP(ip) === 0))
    throw usageError(`Cannot use --add-host "${text}": wanted HOST:IP, for example db:10.0.0.1`);
  return { host, ip };
}

/** "nofile=1024:2048", "nproc=64", "memlock=-1". Throws `USAGE`. */
export function parseUlimit(text: string): ListOf<"ulimits"> {
  const match = /^([a-z]+)=(-1|\d{1,15})(?::(-1|\d{1,15}))?$/.exec(text);
  const name = match?.[1] ?? "";
  if (match === null) throw usageError(`Cannot use --ulimit "${text}": wanted NAME=SOFT[:HARD], for example nofile=1024:2048`);
  if (!ULIMITS.includes(name)) {
    const guess = closest(name, ULIMITS);
    throw usageError(
      `Cannot use --ulimit "${text}": invalid ulimit type "${name}"`,
      guess === undefined ? `Use one of ${ULIMITS.join(", ")}` : `Did you mean ${guess}?`,
    );
  }
  const soft = Number(match[2]);
  const hard = Number(match[3] ?? match[2]);
  if (hard >= 0 && (soft < 0 || soft > hard))
    throw usageError(`Cannot use --ulimit "${text}": the soft limit must be less than or equal to the hard limit`);
  return { name, soft, hard };
}

/** "64m", "1g" → bytes. Throws `USAGE`. */
export function parseShmSize(text: string): number {
  try {
    return parseSize(text);
  } catch (error) {
    if (!isDecantError(error)) throw error;
    throw usageError(`Cannot use --shm-size "${text}": wanted a size, for example 64m or 1g`);
  }
}

/** "3" → 3; undefined stays. Throws `USAGE`. */
export function parseRetries(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text)) throw usageError(`Cannot use --retry "${text}": wanted a number of 0 to 999`);
  return Number(text);
}

/** "90s" → 90,000; undefined stays. Throws `USAGE`. */
export function parseStepTimeout(text: string | undefined): number | undefined {
  const timeoutMs = text === undefined ? undefined : parseDuration(text, "--step-timeout ");
  if (timeoutMs === 0) throw usageError(`Cannot use --step-timeout "${text}": wanted a time longer than 0`);
  return timeoutMs;
}
