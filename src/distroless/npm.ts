/**
 * Packages of an npm registry: the tarball of an exact version, checked against its integrity (sha512), and the registry's own signature over
 * "name@version:integrity" (ECDSA P-256, keys of /-/npm/v1/keys) where the registry has them.
 */
import { createHash, createPublicKey, verify } from "node:crypto";
import { join } from "node:path";
import * as v from "valibot";
import { type ByteStream, collect } from "../bytes.ts";
import { download, type HttpOptions } from "../debian/index.ts";
import { type Digest, isDigest } from "../digest.ts";
import { DecantError, isDecantError } from "../errors.ts";
import type { Network } from "../net/index.ts";
import type { Store } from "../store/index.ts";
import { readNamedFile } from "../sys/index.ts";
import { nodePackageError } from "./errors.ts";

/** "verified": by a key of the registry. "absent": the registry gives no signature (mirrors drop it), or no keys; only the integrity was checked. */
type RegistrySignature = "verified" | "absent";

/** A package in the store. JSON-safe. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** "sha512-…" */
  readonly integrity: string;
  readonly signature: RegistrySignature;
  /** Of the tarball in the store. */
  readonly digest: Digest;
  readonly size: number;
}

/** How a package is fetched. */
export interface NpmOptions {
  /** Without a slash at the end; see `npmRegistry`. */
  readonly registry: string;
  readonly offline: boolean;
  /** For the age of keys. */
  readonly now: Date;
  /** What requests go by. */
  readonly network: Network;
  /** Wraps the tarball's bytes, to tell about them. */
  readonly watch: (url: string, body: ByteStream) => ByteStream;
  readonly signal?: AbortSignal | undefined;
}

const SPACE = "npm-package";
const MAX_JSON_BYTES = 64 * 1024 * 1024;
const MAX_NPMRC_BYTES = 1024 * 1024;
const MAX_TARBALL_BYTES = 1024 ** 3;
const DEFAULT_REGISTRY = "https://registry.npmjs.org";

const packageSchema = v.object({
  name: v.string(),
  version: v.string(),
  integrity: v.string(),
  signature: v.picklist(["verified", "absent"]),
  digest: v.custom<Digest>((value) => typeof value === "string" && isDigest(value)),
  size: v.number(),
});
const versionSchema = v.object({
  name: v.string(),
  version: v.string(),
  dist: v.object({
    tarball: v.pipe(v.string(), v.regex(/^https?:\/\//)),
    integrity: v.string(),
    signatures: v.optional(v.array(v.object({ keyid: v.string(), sig: v.string() })), []),
  }),
});
const keysSchema = v.object({ keys: v.array(v.object({ keyid: v.string(), key: v.string(), expires: v.nullish(v.string()) })) });
const timesSchema = v.object({ time: v.record(v.string(), v.string()) });
type VersionDocument = v.InferOutput<typeof versionSchema>;

/** The registry that npm would use by its environment variable or the user's ~/.npmrc. */
export async function npmRegistry(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const fromEnv = env["npm_config_registry"] ?? env["NPM_CONFIG_REGISTRY"];
  return (fromEnv ?? (await registryOfUser(env["HOME"])) ?? DEFAULT_REGISTRY).replace(/\/+$/, "");
}

async function registryOfUser(home: string | undefined): Promise<string | undefined> {
  if (home === undefined) return undefined;
  const path = join(home, ".npmrc");
  const read = await readNamedFile({ path }, { maxBytes: MAX_NPMRC_BYTES });
  if ("bytes" in read) return /^registry\s*=\s*"?(https?:\/\/[^\s"]+)"?\s*$/m.exec(read.bytes.toString("utf8"))?.[1];
  if (read.isMissing) return undefined;
  throw new DecantError("CONFIG_FILE", `Cannot read "${path}": ${read.problem}`);
}

/** Gets `name@version` into the store. `pinned`: the integrity it must have. Throws `NODE_PACKAGE`. */
export async function fetchNpmPackage(
  store: Store,
  wanted: { readonly name: string; readonly version: string; readonly pinned?: string },
  options: NpmOptions,
): Promise<NpmPackage> {
  const what = `${wanted.name}@${wanted.version}`;
  const id = recordId(wanted, options.registry);
  const find = (): NpmPackage | undefined => findNpmPackage(store, wanted, options.registry);
  const known = find() ?? (await locked());
  if (wanted.pinned !== undefined && known.integrity !== wanted.pinned)
    throw nodePackageError(what, `the registry's integrity is ${known.integrity}; the recipe pins ${wanted.pinned}`);
  return known;

  async function locked(): Promise<NpmPackage> {
    if (options.offline)
      throw nodePackageError(what, "it is not in the store, and --offline forbids the network", {
        hint: "Run it once without --offline",
      });
    await using _lock = await store.locks.acquire(`npm-${wanted.name.replaceAll("/", "+")}-${wanted.version}`, { signal: options.signal });
    const other = find();
    if (other !== undefined) return other;
    const fetched = await fetchNow(store, what, wanted, options);
    store.records.put(SPACE, id, fetched, [{ kind: "blob", id: fetched.digest }]);
    return fetched;
  }
}

