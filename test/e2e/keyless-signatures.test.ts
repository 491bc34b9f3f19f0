/** F4: signatures without a key: a certificate for a token, and a public log; against the services of @sigstore/mock. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { after, test } from "node:test";
import { generateKeyPair, signImage, verifyImage } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { type FakeRegistry, startFakeRegistry } from "../support/registry.ts";
import { type FakeSigstore, identityToken, startSigstore } from "../support/sigstore.ts";

const ISSUER = "https://issuer.test";
const ME = "https://example.test/me";
const folder = mkdtempSync(join(tmpdir(), "decant-keyless-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "store");

function fill(registry: FakeRegistry): string {
  registry.addImage("team/app", "v1", { layers: [tarOf([{ path: "a", content: "a" }])], config: { architecture: "amd64", os: "linux" } });
  return `${registry.host}/team/app:v1`;
}

async function sign(image: string, { url }: FakeSigstore, more: Partial<Parameters<typeof signImage>[0]>): Promise<string> {
  await using run = signImage({ root, env: {}, image, fulcioUrl: url, rekorUrl: url, cwd: folder, ...more });
  return await run.result.then(
    ({ bundles }) => bundles[0] ?? "",
    (error: Error & { readonly code?: string }) => `${error.code}: ${error.message}`,
  );
}

type Identity = NonNullable<Parameters<typeof verifyImage>[0]["identities"]>[number];

async function verify(image: string, identity: Identity, more: Partial<Parameters<typeof verifyImage>[0]> = {}): Promise<string> {
  await using run = verifyImage({ root, image, identities: [identity], trustedRoot: "root.json", cwd: folder, ...more });
  return await run.result.then(
    ({ signatures }) => signatures.map(({ subject, issuer }) => `${subject} ${issuer}`).join(),
    (error: Error & { readonly code?: string }) => `${error.code}: ${error.message}`,
  );
}

test("F4: an image is signed as whoever a token names, and verified by identity and issuer", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  writeFileSync(join(folder, "root.json"), sigstore.trustedRoot);
  const image = fill(registry);
  const token = identityToken({ sub: ME, iss: ISSUER });
  const bundle = JSON.parse(await sign(image, sigstore, { identityToken: token }));
  assert.equal(bundle.mediaType, "application/vnd.dev.sigstore.bundle.v0.3+json");
  assert.equal(bundle.verificationMaterial.tlogEntries.length, 1);
  assert.equal(await verify(image, { subject: ME, issuer: ISSUER }), `${ME} ${ISSUER}`);
  assert.equal(await verify(image, { subject: /^https:\/\/example\.test\//, issuer: /issuer/ }), `${ME} ${ISSUER}`);

  const wrong = /^SIGNATURE: .*its signature does not count: it is by https:\/\/example.test\/me \(https:\/\/issuer.test\)/;
  assert.match(await verify(image, { subject: "https://example.test/m", issuer: ISSUER }), wrong);
  assert.match(await verify(image, { subject: ME, issuer: "https://accounts.google.com" }), wrong);
  // Nobody of sigstore.dev has certified it.
  assert.match(await verify(image, { subject: ME, issuer: ISSUER }, { trustedRoot: undefined }), /^SIGNATURE: /);
  const { publicKey } = await generateKeyPair({ password: "" });
  assert.match(
    await verify(image, { subject: ME, issuer: ISSUER }, { identities: [], keys: ["env://PUB"], env: { PUB: publicKey } }),
    /it is by somebody with a certificate, not by a key/,
  );
});

test("F4: a timestamp authority says the time, and its word is checked with the trusted root", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  const other = await startSigstore();
  await other[Symbol.asyncDispose]();
  writeFileSync(join(folder, "root.json"), sigstore.trustedRoot);
  const image = fill(registry);
  const identityOf = { subject: ME, issuer: ISSUER };
  const asked = { identityToken: identityToken({ sub: ME, iss: ISSUER }), upload: false };
  const text = await sign(image, sigstore, { ...asked, timestampServerUrl: `${sigstore.url}/tsr` });
  const bundle = JSON.parse(text);
  const { rfc3161Timestamps: stamps } = bundle.verificationMaterial.timestampVerificationData;
  assert.equal(stamps.length, 1);
  writeFileSync(join(folder, "stamped.json"), text);
  assert.equal(await verify(image, identityOf, { bundle: "stamped.json" }), `${ME} ${ISSUER}`);
  // The authority of somebody else; and a time of another signature.
  const root = JSON.parse(sigstore.trustedRoot);
  root.timestampAuthorities = JSON.parse(other.trustedRoot).timestampAuthorities;
  writeFileSync(join(folder, "other.json"), JSON.stringify(root));
  assert.match(await verify(image, identityOf, { bundle: "stamped.json", trustedRoot: "other.json" }), /timestamp could not be verified/);
  const second = JSON.parse(await sign(image, sigstore, { ...asked, timestampServerUrl: `${sigstore.url}/tsr` }));
  second.verificationMaterial.timestampVerificationData.rfc3161Timestamps = stamps;
  writeFileSync(join(folder, "moved.json"), JSON.stringify(second));
  assert.match(await verify(image, identityOf, { bundle: "moved.json" }), /timestamp could not be verified/);
  // With a key, too; and what is no authority is told.
  const { privateKey, publicKey } = await generateKeyPair({ password: "" });
  const env = { KEY: privateKey, PUB: publicKey, COSIGN_PASSWORD: "" };
  const byKey = JSON.parse(await sign(image, sigstore, { key: "env://KEY", env, timestampServerUrl: `${sigstore.url}/tsr` }));
  assert.equal(byKey.verificationMaterial.timestampVerificationData.rfc3161Timestamps.length, 1);
  assert.equal(await verify(image, identityOf, { identities: [], keys: ["env://PUB"], env }), "undefined undefined");
  assert.match(
    await sign(image, sigstore, { ...asked, timestampServerUrl: `${sigstore.url}/nothing` }),
    /^SIGNING: .*timestamp authority.*404/,
  );
});

test("F4: a bundle without its entry of the log, or with one that was changed, does not count", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  writeFileSync(join(folder, "root.json"), sigstore.trustedRoot);
  const image = fill(registry);
  const good = await sign(image, sigstore, { identityToken: identityToken({ sub: ME, iss: ISSUER }), upload: false });
  assert.match(await verify(image, { subject: ME, issuer: ISSUER }), /it has no signature/);
  const rows: readonly [name: string, change: (bundle: { verificationMaterial: Record<string, unknown> }) => void][] = [
    ["no entry", (bundle) => (bundle.verificationMaterial["tlogEntries"] = [])],
    ["another time", (bundle) => (entryOf(bundle)["integratedTime"] = "1")],
    ["another body", (bundle) => (entryOf(bundle)["canonicalizedBody"] = Buffer.from('{"kind":"dsse"}').toString("base64"))],
    ["no proof", (bundle) => delete entryOf(bundle)["inclusionProof"]],
    ["another certificate", (bundle) => (bundle.verificationMaterial["certificate"] = { rawBytes: "AAAA" })],
  ];
  for (const [name, change] of rows) {
    const bundle = JSON.parse(good);
    change(bundle);
    writeFileSync(join(folder, "changed.json"), JSON.stringify(bundle));
    assert.match(await verify(image, { subject: ME, issuer: ISSUER }, { bundle: "changed.json" }), /^SIGNATURE: .*does not count/, name);
  }
  writeFileSync(join(folder, "good.json"), good);
  assert.equal(await verify(image, { subject: ME, issuer: ISSUER }, { bundle: "good.json" }), `${ME} ${ISSUER}`);
});

test("F4: a log of Rekor v2 proves that it has the signature, and an authority says when", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  writeFileSync(join(folder, "root.json"), sigstore.trustedRoot);
  const image = fill(registry);
  const identity = { subject: ME, issuer: ISSUER };
  const asked = { identityToken: identityToken({ sub: ME, iss: ISSUER }), upload: false, rekorVersion: "2" } as const;
  const clock = { timestampServerUrl: `${sigstore.url}/tsr` };
  const good = await sign(image, sigstore, { ...asked, ...clock });
  const entry = entryOf(JSON.parse(good));
  assert.deepEqual(entry["kindVersion"], { kind: "dsse", version: "0.0.2" });
  assert.equal(entry["inclusionPromise"], undefined);
  writeFileSync(join(folder, "tiled.json"), good);
  assert.equal(await verify(image, identity, { bundle: "tiled.json" }), `${ME} ${ISSUER}`);

  const rows: readonly [name: string, change: (bundle: { verificationMaterial: Record<string, unknown> }) => void][] = [
    ["no time", (bundle) => delete bundle.verificationMaterial["timestampVerificationData"]],
    [
      "a time that the log says alone",
      (bundle) => {
        delete bundle.verificationMaterial["timestampVerificationData"];
        entryOf(bundle)["integratedTime"] = String(Math.floor(Date.now() / 1000));
      },
    ],
    ["another place", (bundle) => Object.assign(proofOf(bundle), { treeSize: "2", hashes: [Buffer.alloc(32).toString("base64")] })],
    [
      "another checkpoint",
      (bundle) => (proofOf(bundle)["checkpoint"] = { envelope: "rekor.test\n1\nAAAA\n\n\u2014 rekor.test AAAAAAAA\n" }),
    ],
    [
      "another body",
      (bundle) => (entryOf(bundle)["canonicalizedBody"] = Buffer.from('{"kind":"dsse","apiVersion":"0.0.2"}').toString("base64")),
    ],
  ];
  for (const [name, change] of rows) {
    const bundle = JSON.parse(good);
    change(bundle);
    writeFileSync(join(folder, "changed.json"), JSON.stringify(bundle));
    assert.match(await verify(image, identity, { bundle: "changed.json" }), /^SIGNATURE: .*does not count/, name);
  }

  // With a key, no time is needed; without one, and without the address of a log, nothing is asked.
  const { privateKey } = await generateKeyPair({ password: "" });
  const byKey = {
    key: "env://KEY",
    env: { KEY: privateKey, COSIGN_PASSWORD: "" },
    tlogUpload: true,
    upload: false,
    rekorVersion: "2",
  } as const;
  assert.match(await sign(image, sigstore, byKey), /"version":"0.0.2"/);
  assert.match(await sign(image, sigstore, asked), /^USAGE: .*without timestampServerUrl/);
  assert.match(await sign(image, sigstore, { ...byKey, rekorUrl: undefined }), /^USAGE: .*without rekorUrl/);
});

test("F4: a log of Rekor v2 is told which kind of key has signed", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  const image = fill(registry);
  const rows: readonly [key: KeyObject, said: string | RegExp][] = [
    [generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey, "PKIX_ECDSA_P384_SHA_384"],
    [generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey, "PKIX_ECDSA_P521_SHA_512"],
    [generateKeyPairSync("ed25519").privateKey, "PKIX_ED25519"],
    [generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey, "PKIX_RSA_PKCS1V15_2048_SHA256"],
    [generateKeyPairSync("rsa", { modulusLength: 2056 }).privateKey, /^SIGNING: .*RSA with 2056 bits/],
  ];
  for (const [key, said] of rows) {
    const env = { KEY: key.export({ type: "pkcs8", format: "pem" }).toString() };
    const made = await sign(image, sigstore, { key: "env://KEY", env, tlogUpload: true, upload: false, rekorVersion: "2" });
    if (typeof said !== "string") {
      assert.match(made, said);
      continue;
    }
    const written = JSON.parse(Buffer.from(String(entryOf(JSON.parse(made))["canonicalizedBody"]), "base64").toString());
    assert.equal(written.spec.dsseV002.signatures[0].verifier.keyDetails, said);
  }
});

function proofOf(bundle: { readonly verificationMaterial: Record<string, unknown> }): Record<string, unknown> {
  return entryOf(bundle)["inclusionProof"] as Record<string, unknown>;
}

function entryOf({ verificationMaterial }: { readonly verificationMaterial: Record<string, unknown> }): Record<string, unknown> {
  const { tlogEntries } = verificationMaterial;
  assert.ok(Array.isArray(tlogEntries));
  return tlogEntries[0];
}

test("F4: tokens come from the surroundings, and no message shows them", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  writeFileSync(join(folder, "root.json"), sigstore.trustedRoot);
  const image = fill(registry);
  const github = { ACTIONS_ID_TOKEN_REQUEST_URL: `${sigstore.url}/token?api=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "the-right" };
  await sign(image, sigstore, { env: github });
  assert.equal(await verify(image, { subject: "https://ci.test/workflow", issuer: ISSUER }), `https://ci.test/workflow ${ISSUER}`);
  const token = identityToken({ sub: ME, iss: ISSUER });
  writeFileSync(join(folder, "token"), `${token}\n`);
  await sign(image, sigstore, { identityToken: "token" });
  await sign(image, sigstore, { env: { SIGSTORE_ID_TOKEN: token } });
  assert.match(await verify(image, { subject: ME, issuer: ISSUER }), new RegExp(`^${ME} ${ISSUER},${ME} ${ISSUER}$`));
  sigstore.server.fault({ match: /signingCert/, kind: "status", status: 400, body: `bad token ${token}` });
  const told = await sign(image, sigstore, { env: { SIGSTORE_ID_TOKEN: token } });
  assert.match(
    told,
    /^SIGNING: Cannot use the certificate authority "http:\/\/127\.0\.0\.1:\d+\/api\/v2\/signingCert": it answered 400: bad token …$/,
  );
  assert.match(
    await sign(image, sigstore, { env: { ...github, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "wrong" } }),
    /^SIGNING: Cannot use the token service .* it answered 401$/,
  );
  assert.match(await sign(image, sigstore, { identityToken: "env://T", env: { T: "words" } }), /no token of OpenID Connect/);
});

test("F4: a signature by a key is written down in the log where that is asked for", async () => {
  await using registry = await startFakeRegistry();
  await using sigstore = await startSigstore();
  const image = fill(registry);
  const { privateKey, publicKey } = await generateKeyPair({ password: "" });
  const bundle = JSON.parse(await sign(image, sigstore, { key: "env://KEY", env: { KEY: privateKey }, tlogUpload: true }));
  assert.equal(bundle.verificationMaterial.tlogEntries.length, 1);
  assert.equal(sigstore.server.log().length, 1);
  await using run = verifyImage({ root, image, keys: ["env://PUB"], env: { PUB: publicKey } });
  assert.deepEqual((await run.result).signatures, [{ key: "env://PUB", annotations: {} }]);
});
