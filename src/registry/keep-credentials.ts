/**
 * Keeps and forgets credentials as docker and podman do: in a credential helper (docker-credential-X store, erase) where their file names one, else in
 * the file itself. Everything else in the file stays as it is.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DecantError, errnoOf } from "../errors.ts";
import { lockFolder, makeFolders, readNamedFile } from "../sys/index.ts";
import { type AuthFile, type Credentials, normalizeKey, parseAuthFile } from "./auth-file.ts";
import { type CredentialPlaces, runHelper, serverName, writablePath } from "./credentials.ts";

/** Where credentials went. */
export interface Kept {
  /** The file, or the program. */
  readonly place: string;
  readonly kind: "helper" | "file";
}

/** What is kept: with an identity token the user's name goes along. */
interface KeptLogin {
  readonly username: string;
  readonly credentials: Credentials;
}

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * Keeps credentials for `key`, "host[:port][/path]", in $REGISTRY_AUTH_FILE, else $DOCKER_CONFIG/config.json (~/.docker/config.json), or in the helper
 * that this file names. Throws `CONFIG_FILE`, `CREDENTIAL_HELPER`.
 */
export async function keepCredentials(key: string, login: KeptLogin, places: CredentialPlaces, signal?: AbortSignal): Promise<Kept> {
  const path = writablePath(places);
  await using _lock = await lockFor(path, signal);
  const { file, json } = await readConfig(path);
  const helper = helperFor(file, key);
  const { credentials, username } = login;
  if (helper !== undefined) {
    const [user, secret] = credentials.kind === "password" ? [credentials.username, credentials.password] : ["<token>", credentials.token];
    const input = JSON.stringify({ ServerURL: serverName(key), Username: user, Secret: secret });
    await runHelper(helper, "store", serverName(key), input, { env: places.env, signal });
  }
  const pair = credentials.kind === "password" ? `${credentials.username}:${credentials.password}` : `${username}:`;
  const auth = Buffer.from(pair, "utf8").toString("base64");
  const entry = helper !== undefined ? {} : credentials.kind === "password" ? { auth } : { auth, identitytoken: credentials.token };
  await writeConfig(path, { ...json, auths: { ...withoutKey(json["auths"], key), [serverName(key)]: entry } });
  return helper === undefined ? { place: path, kind: "file" } : { place: `docker-credential-${helper}`, kind: "helper" };
}

/** Forgets them there; false when there were none. Throws `CONFIG_FILE`, `CREDENTIAL_HELPER`. */
export async function forgetCredentials(key: string, places: CredentialPlaces, signal?: AbortSignal): Promise<boolean> {
  const path = writablePath(places);
  if (!existsSync(path)) return false;
  await using _lock = await lockFor(path, signal);
  const { file, json } = await readConfig(path);
  const helper = helperFor(file, key);
  const erased =
    helper !== undefined &&
    (await runHelper(helper, "erase", serverName(key), `${serverName(key)}\n`, { env: places.env, signal })) !== undefined;
  const auths = withoutKey(json["auths"], key);
  const had = Object.keys(auths).length < Object.keys(withoutKey(json["auths"], undefined)).length;
  if (had) await writeConfig(path, { ...json, auths });
  return had || erased;
}

/**
 * Two logins at once must not lose one of them. The lock is on the folder, where it leaves nothing behind. docker and podman take none of their own
 * there: against them, the rename keeps the file whole.
 */
async function lockFor(path: string, signal: AbortSignal | undefined): Promise<AsyncDisposable> {
  try {
    makeFolders(dirname(path), { mode: 0o700 });
    return await lockFolder(dirname(path), signal);
  } catch (cause) {
    signal?.throwIfAborted();
    throw cannotWrite(path, cause);
  }
}

function cannotWrite(path: string, cause: unknown): DecantError {
  return new DecantError("CONFIG_FILE", `Cannot write "${path}": ${errnoOf(cause) ?? "it failed"}`, {
    hint: "Make its folder writable, or set DOCKER_CONFIG to another folder",
    cause,
  });
}

function helperFor(file: AuthFile | undefined, key: string): string | undefined {
  const broken = file?.broken.get(key);
  if (broken !== undefined && file?.credentials.has(key) !== true && file?.helpers.has(key) === true) throw broken;
  return file?.helpers.get(key) ?? file?.store;
}

/** Without every spelling of the key: an older one could win over the new one. */
function withoutKey(auths: unknown, key: string | undefined): Readonly<Record<string, unknown>> {
  if (typeof auths !== "object" || auths === null) return {};
  return Object.fromEntries(Object.entries(auths).filter(([name]) => normalizeKey(name) !== key));
}

async function readConfig(path: string): Promise<{ readonly file?: AuthFile; readonly json: Readonly<Record<string, unknown>> }> {
  const read = await readNamedFile({ path }, { maxBytes: MAX_FILE_BYTES });
  if (!("bytes" in read)) {
    if (read.isMissing) return { json: {} };
    throw new DecantError("CONFIG_FILE", `Cannot read "${path}": ${read.problem}`);
  }
  const text = read.bytes.toString("utf8");
  if (text.trim() === "") return { json: {} };
  const file = parseAuthFile(text, path);
  // parseAuthFile has found it to be an object.
  const json: Readonly<Record<string, unknown>> = JSON.parse(text);
  return { file, json };
}

/** For its owner only, and at once: nobody sees half of it. A link stays a link. */
async function writeConfig(path: string, json: unknown): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await realpath(path).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT") return path;
      throw error;
    });
    temporary = join(dirname(target), `.decant-${randomBytes(6).toString("hex")}`);
    await writeFile(temporary, `${JSON.stringify(json, undefined, "\t")}\n`, { mode: 0o600, flag: "wx", flush: true });
    await chmod(temporary, 0o600);
    await rename(temporary, target);
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    throw cannotWrite(path, cause);
  }
}
