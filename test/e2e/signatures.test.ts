/** F4: signatures by keys: what `sign` stores, what `verify` takes and refuses, and where they go along. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Digest, isDigest } from "../../src/digest.ts";
import {
  copyImage,
  generateKeyPair,
  importImage,
  pruneStore,
  pullImage,
  pushImage,
  signImage,
  tagImage,
  verifyImage,
} from "../../src/index.ts";
import { OCI_EMPTY, OCI_INDEX, OCI_MANIFEST } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { DECANT } from "../support/command.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const folder = mkdtempSync(join(tmpdir(), "decant-sign-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "store");
const env = { ...process.env, COSIGN_PASSWORD: "a word" };

before(async () => {
  for (const name of ["cosign", "other"]) {
    const pair = await generateKeyPair({ password: "a word" });
    writeFileSync(join(folder, `${name}.key`), pair.privateKey);
    writeFileSync(join(folder, `${name}.pub`), pair.publicKey);
  }
});

function fill(registry: FakeRegistry, repository = "team/app"): Digest {
  const layers = [tarOf([{ path: "hello", content: "hello" }])];
  return registry.addImage(repository, "v1", { layers, config: { architecture: "amd64", os: "linux" } }).digest;
}

/** Not at once: the registry is in this process. */
async function decant(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; stdout: string; stderr: string }>();
  execFile(DECANT, args, { cwd: folder, env: { ...process.env, ...env } }, (error, stdout, stderr) => {
    resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
  });
  return await promise;
}

async function sign(image: string, more: Partial<Parameters<typeof signImage>[0]> = {}) {
  await using run = signImage({ root, env, image, key: "cosign.key", cwd: folder, ...more });
  return await run.result;
}

/** "verified", or the error and its hint. */
async function verify(image: string, more: Partial<Parameters<typeof verifyImage>[0]> = {}): Promise<string> {
  await using run = verifyImage({ root, env, image, keys: ["cosign.pub"], cwd: folder, ...more });
  return await run.result.then(
    ({ signatures }) => `verified: ${signatures.map(({ key }) => key).join(", ")}`,
    (error: Error & { readonly code?: string }) => `${error.code}: ${error.message}`,
  );
}

test("F4: sign stores a sigstore bundle as a referrer, as cosign 3 does, and verify takes it", async () => {
  for (const referrersApi of [true, false]) {
    await using registry = await startFakeRegistry({ referrersApi });
    const digest = fill(registry);
    const image = `${registry.host}/team/app:v1`;
    assert.match(
      await verify(image),
      /^SIGNATURE: Cannot verify ".*team\/app:v1": it has no signature; wanted one by the key "cosign.pub"$/,
    );
    const { digests, place, bundles, signatures } = await sign(image);
    assert.deepEqual([digests, place], [[digest], "registry"]);
    assert.equal(await verify(image), "verified: cosign.pub");
    assert.equal(await verify(`${registry.host}/team/app@${digest}`), "verified: cosign.pub");

    const manifest = registry.manifest("team/app", signatures[0] ?? "");
    assert.ok(manifest !== undefined && manifest.mediaType === OCI_MANIFEST);
    const { artifactType, config, layers, subject, annotations } = JSON.parse(manifest.bytes.toString());
    assert.equal(artifactType, BUNDLE);
    assert.equal(config.mediaType, OCI_EMPTY);
    assert.equal(layers[0].mediaType, BUNDLE);
    assert.equal(subject.digest, digest);
    assert.equal(annotations["dev.sigstore.bundle.predicateType"], "https://sigstore.dev/cosign/sign/v1");
    assert.equal(registry.blob("team/app", layers[0].digest)?.toString(), bundles[0]);

    const bundle = JSON.parse(bundles[0] ?? "");
    assert.equal(bundle.mediaType, BUNDLE);
    assert.equal(bundle.dsseEnvelope.payloadType, "application/vnd.in-toto+json");
    assert.deepEqual(JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()), {
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ digest: { sha256: digest.slice("sha256:".length) } }],
      predicateType: "https://sigstore.dev/cosign/sign/v1",
      predicate: {},
    });
  }
});

