/** F4: signatures as cosign 2 and podman store them, under a tag: verified, and copied between real registries. */
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, sign as signBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sha256 } from "../../src/digest.ts";
import { copyImage, signImage, verifyImage } from "../../src/index.ts";
import { OCI_CONFIG, OCI_MANIFEST } from "../../src/oci/index.ts";
import { tarOf } from "../support/archive.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { identityToken, startSigstore } from "../support/sigstore.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";

const SIGNATURE = "dev.cosignproject.cosign/signature";
const LAYER = "application/vnd.dev.cosign.simplesigning.v1+json";
const folder = mkdtempSync(join(tmpdir(), "decant-peers-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "store");
const ours = generateKeyPairSync("ec", { namedCurve: "P-256" });
const others = generateKeyPairSync("ec", { namedCurve: "P-256" });
for (const [name, { publicKey, privateKey }] of Object.entries({ ours, others })) {
  writeFileSync(join(folder, `${name}.pub`), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(join(folder, `${name}.key`), privateKey.export({ type: "pkcs8", format: "pem" }));
}

async function verify(image: string, more: Partial<Parameters<typeof verifyImage>[0]> = {}): Promise<string> {
  await using run = verifyImage({ root, image, keys: ["ours.pub"], cwd: folder, ...more });
  return await run.result.then(
    ({ signatures }) => `verified: ${signatures.map(({ key, subject }) => key ?? subject).join(", ")}`,
    (error: Error & { readonly code?: string }) => `${error.code}: ${error.message}`,
  );
}

interface OldSignature {
  readonly key: KeyObject;
  readonly claimed?: string;
  readonly more?: (payload: Buffer, signature: string) => Readonly<Record<string, string>>;
}

/** Signs as cosign 2 does: the claim is a layer, whose annotation has the signature. */
function signOld(registry: FakeRegistry, digest: string, { key, claimed = digest, more = () => ({}) }: OldSignature): void {
  const claim = {
    critical: {
      identity: { "docker-reference": "registry.example/team/app" },
      image: { "docker-manifest-digest": claimed },
      type: "cosign container image signature",
    },
    optional: { stage: "test" },
  };
  const payload = Buffer.from(JSON.stringify(claim));
  const signature = signBytes("sha256", payload, key).toString("base64");
  putOld(registry, digest, payload, { [SIGNATURE]: signature, ...more(payload, signature) });
}

function putOld(registry: FakeRegistry, digest: string, payload: Buffer, annotations: Readonly<Record<string, string>>): void {
  const layer = registry.addBlob("team/app", payload, LAYER);
  const config = registry.addBlob(
    "team/app",
    Buffer.from(JSON.stringify({ rootfs: { type: "layers", diff_ids: [sha256(payload)] } })),
    OCI_CONFIG,
  );
  registry.addManifest("team/app", `${digest.replace(":", "-")}.sig`, OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config,
    layers: [{ ...layer, annotations }],
  });
}

test("F4: verify takes a signature of cosign 2 by the right key, and no other", async () => {
  await using registry = await startFakeRegistry();
  const layers = [tarOf([{ path: "hello", content: "hello" }])];
  const { digest } = registry.addImage("team/app", "1", { layers, config: { architecture: "amd64", os: "linux" } });
  const image = `${registry.host}/team/app:1`;
  signOld(registry, digest, { key: ours.privateKey });
  assert.equal(await verify(image), "verified: ours.pub");
  assert.equal(await verify(image, { annotations: { stage: "test" } }), "verified: ours.pub");
  assert.match(await verify(image, { annotations: { stage: "live" } }), /it does not say stage=live/);
  assert.match(await verify(image, { keys: ["others.pub"] }), /it is by another key/);
  signOld(registry, digest, { key: others.privateKey });
  assert.match(await verify(image), /it is by another key/);
  signOld(registry, digest, { key: ours.privateKey, claimed: sha256("another") });
  assert.match(await verify(image), /it is of another image/);
});

test("F4: verify takes a signature of cosign 2 by identity, with the entry of its log", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  writeFileSync(join(folder, "root.json"), sigstore.trustedRoot);
  const layers = [tarOf([{ path: "hello", content: "hello" }])];
  const { digest } = registry.addImage("team/app", "1", { layers, config: { architecture: "amd64", os: "linux" } });
  const image = `${registry.host}/team/app:1`;
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${sigstore.url}${path}`, { method: "POST", body: JSON.stringify(body) });
    return JSON.parse(await answer.text());
  };
  const { signedCertificateEmbeddedSct } = await post("/api/v2/signingCert", {
    credentials: { oidcIdentityToken: identityToken({ sub: "https://ci.test/job" }) },
    publicKeyRequest: { publicKey: { content: ours.publicKey.export({ type: "spki", format: "pem" }) } },
  });
  const certificate: string = signedCertificateEmbeddedSct.chain.certificates[0];
  let made: { readonly payload: Buffer; readonly signature: string } = { payload: Buffer.alloc(0), signature: "" };
  const more = (payload: Buffer, signature: string) => {
    made = { payload, signature };
    return { "dev.sigstore.cosign/certificate": certificate };
  };
  signOld(registry, digest, { key: ours.privateKey, more });
  const byName = { keys: [], identities: [{ subject: "https://ci.test/job", issuer: "https://issuer.test" }], trustedRoot: "root.json" };
  assert.match(await verify(image, byName), /expected 1 timestamps, got 0/, "nobody says when it was made");
  const { payload, signature } = made;
  const entries = await post("/api/v1/log/entries", {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: sha256(payload).slice("sha256:".length) } },
      signature: { content: signature, publicKey: { content: Buffer.from(certificate).toString("base64") } },
    },
  });
  const [written] = Object.values<Readonly<Record<string, unknown>> & { readonly verification: { readonly signedEntryTimestamp: string } }>(
    entries,
  );
  assert.ok(written !== undefined);
  const { body, integratedTime, logIndex, logID, verification } = written;
  const entry = { SignedEntryTimestamp: verification.signedEntryTimestamp, Payload: { body, integratedTime, logIndex, logID } };
  const annotate = (bundle: object): void =>
    putOld(registry, digest, payload, {
      [SIGNATURE]: signature,
      ...more(payload, signature),
      "dev.sigstore.cosign/bundle": JSON.stringify(bundle),
    });
  annotate(entry);
  assert.equal(await verify(image, byName), "verified: https://ci.test/job");
  const somebody = [{ subject: "me", issuer: "https://issuer.test" }];
  assert.match(await verify(image, { ...byName, identities: somebody }), /it is by https:\/\/ci.test\/job/);
  annotate({ ...entry, Payload: { ...entry.Payload, integratedTime: 1 } });
  assert.match(await verify(image, byName), /^SIGNATURE: /);
});

test("F4: copy brings signatures of both kinds to a registry without the referrers API, and they stay good", async () => {
  await using registry = await startFakeRegistry();
  await using real = await startDockerRegistry(folder);
  const layers = [tarOf([{ path: "hello", content: "hello" }])];
  const { digest } = registry.addImage("team/app", "1", { layers, config: { architecture: "amd64", os: "linux" } });
  signOld(registry, digest, { key: ours.privateKey });
  await using run = signImage({ root, image: `docker://${registry.host}/team/app:1`, key: "others.key", cwd: folder });
  await run.result;
  await using copy = copyImage({ root, source: `docker://${registry.host}/team/app:1`, destination: `${real.host}/mirror/app:1` });
  assert.equal((await copy.result).referrers, 2);
  await registry[Symbol.asyncDispose]();
  assert.equal(await verify(`${real.host}/mirror/app:1`), "verified: ours.pub");
  assert.equal(await verify(`${real.host}/mirror/app:1`, { keys: ["others.pub"] }), "verified: others.pub");
});
