/**
 * Finds credentials as docker and podman do: their config files, and credential helpers (docker-credential-X get).
 * Nothing is asked before a registry wants it; `keep-credentials.ts` writes.
 */
import { join } from "node:path";
import { createShared } from "../async.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { readNamedFile, runProcess } from "../sys/index.ts";
import { type AuthFile, type Credentials, HUB_KEY, parseAuthFile } from "./auth-file.ts";

/** What a token is wanted for. */
export interface TokenQuestion {
  /** The token server's URL, as the registry names it. */
  readonly realm: string;
  readonly service: string | undefined;
  /** E.g. "repository:library/ubuntu:pull". */
  readonly scopes: readonly string[];
}

/** A bearer token of a registry. */
export interface RegistryToken {
  readonly token: string;
  /** Milliseconds from when it was asked for. */
  readonly lifeMs: number;
}

/** Somebody who asks token servers in our place, and keeps the password. */
export interface TokenLender {
  readonly kind: "lender";
  /** Undefined where it lends none after all. Throws `REGISTRY_AUTH`. */
  token(question: TokenQuestion): Promise<RegistryToken | undefined>;
  /** For a registry without a token server. */
  credentials(): Promise<Credentials | undefined>;
}

/** Looks credentials up for a registry ("docker.io", "ghcr.io") and repository ("library/ubuntu"); undefined for none: then we are anonymous. */
export type CredentialSource = (
  registry: string,
  repository: string,
  signal?: AbortSignal,
) => Promise<Credentials | TokenLender | undefined>;

/** The account itself, also where somebody lends it. */
export async function accountOf(found: Credentials | TokenLender | undefined): Promise<Credentials | undefined> {
  return found?.kind === "lender" ? await found.credentials() : found;
}

/** Where `fileCredentials` looks. */
export interface CredentialPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const MAX_HELPER_OUTPUT_BYTES = 64 * 1024;
const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Credentials from the text in $DOCKER_AUTH_CONFIG, then from $REGISTRY_AUTH_FILE alone when it is set, else from $DOCKER_CONFIG/config.json
 * (~/.docker/config.json), then podman's $XDG_RUNTIME_DIR/containers/auth.json and ~/.config/containers/auth.json. In each, the longest key that fits the
 * repository decides; then credsStore is asked. Files are read once. Throws `CONFIG_FILE`, `CREDENTIAL_HELPER`.
 */
export function fileCredentials(
  places: CredentialPlaces,
): (registry: string, repository: string, signal?: AbortSignal) => Promise<Credentials | undefined> {
  const files = createShared<string, AuthFile | undefined>({ cancel: "never" });
  const explicit = setOrUndefined(places.env["REGISTRY_AUTH_FILE"]);
  const inline = setOrUndefined(places.env["DOCKER_AUTH_CONFIG"]);
  return async (registry, repository, signal) => {
    const ctx = { env: places.env, signal };
    if (inline !== undefined) {
      const found = await findIn(parseAuthFile(inline, "$DOCKER_AUTH_CONFIG"), registry, repository, ctx);
      if (found !== undefined) return found;
    }
    for (const path of readablePaths(places)) {
      const file = await files.run(path, () => readAuthFile(path));
      if (file === undefined && explicit !== undefined) {
        throw new DecantError("CONFIG_FILE", `Cannot read "${path}": there is no such file; REGISTRY_AUTH_FILE names it`);
      }
      const found = file === undefined ? undefined : await findIn(file, registry, repository, ctx);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function defaultPaths({ env, homeDir }: CredentialPlaces): string[] {
  const runtimeDir = setOrUndefined(env["XDG_RUNTIME_DIR"]);
  return [
    dockerConfig({ env, homeDir }),
    ...(runtimeDir === undefined ? [] : [join(runtimeDir, "containers/auth.json")]),
    join(setOrUndefined(env["XDG_CONFIG_HOME"]) ?? join(homeDir, ".config"), "containers/auth.json"),
  ];
}

/**
 * Where else than in the file that a login goes to credentials for `key` ("host[:port][/path]") are: "$DOCKER_AUTH_CONFIG", and files. Files that
 * cannot be read are left out, and helpers are not asked.
 */
export async function credentialsElsewhere(key: string, places: CredentialPlaces): Promise<readonly string[]> {
  const found: string[] = [];
  const inline = setOrUndefined(places.env["DOCKER_AUTH_CONFIG"]);
  const written = writablePath(places);
  const read = [
    ...(inline === undefined ? [] : [{ place: "$DOCKER_AUTH_CONFIG", parse: () => Promise.resolve(parseAuthFile(inline, "")) }]),
    ...readablePaths(places)
      .filter((path) => path !== written)
      .map((path) => ({ place: path, parse: () => readAuthFile(path) })),
  ];
  for (const { place, parse } of read) {
    const file = await parse().catch((error: unknown) => {
      if (isDecantError(error, "CONFIG_FILE")) return undefined;
      throw error;
    });
    if (file?.credentials.has(key) === true || file?.helpers.has(key) === true) found.push(place);
  }
  return found;
}

function readablePaths(places: CredentialPlaces): string[] {
  const explicit = setOrUndefined(places.env["REGISTRY_AUTH_FILE"]);
  return explicit === undefined ? defaultPaths(places) : [explicit];
}

/** The file that a login goes to. */
export function writablePath(places: CredentialPlaces): string {
  return setOrUndefined(places.env["REGISTRY_AUTH_FILE"]) ?? dockerConfig(places);
}

/** Docker's own file. */
export function dockerConfig({ env, homeDir }: CredentialPlaces): string {
  return join(setOrUndefined(env["DOCKER_CONFIG"]) ?? join(homeDir, ".docker"), "config.json");
}

async function readAuthFile(path: string): Promise<AuthFile | undefined> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_FILE_BYTES });
  if ("bytes" in read) return parseAuthFile(read.bytes.toString("utf8"), path);
  if (read.isMissing) return undefined;
  throw new DecantError("CONFIG_FILE", `Cannot read "${path}": ${read.problem}`);
}