test("F4: verify refuses what is not signed as wanted, and says why", async () => {
  await using registry = await startFakeRegistry();
  fill(registry);
  fill(registry, "team/other");
  const image = `${registry.host}/team/app:v1`;
  const { bundles } = await sign(image, { annotations: { stage: "test" } });
  const good = JSON.parse(bundles[0] ?? "");
  const changed = (change: (bundle: typeof good) => void): string => {
    const bundle = structuredClone(good);
    change(bundle);
    const path = join(folder, `bundle-${bundles.length}-${Math.random()}.json`);
    writeFileSync(path, JSON.stringify(bundle));
    return path;
  };
  const otherLayers = [tarOf([{ path: "hello", content: "another" }])];
  const other = registry.addImage("team/app", "v2", { layers: otherLayers, config: { architecture: "amd64", os: "linux" } });
  const payload = (text: string): string => Buffer.from(text).toString("base64");
  const rows: readonly [name: string, why: RegExp, options: Partial<Parameters<typeof verifyImage>[0]>, image?: string][] = [
    ["another key", /its signature does not count: it is by another key; wanted one by the key "other.pub"$/, { keys: ["other.pub"] }],
    ["another annotation", /does not say stage=live/, { annotations: { stage: "live" } }],
    ["another image", /it has no signature/, {}, `${registry.host}/team/app:v2`],
    [
      "the bundle of another image",
      /it is of another image \(sha256:/,
      { bundle: changed(() => {}) },
      `${registry.host}/team/app@${other.digest}`,
    ],
    [
      "a payload that was changed",
      /it was changed after the key had made it/,
      { bundle: changed((bundle) => (bundle.dsseEnvelope.payload = payload('{"_type":"x"}'))) },
    ],
    [
      "a signature that was changed",
      /it was changed after the key had made it/,
      { bundle: changed((bundle) => (bundle.dsseEnvelope.signatures[0].sig = payload("none"))) },
    ],
    [
      "a type that was changed",
      /it was changed after the key had made it/,
      { bundle: changed((bundle) => (bundle.dsseEnvelope.payloadType = "text/plain")) },
    ],
    ["no signature in it", /no bundle of sigstore/, { bundle: changed((bundle) => (bundle.dsseEnvelope.signatures = [])) }],
    ["no bundle", /no bundle of sigstore/, { bundle: changed((bundle) => (bundle.mediaType = "text/plain")) }],
    ["a public key that is none", /Cannot use key "cosign.key": it is a private key; wanted the public one/, { keys: ["cosign.key"] }],
    ["nobody to trust", /^USAGE: .*nobody says who must have signed it/, { keys: [] }],
  ];
  assert.equal(await verify(image, { annotations: { stage: "test" }, keys: ["other.pub", "cosign.pub"] }), "verified: cosign.pub");
  for (const [name, why, options, at = image] of rows) assert.match(await verify(at, options), why, name);
});

test("F4: a bundle that a registry has changed is an error, and one that is of another image does not count", async () => {
  await using registry = await startFakeRegistry();
  const digest = fill(registry);
  const image = `${registry.host}/team/app:v1`;
  const { bundles } = await sign(image);
  // Somebody puts the signature of one image beside another.
  const layers = [tarOf([{ path: "evil", content: "evil" }])];
  const evil = registry.addImage("team/app", "evil", { layers, config: { architecture: "amd64", os: "linux" } });
  const config = registry.addBlob("team/app", Buffer.from("{}"), OCI_EMPTY);
  const bundle = registry.addBlob("team/app", Buffer.from(bundles[0] ?? ""), BUNDLE);
  registry.addManifest("team/app", undefined, OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE,
    config,
    layers: [bundle],
    subject: { mediaType: evil.mediaType, digest: evil.digest, size: evil.size },
  });
  assert.match(await verify(`${registry.host}/team/app:evil`), new RegExp(`it is of another image \\(${digest}\\)`));
  registry.fault({ match: new RegExp(`^GET /v2/team/app/blobs/${bundle.digest}`), kind: "corrupt" });
  assert.match(await verify(image), /^BLOB_DIGEST: /);
});

