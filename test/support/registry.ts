/**
 * A registry in this process (distribution-spec v1.1) for tests: real HTTP on a port of its own, everything in memory. It checks what it is
 * given as a strict registry does, records every request, and misbehaves when told to (faults.ts).
 */
import { type Digest, isDigest, sha256 } from "../../src/digest.ts";
import { given } from "../../src/given.ts";
import { type Descriptor, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from "../../src/oci/index.ts";
import type { Answer, Fault } from "./faults.ts";
import { createAuthority, type FakeAuth } from "./registry-auth.ts";
import { type Heard, startServer } from "./server.ts";

/** How the registry is set up. */
export interface FakeRegistryOptions {
  /** Default: everybody may do everything. */
  readonly auth?: FakeAuth;
  /** Default true. */
  readonly referrersApi?: boolean;
  /** PEM texts: speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Keeps what came of an upload whose connection broke, and says so when asked. Default false: such an upload is gone, as with docker-registry. */
  readonly keepsBroken?: boolean;
  /** Takes no smaller chunk of an upload, but for the last. */
  readonly minChunkBytes?: number;
  /** Takes no larger body of a request: 413. */
  readonly maxBodyBytes?: number;
  /** Takes no manifest of such a text: MANIFEST_INVALID. */
  readonly refusesManifest?: RegExp;
  /** Tags on a page. Default: as many as asked for. */
  readonly pageSize?: number;
}

/** A document under its digest. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** A running registry; dispose it to stop it and cut its connections. */
export interface FakeRegistry extends AsyncDisposable {
  /** "127.0.0.1:34567". */
  readonly host: string;
  /** "http://127.0.0.1:34567". */
  readonly origin: string;
  readonly requests: readonly Heard[];
  /** One line a request: "GET /v2/app/manifests/latest 200"; /v2/ and /token are left out. Ports and upload ids are masked. */
  log(): string[];
  addBlob(repository: string, bytes: Uint8Array, mediaType?: string): Descriptor;
  /** `name` is a tag; without one the document is found by digest only. */
  addManifest(repository: string, name: string | undefined, mediaType: string, document: unknown): Descriptor;
  /** A manifest with a config and these layers (uncompressed tars). */
  addImage(repository: string, tag: string, image: AddedImage): Descriptor;
  blob(repository: string, digest: Digest): Buffer | undefined;
  manifest(repository: string, name: string): StoredManifest | undefined;
  /** Misbehaves for the next request that matches. */
  fault(fault: Fault): void;
  /** Makes all bearer tokens invalid. */
  expireTokens(): void;
}

/** An image as `addImage` takes it. */
interface AddedImage {
  /** Uncompressed. */
  readonly layers: readonly Uint8Array[];
  /** Fields of the configuration file. */
  readonly config?: object;
  /** Media type of the layers. Default: OCI's. */
  readonly layerType?: string | undefined;
  /** Fields of the manifest that are otherwise; undefined: absent. */
  readonly manifest?: object | undefined;
}

interface Repository {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, Digest>;
}

/** What the state of an upload looks like: it must come back byte by byte. */
const UPLOAD_STATE = "_state=a+b%2Fc%3D";

/** Starts a registry on a free port of 127.0.0.1. */
export async function startFakeRegistry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const repositories = new Map<string, Repository>();
  const uploads = new Map<string, Buffer>();
  const repository = (name: string): Repository => {
    const known = repositories.get(name) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() };
    repositories.set(name, known);
    return known;
  };
  const findManifest = (name: string, reference: string): [Digest, StoredManifest] | undefined => {
    const found = repositories.get(name);
    const digest = isDigest(reference) ? reference : found?.tags.get(reference);
    const stored = digest === undefined ? undefined : found?.manifests.get(digest);
    return digest === undefined || stored === undefined ? undefined : [digest, stored];
  };

  let origin = "";
  const authority = createAuthority(options.auth);

  const handle = (request: Heard, fault: Fault | undefined): Answer => {
    const { method, headers: asked, body } = request;
    const url = new URL(request.path, origin);
    if (url.pathname === "/token") return authority.token(request, url);
    const refusal = authority.refusal(asked["authorization"], method, url, origin);
    if (refusal !== undefined)
      return send(refusal.status, refusal.headers, JSON.stringify({ errors: [{ code: refusal.code, message: "no" }] }));
    if (body.byteLength > (options.maxBodyBytes ?? Infinity)) return { status: 413, body: "<html>413 Request Entity Too Large</html>" };
    if (url.pathname === "/v2/") return send(200, {}, "{}");
    const [, name = "", kind = "", rest = ""] = /^\/v2\/(.+?)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(url.pathname) ?? [];

    if (kind === "blobs" && rest.startsWith("uploads/")) return upload(method, url, name, rest.slice("uploads/".length), request);
    if (kind === "blobs") {
      const bytes = repositories.get(name)?.blobs.get(rest);
      if (bytes === undefined) return fail(404, "BLOB_UNKNOWN");
      const headers = { "docker-content-digest": rest, "content-type": "application/octet-stream", "accept-ranges": "bytes" };
      const range = fault?.kind === "ignore-range" ? null : /^bytes=(\d+)-$/.exec(asked["range"] ?? "");
      if (range === null) return send(200, headers, bytes);
      const from = Number(range[1]);
      if (from >= bytes.byteLength) return send(416, headers);
      return send(206, { ...headers, "content-range": `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` }, bytes.subarray(from));
    }
    if (kind === "manifests" && method === "PUT") return putManifest(name, rest, asked["content-type"] ?? "", body);
    if (kind === "manifests") {
      const found = findManifest(name, rest);
      if (found === undefined) return fail(404, "MANIFEST_UNKNOWN");
      return send(200, { "content-type": found[1].mediaType, "docker-content-digest": found[0] }, found[1].bytes);
    }
    if (kind === "tags") return listTags(name, url);
    if (kind === "referrers" && options.referrersApi !== false) {
      const manifests = [...repository(name).manifests].flatMap(([digest, stored]) => referrer(digest, stored, rest));
      return send(200, { "content-type": OCI_INDEX }, JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
    }
    return fail(404, "NOT_FOUND");
  };

  const placeOf = (name: string, id: string): Record<string, string> => ({
    location: `/v2/${name}/blobs/uploads/${id}?${UPLOAD_STATE}`,
    // As docker-registry says it: an empty upload and one of a single byte look alike.
    range: `0-${Math.max(0, (uploads.get(id)?.byteLength ?? 0) - 1)}`,
  });
  const onCut = ({ path, body }: Heard): void => {
    const id = /\/blobs\/uploads\/([^/?]+)/.exec(path)?.[1] ?? "";
    const received = uploads.get(id);
    if (received === undefined) return;
    if (options.keepsBroken === true) uploads.set(id, Buffer.concat([received, body]));
    else if (body.byteLength > 0) uploads.delete(id);
  };

  const upload = (method: string, url: URL, name: string, id: string, { body, headers }: Heard): Answer => {
    const range = method === "PATCH" ? headers["content-range"] : undefined;
    if (method === "POST") {
      const from = url.searchParams.get("from");
      const mount = url.searchParams.get("mount");
      const mounted = from === null || mount === null ? undefined : repositories.get(from)?.blobs.get(mount);
      if (mounted !== undefined && mount !== null) {
        repository(name).blobs.set(mount, mounted);
        return send(201, { location: `/v2/${name}/blobs/${mount}`, "docker-content-digest": mount });
      }
      const started = `upload-${uploads.size + 1}`;
      uploads.set(started, Buffer.alloc(0));
      const min = options.minChunkBytes;
      return send(202, { ...placeOf(name, started), ...(min === undefined ? {} : { "oci-chunk-min-length": String(min) }) });
    }
    const received = uploads.get(id);
    if (received === undefined || !url.search.includes(UPLOAD_STATE)) return fail(404, "BLOB_UPLOAD_UNKNOWN");
    if (method === "DELETE") {
      uploads.delete(id);
      return send(204);
    }
    if (method === "GET") return send(204, placeOf(name, id));
    const from = received.byteLength;
    if (range !== undefined && range !== `${from}-${from + body.byteLength - 1}`) return fail(416, "RANGE_INVALID");
    const bytes = Buffer.concat([received, body]);
    if (method === "PATCH") {
      uploads.set(id, bytes);
      return send(202, placeOf(name, id));
    }
    const digest = url.searchParams.get("digest");
    if (sha256(bytes) !== digest) return fail(400, "DIGEST_INVALID");
    repository(name).blobs.set(digest, bytes);
    return send(201, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest });
  };

  const putManifest = (name: string, reference: string, mediaType: string, bytes: Buffer): Answer => {
    const digest = sha256(bytes);
    if (isDigest(reference) && reference !== digest) return fail(400, "DIGEST_INVALID");
    const document = JSON.parse(bytes.toString("utf8")) as { config?: Descriptor; layers?: Descriptor[]; subject?: Descriptor };
    if (options.refusesManifest?.test(bytes.toString("utf8")) === true) return fail(400, "MANIFEST_INVALID");
    const target = repository(name);
    for (const part of [document.config, ...(document.layers ?? [])]) {
      if (part !== undefined && !target.blobs.has(part.digest)) return fail(400, "MANIFEST_BLOB_UNKNOWN");
    }
    target.manifests.set(digest, { mediaType, bytes });
    if (!isDigest(reference)) target.tags.set(reference, digest);
    const subject = options.referrersApi !== false && document.subject !== undefined ? { "oci-subject": document.subject.digest } : {};
    return send(201, { location: `/v2/${name}/manifests/${digest}`, "docker-content-digest": digest, ...subject });
  };

  const listTags = (name: string, url: URL): Answer => {
    const found = repositories.get(name);
    if (found === undefined) return fail(404, "NAME_UNKNOWN");
    const all = [...found.tags.keys()].toSorted();
    const last = url.searchParams.get("last");
    const from = last === null ? 0 : all.indexOf(last) + 1;
    const tags = all.slice(from, from + (options.pageSize ?? all.length));
    const more = from + tags.length < all.length;
    return send(
      200,
      { "content-type": "application/json", ...(more ? { link: `</v2/${name}/tags/list?last=${tags.at(-1)}&n=1>; rel="next"` } : {}) },
      JSON.stringify({ name, tags }),
    );
  };

  const server = await startServer(handle, {
    scheme: options.tls === undefined ? "http" : "https",
    onCut,
    ...given({ tls: options.tls }),
  });
  const { host, heard: requests } = server;
  origin = options.tls === undefined ? server.origin : server.secureOrigin;

  const registry: FakeRegistry = {
    host,
    origin,
    requests,
    log: () =>
      requests
        .filter(({ path }) => path !== "/v2/" && !path.startsWith("/token"))
        .map(
          ({ method, path, status }) =>
            `${method} ${path.replace(/upload-\d+/, "upload").replace(/sha256(:|%3A)[0-9a-f]{64}/g, "DIGEST")} ${status}`,
        ),
    addBlob(name, bytes, mediaType = "application/octet-stream") {
      const digest = sha256(bytes);
      repository(name).blobs.set(digest, Buffer.from(bytes));
      return { mediaType, digest, size: bytes.byteLength };
    },
    addManifest(name, tag, mediaType, document) {
      const bytes = document instanceof Uint8Array ? Buffer.from(document) : Buffer.from(JSON.stringify(document), "utf8");
      const digest = sha256(bytes);
      repository(name).manifests.set(digest, { mediaType, bytes });
      if (tag !== undefined) repository(name).tags.set(tag, digest);
      return { mediaType, digest, size: bytes.byteLength };
    },
    addImage(name, tag, image) {
      const rootfs = { type: "layers", diff_ids: image.layers.map((layer) => sha256(layer)) };
      const config = { architecture: "amd64", os: "linux", ...image.config, rootfs };
      return registry.addManifest(name, tag, OCI_MANIFEST, {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: registry.addBlob(name, Buffer.from(JSON.stringify(config), "utf8"), OCI_CONFIG),
        layers: image.layers.map((layer) => registry.addBlob(name, layer, image.layerType ?? OCI_LAYER)),
        ...image.manifest,
      });
    },
    blob: (name, digest) => repositories.get(name)?.blobs.get(digest),
    manifest: (name, reference) => findManifest(name, reference)?.[1],
    fault: (fault) => server.fault(fault),
    expireTokens: () => authority.expireTokens(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return registry;
}

function referrer(digest: string, stored: StoredManifest, subject: string): object[] {
  const document = JSON.parse(stored.bytes.toString("utf8")) as { subject?: Descriptor; artifactType?: string };
  if (document.subject?.digest !== subject) return [];
  return [{ mediaType: stored.mediaType, digest, size: stored.bytes.byteLength, artifactType: document.artifactType }];
}

function send(status: number, headers: Readonly<Record<string, string>> = {}, body: Uint8Array | string = ""): Answer {
  return { status, headers, body };
}

function fail(status: number, code: string): Answer {
  const errors = [{ code, message: code.toLowerCase() }];
  return send(status, { "content-type": "application/json" }, JSON.stringify({ errors }));
}
