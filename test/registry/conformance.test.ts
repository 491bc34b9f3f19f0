/**
 * The client's side of distribution-spec 1.1 against real docker-registry processes: one that lets everybody in, one with a password and TLS by an own
 * authority, and one with a token server. Every call of the client, with what the specification expects of it.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { lookup } from "node:dns";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { bytesOf, collect } from "../../src/bytes.ts";
import { sha256 } from "../../src/digest.ts";
import { createNetwork, type Network } from "../../src/net/index.ts";
import type { Lookup } from "../../src/net/agents.ts";
import {
  type Descriptor,
  DOCKER_CONFIG,
  DOCKER_LAYER_GZIP,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from "../../src/oci/index.ts";
import type { Credentials } from "../../src/registry/auth-file.ts";
import { createRegistryClient, type RegistryClient } from "../../src/registry/index.ts";
import { EMPTY_REGISTRIES } from "../../src/registry/testdata/support.ts";
import { REGISTRY_LOGIN, startDockerRegistry } from "../support/docker-registry.ts";
import { createOwnAuthority } from "../support/own-authority.ts";
import { failsWith } from "../support/registry-client.ts";
import type { TestServer } from "../support/server.ts";
import { startTokenServer } from "../support/token-server.ts";

const ME: Credentials = { kind: "password", ...REGISTRY_LOGIN };
const IDENTITY: Credentials = { kind: "identity-token", token: "r3fresh-token" };
const ISSUER = "decant tests";

/** A running registry, and how to get in. */
interface Place {
  readonly host: string;
  readonly systemDir: string;
  readonly tokens?: TestServer;
}

/** Names below .test are this machine: it tolerates no certificate that only loopback addresses may show. */
const lookupTest = ((name: string, options: object, done: never) =>
  lookup(name.endsWith(".test") ? "127.0.0.1" : name, options, done)) as unknown as Lookup;

type Start = (dir: string, stack: AsyncDisposableStack) => Promise<Place>;

const plain: Start = async (dir, stack) => ({ host: stack.use(await startDockerRegistry(dir)).host, systemDir: dir });

/** With TLS; `certs.d` knows the authority. */
const secure =
  (auth: "htpasswd" | "token"): Start =>
  async (dir, stack) => {
    const authority = await createOwnAuthority(dir);
    const tls = await authority.issue("server", ["DNS:registry.test", "DNS:token.test"]);
    const signer = await authority.issue("signer");
    const tokens =
      auth === "token"
        ? stack.use(await startTokenServer({ signer, tls, issuer: ISSUER, login: REGISTRY_LOGIN, identityToken: IDENTITY.token }))
        : undefined;
    const tokenHost = `token.test:${tokens?.host.split(":")[1]}`;
    const token = { realm: `https://${tokenHost}/token`, service: "registry.test", issuer: ISSUER, rootFile: authority.ca.certFile };
    const registry = stack.use(await startDockerRegistry(dir, { tls, ...(tokens === undefined ? { htpasswd: true } : { token }) }));
    const host = `registry.test:${registry.host.split(":")[1]}`;
    for (const name of [host, tokenHost]) {
      await mkdir(join(dir, "docker/certs.d", name), { recursive: true });
      await writeFile(join(dir, "docker/certs.d", name, "ca.crt"), authority.ca.cert);
    }
    return { host, systemDir: dir, ...(tokens === undefined ? {} : { tokens }) };
  };

/** hosts.toml of containerd names the authority and our certificate. */
const mutual: Start = async (dir, stack) => {
  const authority = await createOwnAuthority(dir);
  const tls = await authority.issue("server", ["DNS:registry.test"]);
  const { certFile, keyFile } = await authority.issue("client");
  const registry = stack.use(await startDockerRegistry(dir, { tls, clientAuthority: authority.ca.certFile }));
  const host = `registry.test:${registry.host.split(":")[1]}`;
  await mkdir(join(dir, "containerd/certs.d", host), { recursive: true });
  const text = `server = "https://${host}"\nca = "${authority.ca.certFile}"\nclient = [["${certFile}", "${keyFile}"]]\n`;
  await writeFile(join(dir, "containerd/certs.d", host, "hosts.toml"), text);
  return { host, systemDir: dir };
};

const registries: readonly { readonly name: string; readonly start: Start; readonly credentials: Credentials | undefined }[] = [
  { name: "that lets everybody in", start: plain, credentials: undefined },
  { name: "with a password, and TLS by an own authority", start: secure("htpasswd"), credentials: ME },
  { name: "that wants a certificate of ours, by hosts.toml", start: mutual, credentials: undefined },
  { name: "with a token server and a password", start: secure("token"), credentials: ME },
  { name: "with a token server and an identity token", start: secure("token"), credentials: IDENTITY },
];