test("F4: a signature of an image in the store goes along with a push, and stays through tags and prunes", async () => {
  await using registry = await startFakeRegistry();
  const own = join(folder, "own");
  const tar = join(folder, "rootfs.tar");
  writeFileSync(tar, tarOf([{ path: "hello", content: "hello ".repeat(1000) }]));
  const name = `${registry.host}/team/app:v1`;
  await using imported = importImage({ root: own, name, file: tar });
  await imported.result;
  const { digests, place } = await sign(name, { root: own });
  assert.equal(place, "store");
  // The store keeps layers uncompressed: a push makes another manifest, which is signed, too.
  assert.equal(digests.length, 2);
  assert.ok(digests.every(isDigest));
  assert.equal(await verify(name, { root: own }), "verified: cosign.pub");
  assert.match(await verify(name, { root: own, keys: ["other.pub"] }), /it is by another key/);
  await tagImage({ root: own, image: name, names: ["app:kept"] });
  await using pruning = pruneStore({ root: own, all: true });
  await pruning.result;
  assert.equal(await verify("app:kept", { root: own }), "verified: cosign.pub");
  await using push = pushImage({ root: own, image: name });
  assert.equal((await push.result).digest, digests[1]);
  assert.equal(await verify(`docker://${name}`, { root: join(folder, "fresh") }), "verified: cosign.pub");
  await using other = pushImage({ root: own, image: name, name: `${registry.host}/team/zstd:v1`, compression: "zstd", force: true });
  const events = await Array.fromAsync(other);
  assert.ok(events.some((event) => event.type === "warning" && event.code === "SignaturesLeft"));
  assert.match(await verify(`docker://${registry.host}/team/zstd:v1`), /it has no signature/);
  await using copy = copyImage({ root: own, source: `docker://${name}`, destination: `${registry.host}/mirror/app:v1` });
  assert.equal((await copy.result).referrers, 1);
  assert.equal(await verify(`docker://${registry.host}/mirror/app:v1`, { root: join(folder, "fresh") }), "verified: cosign.pub");
});

test("F4: pull keeps signatures, also those of the index that has the image", async () => {
  await using registry = await startFakeRegistry();
  const layers = [tarOf([{ path: "hello", content: "hello" }])];
  const platform = { architecture: "amd64", os: "linux" };
  const image = { ...registry.addImage("team/app", "amd64", { layers, config: platform }), platform };
  registry.addManifest("team/app", "v1", OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [image] });
  const name = `${registry.host}/team/app:v1`;
  await sign(`docker://${name}`, { annotations: { of: "index" } });
  const own = join(folder, "pulled");
  await using pull = pullImage({ root: own, image: name, platform: "linux/amd64" });
  const events = await Array.fromAsync(pull);
  assert.deepEqual(
    events.filter(({ type }) => type === "warning"),
    [],
  );
  await registry[Symbol.asyncDispose]();
  assert.equal(await verify(name, { root: own, annotations: { of: "index" } }), "verified: cosign.pub");
  assert.match(
    await verify(name, { root: own, keys: ["other.pub"] }),
    /its signature does not count: it is by another key, and its registry cannot be asked/,
  );
});

