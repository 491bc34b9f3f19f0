import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as openpgp from "openpgp";
import { clearsign, type FakeKey, makeKey } from "../../test/support/archive.ts";
import { keyringOf } from "./keyring.ts";
import { verifyInline } from "./signature.ts";

const signedAt = new Date("2026-03-01T00:00:00Z");
const now = new Date("2026-03-02T00:00:00Z");
const options = { name: "InRelease", now };

describe("verifyInline()", () => {
  let key: FakeKey;
  let signed: string;
  before(async () => {
    key = await makeKey("one");
    signed = await clearsign("Suite: a\n- dash\ntrailing  \n", key, signedAt);
  });

  it("gives the text inside and who signed it", async () => {
    const { text, signers } = await verifyInline(signed, key.keyring, options);
    assert.equal(text, "Suite: a\n- dash\ntrailing\n");
    assert.equal(signers.length, 1);
    assert.deepEqual(
      { ...signers[0], fingerprint: "" },
      { fingerprint: "", userId: "one <one@example.org>", signedAt: signedAt.getTime(), keyExpiresAt: null },
    );
  });

  it("refuses changed text", async () => {
    await assert.rejects(verifyInline(signed.replace("Suite: a", "Suite: b"), key.keyring, options), { code: "DEBIAN_SIGNATURE" });
  });

  it("refuses the key of somebody else, and names it", async () => {
    const other = await makeKey("other");
    await assert.rejects(verifyInline(signed, other.keyring, options), {
      code: "DEBIAN_SIGNATURE",
      message: /^Cannot trust "InRelease": no signature is right by the keys of "other.gpg": key [0-9A-F]{16} is not in the keyring$/,
    });
  });

  const frames = [
    { name: "text before the signed part", edit: (text: string): string => `Evil: yes\n${text}` },
    { name: "text after the signature", edit: (text: string): string => `${text}\nEvil: yes\n` },
    { name: "two signed texts", edit: (text: string): string => `${text}\n${text}` },
    { name: "no signature at all", edit: (): string => "Suite: a\n" },
  ];
  for (const row of frames) {
    it(`refuses ${row.name}`, async () => {
      await assert.rejects(verifyInline(row.edit(signed), key.keyring, options), {
        code: "DEBIAN_SIGNATURE",
        message: /not one clearsigned text/,
      });
    });
  }

  it("refuses a SHA-1 signature", async () => {
    // An Ed25519 key never signs with so weak a hash.
    const rsa = await makeKey("rsa", { rsa: true });
    const weak = await clearsign("Suite: a\n", rsa, signedAt, openpgp.enums.hash.sha1);
    await assert.rejects(verifyInline(weak, rsa.keyring, options), {
      code: "DEBIAN_SIGNATURE",
      message: /Insecure message hash algorithm: SHA1/,
    });
    const strong = await clearsign("Suite: a\n", rsa, signedAt, openpgp.enums.hash.sha512);
    assert.equal((await verifyInline(strong, rsa.keyring, options)).signers.length, 1);
  });

  it("refuses a signature from the future", async () => {
    await assert.rejects(verifyInline(signed, key.keyring, { name: "InRelease", now: new Date("2026-02-01T00:00:00Z") }), {
      code: "DEBIAN_SIGNATURE",
    });
  });

  it("refuses a key that has expired since, unless that is accepted", async () => {
    const short = await makeKey("short", { createdAt: new Date("2026-02-28T00:00:00Z"), expiresInSeconds: 2 * 86_400 });
    const text = await clearsign("Suite: a\n", short, signedAt);
    const later = { name: "InRelease", now: new Date("2026-03-05T00:00:00Z") };
    await assert.rejects(verifyInline(text, short.keyring, later), {
      code: "DEBIAN_EXPIRED",
      message: /its key [0-9A-F]+ \(short <short@example.org>\) has expired/,
    });
    const { signers } = await verifyInline(text, short.keyring, { ...later, acceptExpired: true });
    assert.equal(signers[0]?.keyExpiresAt, Date.parse("2026-03-02T00:00:00Z"));
  });

  it("refuses a key that was revoked", async () => {
    const { publicKey } = await openpgp.revokeKey({ key: key.privateKey, date: new Date("2026-03-01T12:00:00Z"), format: "object" });
    const keyring = keyringOf("revoked.gpg", publicKey.write());
    await assert.rejects(verifyInline(signed, keyring, { ...options, acceptExpired: true }), {
      code: "DEBIAN_SIGNATURE",
      message: /revoked/,
    });
  });
});
