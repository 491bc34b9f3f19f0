import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";

import { fc } from "../../test/support/property.ts";
import { sha256 } from "../digest.ts";
import { signedStatement } from "./signed-statement.ts";
import { createKeySigner, preAuthEncoding } from "./signer.ts";
import { createVerifier } from "./verifier.ts";

const digest = sha256("image");
const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { shown: "our.pub", text: publicKey.export({ type: "spki", format: "pem" }).toString() };
const check = createVerifier({ keys: [key], identities: [{ subject: "me", issuer: "https://issuer.test" }] });
const bundle = await createKeySigner(privateKey, undefined).sign(signedStatement(digest), new AbortController().signal);

test("F4: a bundle of our own is good, and good for its digest only", () => {
  assert.deepEqual(check({ bytes: bundle }, digest), { key: "our.pub", annotations: {} });
  assert.match(JSON.stringify(check({ bytes: bundle }, sha256("another"))), /it is of another image/);
});

for (const namedCurve of ["P-384", "P-521"])
  test(`F4: a key of ${namedCurve} signs, and another one of that curve is another one`, async () => {
    const [ours, others] = [1, 2].map(() => generateKeyPairSync("ec", { namedCurve }));
    assert.ok(ours !== undefined && others !== undefined);
    const made = await createKeySigner(ours.privateKey, undefined).sign(signedStatement(digest), new AbortController().signal);
    const file = (pair: typeof ours) => ({ shown: "long.pub", text: pair.publicKey.export({ type: "spki", format: "pem" }).toString() });
    assert.deepEqual(createVerifier({ keys: [file(ours)] })({ bytes: made }, digest), { key: "long.pub", annotations: {} });
    assert.deepEqual(createVerifier({ keys: [file(others)] })({ bytes: made }, digest), { problem: "it is by another key" });
    const { dsseEnvelope, ...rest } = JSON.parse(made.toString());
    const changed = { ...rest, dsseEnvelope: { ...dsseEnvelope, payload: Buffer.from(signedStatement(sha256("b"))).toString("base64") } };
    assert.match(
      JSON.stringify(createVerifier({ keys: [file(ours)] })({ bytes: Buffer.from(JSON.stringify(changed)) }, sha256("b"))),
      /changed after/,
    );
    // As older tools sign with such keys.
    const sig = sign("sha256", preAuthEncoding(signedStatement(digest)), ours.privateKey).toString("base64");
    const older = { ...rest, dsseEnvelope: { ...dsseEnvelope, signatures: [{ sig, keyid: "" }] } };
    assert.ok(!("problem" in createVerifier({ keys: [file(ours)] })({ bytes: Buffer.from(JSON.stringify(older)) }, digest)));
  });

test("F4: a bundle with one byte changed never counts as something else", () => {
  fc.assert(
    fc.property(fc.nat(bundle.byteLength - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const bytes = Buffer.from(bundle);
      bytes[at] = ((bytes[at] ?? 0) + by) % 256;
      const checked = check({ bytes }, digest);
      // What is no part of what is signed may change: spaces, names that nobody reads.
      assert.ok("problem" in checked || Object.keys(checked.annotations).length === 0);
    }),
  );
});

test("F4: whatever JSON a registry sends is a problem, and no crash", () => {
  const parts = JSON.parse(bundle.toString());
  const rows: readonly unknown[] = [
    null,
    [],
    "text",
    {},
    { ...parts, verificationMaterial: null },
    { ...parts, verificationMaterial: {} },
    { ...parts, verificationMaterial: { certificate: { rawBytes: "AAAA" }, tlogEntries: [] } },
    { ...parts, verificationMaterial: { x509CertificateChain: { certificates: [] }, tlogEntries: [] } },
    { ...parts, verificationMaterial: { publicKey: { hint: "x" }, tlogEntries: [{}] } },
    { ...parts, dsseEnvelope: { ...parts.dsseEnvelope, signatures: [{ sig: "" }, { sig: "" }] } },
    {
      ...parts,
      dsseEnvelope: undefined,
      messageSignature: { signature: "AAAA", messageDigest: { algorithm: "SHA2_256", digest: "AAAA" } },
    },
    { ...parts, mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1", verificationMaterial: { tlogEntries: {} } },
  ];
  for (const row of rows) {
    const text = JSON.stringify(row);
    for (const payload of [undefined, Buffer.from("{}")])
      assert.ok("problem" in check({ bytes: Buffer.from(text), ...(payload === undefined ? {} : { payload }) }, digest), text);
  }
  fc.assert(fc.property(fc.json(), (text) => "problem" in check({ bytes: Buffer.from(text) }, digest)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => "problem" in check({ bytes: Buffer.from(bytes) }, digest)));
});