/** In PEM: public, private. */
function textsOf({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): [string, string] {
  return [publicKey.export({ type: "spki", format: "pem" }).toString(), privateKey.export({ type: "pkcs8", format: "pem" }).toString()];
}

test("F4: keys: cosign's, PEM, and what is none", async () => {
  await using registry = await startFakeRegistry();
  fill(registry);
  const image = `${registry.host}/team/app:v1`;
  const failing = async (more: Partial<Parameters<typeof signImage>[0]>): Promise<string> =>
    await sign(image, more).then(
      () => "",
      (error: Error & { readonly code?: string }) => `${error.code}: ${error.message}`,
    );
  const pairs = {
    rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ed25519: generateKeyPairSync("ed25519"),
    p256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  };
  for (const [name, pair] of Object.entries(pairs)) {
    const [publicKey, privateKey] = textsOf(pair);
    writeFileSync(join(folder, `${name}.pub`), publicKey);
    await sign(image, { key: "env://KEY", env: { ...env, KEY: privateKey } });
    assert.equal(await verify(image, { keys: [`${name}.pub`] }), `verified: ${name}.pub`);
  }
  const [, weak] = textsOf(generateKeyPairSync("rsa", { modulusLength: 1024 }));
  const [, curve] = textsOf(generateKeyPairSync("ec", { namedCurve: "secp256k1" }));
  assert.match(
    await failing({ env: { ...env, COSIGN_PASSWORD: "wrong" } }),
    /^SIGNING: Cannot use key "cosign.key": its password is another one/,
  );
  assert.match(await failing({ key: "cosign.pub" }), /it is public; wanted the private key/);
  assert.match(await failing({ key: "env://KEY", env: { ...env, KEY: weak } }), /it is rsa 1024; wanted/);
  assert.match(await failing({ key: "env://KEY", env: { ...env, KEY: curve } }), /it is ec secp256k1; wanted/);
  assert.match(await failing({ key: "env://KEY", env: { ...env, KEY: "words" } }), /it is no PEM/);
  assert.match(await failing({ key: "none.key" }), /^NOT_FOUND: Cannot read key "none.key"/);
  assert.match(await failing({ key: "awskms:///alias/a" }), /^UNSUPPORTED: /);
  assert.match(await failing({ key: undefined }), /^SIGNING: Cannot sign .*there is no key, and no token/);
});

test("F4: the commands take the names of cosign, and verify ends with 1", async () => {
  await using registry = await startFakeRegistry();
  const digest = fill(registry);
  const image = `${registry.host}/team/app:v1`;
  const at = join(folder, "commands");
  const options = { DECANT_ROOT: root, COSIGN_PASSWORD: "p", NO_COLOR: "1" };
  const made = await decant(["generate-key-pair", "--output-key-prefix", at], options);
  assert.equal(made.code, 0, made.stderr);
  assert.equal(statSync(`${at}.key`).mode & 0o777, 0o600);
  assert.match(readFileSync(`${at}.key`, "utf8"), /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
  const again = await decant(["generate-key-pair", "--output-key-prefix", at], options);
  assert.match(again.stderr, /it is there already/);
  const unsigned = await decant(["verify", "--key", `${at}.pub`, image], options);
  assert.equal(unsigned.code, 1);
  assert.match(unsigned.stderr, /Cannot verify ".*": it has no signature/);
  const signed = await decant(["sign", "--yes", "--key", `${at}.key`, "-a", "by=ci", "--bundle", "out.json", image], options);
  assert.equal(signed.code, 0, signed.stderr);
  assert.equal(signed.stdout, `Signed ${image}@${digest}\n`);
  const verified = await decant(["verify", "--key", `${at}.pub`, image], options);
  assert.equal(verified.stdout, `Verified ${image}@${digest}\n  signed by the key "${at}.pub" by=ci\n`);
  const json = await decant(["verify", "--key", `${at}.pub`, "--output", "json", "--bundle", "out.json", image], options);
  assert.deepEqual(JSON.parse(json.stdout), [
    {
      critical: {
        identity: { "docker-reference": image },
        image: { "docker-manifest-digest": digest },
        type: "https://sigstore.dev/cosign/sign/v1",
      },
      optional: { by: "ci" },
    },
  ]);
  const half = await decant(["verify", "--certificate-identity", "me", image], options);
  assert.match(half.stderr, /an identity counts only with the issuer/);
});

test("F4: verify finds what cosign lists under a referrers tag: by the type of the configuration, and without annotations", async () => {
  await using registry = await startFakeRegistry({ referrersApi: false });
  const digest = fill(registry);
  const image = `docker://${registry.host}/team/app:v1`;
  await sign(image);
  const tag = digest.replace(":", "-");
  const { manifests } = JSON.parse(registry.manifest("team/app", tag)?.bytes.toString() ?? "{}");
  const listed = manifests.map(({ mediaType, digest: of, size }: Record<string, unknown>) => ({
    mediaType,
    digest: of,
    size,
    artifactType: OCI_EMPTY,
  }));
  registry.addManifest("team/app", tag, OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests: listed });
  assert.equal(await verify(image), "verified: cosign.pub");
});