/** What the store has of `name@version`; undefined when it has to be fetched. */
function findNpmPackage(
  store: Store,
  wanted: { readonly name: string; readonly version: string },
  registry: string,
): NpmPackage | undefined {
  const known = v.safeParse(packageSchema, store.records.get(SPACE, recordId(wanted, registry)));
  return known.success && store.blobs.size(known.output.digest) === known.output.size ? known.output : undefined;
}

/** Copies what one store has to another; what it does not have is left out. */
export async function copyNpmPackage(
  from: Store,
  to: Store,
  wanted: { readonly name: string; readonly version: string },
  registry: string,
): Promise<void> {
  const known = findNpmPackage(from, wanted, registry);
  if (known === undefined) return;
  await to.blobs.write(from.blobs.open(known.digest), known);
  to.records.put(SPACE, recordId(wanted, registry), known, [{ kind: "blob", id: known.digest }]);
}

function recordId({ name, version }: { readonly name: string; readonly version: string }, registry: string): string {
  return `${registry} ${name}@${version}`;
}

async function fetchNow(
  store: Store,
  what: string,
  wanted: { readonly name: string; readonly version: string; readonly pinned?: string },
  options: NpmOptions,
): Promise<NpmPackage> {
  const { network, signal } = options;
  const fail: HttpOptions["fail"] = (url, why, extra) => nodePackageError(what, `${url}: ${why}`, extra);
  const http: HttpOptions = { network, fail, signal };
  const document = await getJson(`${options.registry}/${wanted.name.replace("/", "%2f")}/${wanted.version}`, versionSchema, what, http);
  const { integrity, tarball } = document.dist;
  if (document.name !== wanted.name || document.version !== wanted.version)
    throw nodePackageError(what, `the registry answered with ${document.name}@${document.version}`);
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) throw nodePackageError(what, `its integrity is "${integrity}"; wanted sha512`);
  if (wanted.pinned !== undefined && integrity !== wanted.pinned)
    throw nodePackageError(what, `the registry's integrity is ${integrity}; the recipe pins ${wanted.pinned}`);
  const signature = await checkSignature(document, what, options, http);
  const { digest, size } = await download(
    tarball,
    (body) => store.blobs.write(checked(options.watch(tarball, body), integrity, what)),
    http,
  );
  return { name: wanted.name, version: wanted.version, integrity, signature, digest, size };
}

/** Ends with an error before the stream ends, so nothing wrong is ever published. */
async function* checked(source: ByteStream, integrity: string, what: string): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash("sha512");
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_TARBALL_BYTES) throw nodePackageError(what, `its tarball has more than ${MAX_TARBALL_BYTES} bytes`);
    hash.update(chunk);
    yield chunk;
  }
  const actual = `sha512-${hash.digest("base64")}`;
  if (actual !== integrity) throw nodePackageError(what, `the tarball's integrity is ${actual}; wanted ${integrity}`);
}

async function checkSignature(document: VersionDocument, what: string, options: NpmOptions, http: HttpOptions): Promise<RegistrySignature> {
  const { signatures, integrity } = document.dist;
  if (signatures.length === 0) return "absent";
  const keys = await registryKeys(what, options, http);
  if (keys === undefined) return "absent";
  const message = Buffer.from(`${document.name}@${document.version}:${integrity}`);
  for (const signature of signatures) {
    const key = keys.find((one) => one.keyid === signature.keyid);
    if (key === undefined) throw nodePackageError(what, `it is signed by the key "${signature.keyid}", which the registry does not list`);
    const publicKey = createPublicKey({ key: Buffer.from(key.key, "base64"), format: "der", type: "spki" });
    if (!verify("sha256", message, publicKey, Buffer.from(signature.sig, "base64")))
      throw nodePackageError(what, `the registry's signature by the key "${signature.keyid}" is wrong`);
    if (key.expires && Date.parse(key.expires) < (await publishedAt(document, what, options, http)))
      throw nodePackageError(what, `the key "${signature.keyid}" had expired (${key.expires}) when the package was published`);
  }
  return "verified";
}

async function registryKeys(
  what: string,
  options: NpmOptions,
  http: HttpOptions,
): Promise<v.InferOutput<typeof keysSchema>["keys"] | undefined> {
  try {
    return (await getJson(`${options.registry}/-/npm/v1/keys`, keysSchema, what, http)).keys;
  } catch (error) {
    // Registries other than npm's own may have no keys; anything else than "not found" is a failure.
    if (isDecantError(error, "NODE_PACKAGE") && error.details["status"] === 404) return undefined;
    throw error;
  }
}

/** Only asked when the key has an end: the document of one version does not have its date. */
async function publishedAt(document: VersionDocument, what: string, options: NpmOptions, http: HttpOptions): Promise<number> {
  const { time } = await getJson(`${options.registry}/${document.name.replace("/", "%2f")}`, timesSchema, what, http);
  const at = Date.parse(time[document.version] ?? "");
  return Number.isNaN(at) ? options.now.getTime() : at;
}

async function getJson<Schema extends v.GenericSchema>(
  url: string,
  schema: Schema,
  what: string,
  http: HttpOptions,
): Promise<v.InferOutput<Schema>> {
  const bytes = await download(url, (body) => collect(body, MAX_JSON_BYTES, url), http);
  try {
    return v.parse(schema, JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw nodePackageError(what, `${url} is not what an npm registry answers: ${cause instanceof Error ? cause.message : ""}`, { cause });
  }
}