for (const { name, start, credentials } of registries) {
  describe(`F.3: a docker-registry ${name}`, () => {
    const stack = new AsyncDisposableStack();
    let place: Place;
    let client: RegistryClient;
    let network: Network;
    const clientWith = (found: Credentials | undefined): RegistryClient =>
      stack.use(
        createRegistryClient({ env: {}, homeDir: place.systemDir, config: EMPTY_REGISTRIES, credentials: async () => found, network }),
      );
    const repository = (path: string) => ({ registry: place.host, repository: path });
    const pushBytes = async (path: string, bytes: Uint8Array, mediaType: string): Promise<Descriptor> => {
      const descriptor = { digest: sha256(bytes), size: bytes.byteLength };
      await client.pushBlob(repository(path), descriptor, (at) => bytesOf(bytes.subarray(at)));
      return { mediaType, ...descriptor };
    };
    const pushImage = async (path: string, tag: string, layer: Uint8Array): Promise<Descriptor> => {
      const config = await pushBytes(
        path,
        Buffer.from(JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } })),
        OCI_CONFIG,
      );
      const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [await pushBytes(path, layer, OCI_LAYER)] };
      return await client.pushManifest({ ...repository(path), tag }, OCI_MANIFEST, Buffer.from(JSON.stringify(manifest)));
    };

    before(async () => {
      const dir = await mkdtempDisposable(join(tmpdir(), "decant-registry-"));
      stack.defer(() => dir.remove());
      place = await start(dir.path, stack);
      network = stack.use(createNetwork({ env: {}, homeDir: dir.path, systemDir: dir.path, lookup: lookupTest }));
      client = clientWith(credentials);
    });
    after(() => stack.disposeAsync());

    it("takes blobs and gives them back: empty, small, and in many packets", async () => {
      for (const size of [0, 1, 5_000_000]) {
        const bytes = randomBytes(size);
        const descriptor = { digest: sha256(bytes), size };
        assert.equal(await client.hasBlob(repository("a/blobs"), descriptor.digest), false);
        const open = (at: number) => bytesOf(bytes.subarray(at));
        assert.equal(await client.pushBlob(repository("a/blobs"), descriptor, open), "pushed");
        assert.equal(await client.pushBlob(repository("a/blobs"), descriptor, open), "exists");
        assert.equal(await client.hasBlob(repository("a/blobs"), descriptor.digest), true);
        assert.equal(await client.blobSize(repository("a/blobs"), descriptor.digest), size);
        assert.ok((await collect(client.blob(repository("a/blobs"), descriptor), 10_000_000)).equals(bytes));
      }
    });

    it("gives the rest of a blob of which a part is kept", async () => {
      const bytes = randomBytes(2_000_000);
      const descriptor = await pushBytes("a/rest", bytes, OCI_LAYER);
      const kept = { sizeBytes: 1_500_000, open: () => bytesOf(bytes.subarray(0, 1_500_000)) };
      assert.ok((await collect(client.blob(repository("a/rest"), descriptor, { kept }), 10_000_000)).equals(bytes));
    });

    it("mounts a blob of another repository, and says where it cannot", async () => {
      const { digest } = await pushBytes("a/from", randomBytes(1000), OCI_LAYER);
      assert.equal(await client.mountBlob(repository("a/to"), "a/from", digest), true);
      assert.equal(await client.hasBlob(repository("a/to"), digest), true);
      assert.equal(await client.mountBlob(repository("a/to"), "a/from", sha256("nobody has this")), false);
    });

    it("takes manifests and indexes, by tag and by digest, and gives them back with their digest", async () => {
      const image = await pushImage("a/app", "v1", randomBytes(500));
      const tagged = { ...repository("a/app"), tag: "v1" };
      assert.deepEqual((await client.resolve(tagged)).descriptor, image);
      assert.equal(sha256((await client.manifest({ ...repository("a/app"), digest: image.digest })).bytes), image.digest);
      const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [image] }));
      const pushed = await client.pushManifest({ ...repository("a/app"), tag: "all" }, OCI_INDEX, index);
      assert.deepEqual((await client.resolve({ ...repository("a/app"), tag: "all" })).descriptor, pushed);
      assert.deepEqual((await client.tags(repository("a/app"))).toSorted(), ["all", "v1"]);
    });

    it("lists referrers, although it has no API for them", async () => {
      const subject = await pushImage("a/signed", "v1", randomBytes(500));
      const config = await pushBytes("a/signed", Buffer.from("{}"), OCI_EMPTY);
      const artifactType = "application/x-signature";
      const manifest = {
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        artifactType,
        config,
        layers: [config],
        subject,
        annotations: { by: "me" },
      };
      const pushed = await client.pushManifest(repository("a/signed"), OCI_MANIFEST, Buffer.from(JSON.stringify(manifest)));
      const found = await client.referrers(repository("a/signed"), subject.digest, { artifactType });
      assert.deepEqual(found, [{ ...pushed, artifactType, annotations: { by: "me" } }]);
      assert.deepEqual(await client.referrers(repository("a/signed"), subject.digest, { artifactType: "application/x-other" }), []);
    });

    it("F3: takes Docker's manifests and lists, and gives them back as they are", async () => {
      const image = await pushImage("a/docker", "oci", randomBytes(500));
      const { bytes } = await client.manifest({ ...repository("a/docker"), digest: image.digest });
      const { config, layers } = JSON.parse(bytes.toString("utf8"));
      const manifest = {
        schemaVersion: 2,
        mediaType: DOCKER_MANIFEST,
        config: { ...config, mediaType: DOCKER_CONFIG },
        layers: [{ ...layers[0], mediaType: DOCKER_LAYER_GZIP }],
      };
      const one = await client.pushManifest(repository("a/docker"), DOCKER_MANIFEST, Buffer.from(JSON.stringify(manifest)));
      const platform = { os: "linux", architecture: "amd64" };
      const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: DOCKER_MANIFEST_LIST, manifests: [{ ...one, platform }] }));
      const all = await client.pushManifest({ ...repository("a/docker"), tag: "list" }, DOCKER_MANIFEST_LIST, list);
      assert.deepEqual((await client.resolve({ ...repository("a/docker"), tag: "list" })).descriptor, all);
      assert.ok((await client.manifest({ ...repository("a/docker"), tag: "list" })).bytes.equals(list));
    });

    it("F3: moves a tag, and lists as many tags as there are", async () => {
      const first = await pushImage("a/tags", "moving", randomBytes(10));
      const second = await pushImage("a/tags", "moving", randomBytes(10));
      assert.deepEqual((await client.resolve({ ...repository("a/tags"), tag: "moving" })).descriptor, second);
      const { bytes } = await client.manifest({ ...repository("a/tags"), digest: first.digest });
      const tags = Array.from({ length: 120 }, (_, at) => `t${at}`);
      for (const tag of tags) await client.pushManifest({ ...repository("a/tags"), tag }, OCI_MANIFEST, bytes);
      assert.deepEqual((await client.tags(repository("a/tags"))).toSorted(), ["moving", ...tags].toSorted());
    });

    it("F3: lists indexes as referrers, and referrers of what it does not have (yet)", async () => {
      const subject = { mediaType: OCI_MANIFEST, digest: sha256(randomBytes(10)), size: 10 };
      const artifactType = "application/x-list";
      const index = { schemaVersion: 2, mediaType: OCI_INDEX, artifactType, manifests: [], subject };
      const pushed = await client.pushManifest(repository("a/early"), OCI_INDEX, Buffer.from(JSON.stringify(index)));
      assert.deepEqual(await client.referrers(repository("a/early"), subject.digest), [{ ...pushed, artifactType }]);
      assert.deepEqual(await client.referrers(repository("a/early"), sha256("nothing is about this")), []);
    });

    it("says what is missing, or wrong", async () => {
      await pushImage("a/errors", "v1", randomBytes(10));
      await assert.rejects(client.resolve({ ...repository("a/errors"), tag: "none" }), failsWith("IMAGE_NOT_FOUND"));
      await assert.rejects(client.manifest({ ...repository("a/errors"), digest: sha256("none") }), failsWith("IMAGE_NOT_FOUND"));
      const missing = { digest: sha256("none"), size: 4 };
      await assert.rejects(collect(client.blob(repository("a/errors"), missing), 10), failsWith("BLOB_MISSING"));
      const orphan = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: { mediaType: OCI_CONFIG, ...missing }, layers: [] };
      const pushed = client.pushManifest({ ...repository("a/errors"), tag: "v2" }, OCI_MANIFEST, Buffer.from(JSON.stringify(orphan)));
      await assert.rejects(pushed, failsWith("REGISTRY", /BLOB_UNKNOWN/));
      const lied = client.pushBlob(repository("a/errors"), { digest: sha256("what was said"), size: 4 }, () => bytesOf("what"));
      await assert.rejects(lied, failsWith("REGISTRY", /DIGEST_INVALID/));
    });

    if (credentials !== undefined) {
      it("refuses who is nobody, or says the wrong word", async () => {
        const wrong: Credentials =
          credentials.kind === "password" ? { ...credentials, password: "wr0ng" } : { ...credentials, token: "wr0ng" };
        for (const who of [undefined, wrong]) {
          const refused = clientWith(who).pushBlob(repository("a/closed"), { digest: sha256("x"), size: 1 }, () => bytesOf("x"));
          await assert.rejects(refused, (error) => failsWith("REGISTRY_AUTH")(error) && !/wr0ng/.test(String(error)));
        }
      });
    }

    if (name.includes("token server")) {
      it("asks its token server for the scopes of what it does, and for no more", async () => {
        await pushImage("public/app", "v1", randomBytes(10));
        const from = place.tokens?.heard.length ?? 0;
        assert.equal((await clientWith(undefined).tags(repository("public/app"))).length, 1);
        const { digest } = await pushBytes("b/from", randomBytes(10), OCI_LAYER);
        assert.equal(await client.mountBlob(repository("b/to"), "b/from", digest), true);
        const scopes = place.tokens?.heard.slice(from).map(({ path, body, method }) => {
          const query = new URLSearchParams(method === "POST" ? body.toString("utf8") : path.split("?")[1]);
          return query.getAll("scope").join(" ");
        });
        const wanted = ["repository:public/app:pull", "repository:b/from:pull,push", "repository:b/to:pull,push repository:b/from:pull"];
        assert.deepEqual(scopes, wanted);
      });
    }
  });
}
