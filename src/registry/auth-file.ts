/** Reads docker's config.json and podman's auth.json (containers-auth.json(5)): text in, values out. */
import * as v from "valibot";
import { DecantError } from "../errors.ts";

/** Who we are for a registry. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged for bearer tokens. */
  | { readonly kind: "identity-token"; readonly token: string }
  /** A bearer token, sent as it is. */
  | { readonly kind: "registry-token"; readonly token: string };

/** What a file says; keys are "host[:port][/path]", with "docker.io" for Docker Hub. */
export interface AuthFile {
  readonly credentials: ReadonlyMap<string, Credentials>;
  readonly helpers: ReadonlyMap<string, string>;
  /** Entries that cannot be read: errors for who needs them, and nobody else's business. */
  readonly broken: ReadonlyMap<string, DecantError>;
  /** The helper for everything else. */
  readonly store: string | undefined;
}

/** Docker Hub's name in config.json and for helpers. */
export const HUB_KEY = "https://index.docker.io/v1/";

const field = v.nullish(v.string());
const entry = v.looseObject({ auth: field, username: field, password: field, identitytoken: field, registrytoken: field });
const schema = v.looseObject({
  auths: v.nullish(v.record(v.string(), v.unknown())),
  credHelpers: v.nullish(v.record(v.string(), v.unknown())),
  credsStore: field,
});

/** Parses a file. Throws `CONFIG_FILE` for one that cannot be read as a whole; messages never quote values. */
export function parseAuthFile(text: string, path: string): AuthFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the text, which has secrets: only the line is taken of it.
    const line = /\(line (\d+) column \d+\)/.exec(String(error))?.[1];
    throw badFile(line === undefined ? path : `${path}:${line}`, "it is no JSON");
  }
  const result = v.safeParse(schema, json);
  if (!result.success) throw badFile(path, `"${v.getDotPath(result.issues[0]) ?? "it"}" has the wrong type`);
  const { auths, credHelpers, credsStore } = result.output;
  const credentials = new Map<string, Credentials>();
  const helpers = new Map<string, string>();
  const broken = new Map<string, DecantError>();
  for (const [key, value] of Object.entries(auths ?? {})) {
    const found = credentialsOf(value, key, path);
    if (found instanceof DecantError) broken.set(normalizeKey(key), found);
    else if (found !== undefined) credentials.set(normalizeKey(key), found);
  }
  for (const [key, helper] of Object.entries(credHelpers ?? {})) {
    if (typeof helper === "string") helpers.set(normalizeKey(key), helper);
    else broken.set(normalizeKey(key), badFile(path, `"credHelpers.${key}" has the wrong type`));
  }
  return {
    credentials,
    helpers,
    broken,
    store: credsStore === "" || credsStore === null ? undefined : credsStore,
  };
}

function credentialsOf(given: unknown, key: string, path: string): Credentials | DecantError | undefined {
  if (given === null) return undefined;
  const parsed = v.safeParse(entry, Array.isArray(given) ? undefined : given);
  if (!parsed.success)
    return badFile(path, `"${["auths", key, v.getDotPath(parsed.issues[0])].filter(Boolean).join(".")}" has the wrong type`);
  const value = parsed.output;
  if (value.identitytoken) return { kind: "identity-token", token: value.identitytoken };
  if (value.registrytoken) return { kind: "registry-token", token: value.registrytoken };
  if (value.auth) {
    // Some tools pad the decoded text with NUL, as old docker did.
    const plain = Buffer.from(value.auth, "base64").toString("utf8").replace(/\0+$/, "");
    const colon = plain.indexOf(":");
    if (colon < 0) return badFile(path, `"auths.${key}.auth" is not the base64 of user:password`);
    return { kind: "password", username: plain.slice(0, colon), password: plain.slice(colon + 1) };
  }
  if (value.username && value.password) return { kind: "password", username: value.username, password: value.password };
  // An empty entry says that a login is in the credsStore.
  return undefined;
}

/** "https://index.docker.io/v1/" → "docker.io", "https://host:5000/v2/" → "host:5000", "ghcr.io/owner" stays. */
export function normalizeKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, "");
  // Keys with a scheme are of the time when only the host counted.
  const [host = "", ...path] = (bare === key ? bare.replace(/\/+$/, "") : bare.replace(/\/.*$/, "")).split("/");
  const registry = host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
  return [registry, ...path].join("/");
}

function badFile(path: string, state: string): DecantError {
  return new DecantError("CONFIG_FILE", `Cannot use "${path}": ${state}`, { hint: "Correct it, or log in again with decant login" });
}
