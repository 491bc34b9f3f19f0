/**
 * `proxies` of docker's config.json as build arguments, as buildx gives them: those of the daemon's address, else "default". The predefined proxy
 * arguments reach every RUN, and neither history nor cache keys (rule S32).
 */
import { join } from "node:path";
import { homeDirectory } from "../home-directory.ts";
import * as v from "valibot";
import type { Emit } from "../events.ts";
import { readNamedFile } from "../sys/index.ts";

const NAMES = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  ftpProxy: "FTP_PROXY",
  noProxy: "NO_PROXY",
  allProxy: "ALL_PROXY",
} as const;
const MAX_BYTES = 1024 * 1024;
const DAEMON = "unix:///var/run/docker.sock";

const field = v.nullish(v.string());
const proxies = v.looseObject({ httpProxy: field, httpsProxy: field, ftpProxy: field, noProxy: field, allProxy: field });
const schema = v.looseObject({ proxies: v.nullish(v.record(v.string(), proxies)) });

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The arguments that `buildArgs` does not have in either case. A file that cannot be used is a warning, as with docker. `homeDir` is where .docker is
 * when DOCKER_CONFIG names no other place; default: the user's.
 */
export async function dockerProxies(
  { env, buildArgs, homeDir = homeDirectory() }: { readonly env: Environment; readonly buildArgs: Environment; readonly homeDir?: string },
  emit: Emit,
): Promise<Readonly<Record<string, string>>> {
  const path = join(env["DOCKER_CONFIG"] || join(homeDir, ".docker"), "config.json");
  const config = await readProxies(path, emit);
  const found = config[env["DOCKER_HOST"] || DAEMON] ?? config["default"] ?? {};
  const given = new Set(Object.keys(buildArgs).map((name) => name.toUpperCase()));
  return Object.fromEntries(
    Object.entries(NAMES).flatMap(([key, name]) => {
      const value = found[key as keyof typeof NAMES];
      return value === undefined || value === null || value === "" || given.has(name) ? [] : [[name, value]];
    }),
  );
}

async function readProxies(path: string, emit: Emit): Promise<Readonly<Record<string, v.InferOutput<typeof proxies>>>> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_BYTES });
  if (!("bytes" in read)) {
    if (!read.isMissing) warn(emit, path, read.problem);
    return {};
  }
  const text = read.bytes.toString("utf8");
  const parsed = v.safeParse(schema, jsonOf(text));
  if (parsed.success) return parsed.output.proxies ?? {};
  // What a validator says may quote a value, which may be a secret.
  warn(emit, path, jsonOf(text) === undefined ? "it is no JSON" : `"${v.getDotPath(parsed.issues[0]) ?? "it"}" has the wrong type`);
  return {};
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function warn(emit: Emit, path: string, state: string): void {
  emit({ type: "warning", code: "DockerConfig", message: `Decant does not use the proxies of "${path}": ${state}` });
}