/** The commands of docker-credential-helpers that Decant uses. */
type HelperAction = "get" | "store" | "erase";

interface HelperContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal | undefined;
}

async function findIn(file: AuthFile, registry: string, repository: string, ctx: HelperContext): Promise<Credentials | undefined> {
  for (const key of keysFor(registry, repository)) {
    const broken = file.broken.get(key);
    if (broken !== undefined) throw broken;
    const helper = file.helpers.get(key);
    const found = helper === undefined ? file.credentials.get(key) : await askHelper(helper, serverName(key), ctx);
    if (found !== undefined) return found;
  }
  return file.store === undefined ? undefined : askHelper(file.store, serverName(registry), ctx);
}

/** "ghcr.io/a/b", "ghcr.io/a", "ghcr.io". */
function keysFor(registry: string, repository: string): string[] {
  const parts = repository.split("/");
  return Array.from({ length: parts.length + 1 }, (_, removed) => [registry, ...parts.slice(0, parts.length - removed)].join("/"));
}

/** docker stores Docker Hub under its oldest address. */
export function serverName(key: string): string {
  return key === "docker.io" ? HUB_KEY : key;
}

async function askHelper(name: string, server: string, ctx: HelperContext): Promise<Credentials | undefined> {
  const text = await runHelper(name, "get", server, `${server}\n`, ctx);
  if (text === undefined) return undefined;
  const answer = parseAnswer(text);
  if (answer === undefined) throw helperError(`docker-credential-${name}`, "get", server, 'its answer is not {"Username", "Secret"}');
  if (answer.secret === "") return undefined;
  return answer.username === "<token>"
    ? { kind: "identity-token", token: answer.secret }
    : { kind: "password", username: answer.username, password: answer.secret };
}

/**
 * The protocol of docker-credential-helpers: JSON or the server on stdin, JSON or a sentence on stdout; undefined when the helper has nothing for the
 * server. Never shows what a helper printed. Throws `CREDENTIAL_HELPER`.
 */
export async function runHelper(
  name: string,
  action: HelperAction,
  server: string,
  input: string,
  ctx: HelperContext,
): Promise<string | undefined> {
  const program = `docker-credential-${name}`;
  if (!HELPER_NAME.test(name)) throw helperError(program, action, server, "it is no name of a program");
  const { exitCode, stdout } = await runProcess({
    argv: [program, action],
    input,
    env: ctx.env,
    maxOutputBytes: MAX_HELPER_OUTPUT_BYTES,
    signal: ctx.signal,
  }).catch((cause: unknown) => {
    ctx.signal?.throwIfAborted();
    throw helperError(program, action, server, "it cannot be run", cause);
  });
  const text = stdout.toString("utf8");
  if (exitCode !== 0) {
    if (action !== "store" && text.includes("credentials not found")) return undefined;
    throw helperError(program, action, server, `it ended with exit code ${exitCode}`);
  }
  return text;
}

function parseAnswer(text: string): { username: string; secret: string } | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null) return undefined;
    // "{}": the helper has nothing, and we are anonymous, as with docker.
    const username = "Username" in json ? (json.Username ?? "") : "";
    const secret = "Secret" in json ? (json.Secret ?? "") : "";
    return typeof username === "string" && typeof secret === "string" ? { username, secret } : undefined;
  } catch {
    // The parser's message would quote the answer, which is a secret.
    return undefined;
  }
}

const FAILED = {
  get: (server: string, program: string) => `get credentials for "${server}" from "${program}"`,
  store: (server: string, program: string) => `keep credentials for "${server}" in "${program}"`,
  erase: (server: string, program: string) => `remove credentials for "${server}" from "${program}"`,
} as const satisfies Record<HelperAction, unknown>;

function helperError(program: string, action: HelperAction, server: string, state: string, cause?: unknown): DecantError {
  const check = action === "store" ? `${program} list` : `echo ${server} | ${program} ${action}`;
  return new DecantError("CREDENTIAL_HELPER", `Cannot ${FAILED[action](server, program)}: ${state}`, {
    hint: `Run: ${check}; or remove it from docker's config.json (credsStore, credHelpers)`,
    details: { program, server, action },
    cause,
  });
}

function setOrUndefined(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
