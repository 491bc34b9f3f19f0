import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { javaKeyStore } from "./java-keystore.ts";

const certificate = new X509Certificate(LOCALHOST_TLS.cert);

/** Reads a store as Java does. */
function show(store: Buffer): string[] {
  let at = 12;
  const take = (length: number): Buffer => store.subarray(at, (at += length));
  const text = (): string => take(take(2).readUInt16BE()).toString("utf8");
  const entries = Array.from({ length: store.readUInt32BE(8) }, () => {
    const tag = take(4).readUInt32BE();
    const alias = text();
    const date = new Date(Number(take(8).readBigInt64BE()));
    const type = text();
    const der = take(take(4).readUInt32BE());
    return [tag, alias, date.toISOString(), type, der.equals(certificate.raw)].join(" ");
  });
  const password = Buffer.from("\0c\0h\0a\0n\0g\0e\0i\0t", "latin1");
  const digest = createHash("sha1").update(password).update("Mighty Aphrodite").update(store.subarray(0, at)).digest();
  return [store.toString("hex", 0, 8), ...entries, store.subarray(at).equals(digest) ? "intact" : "damaged"];
}

describe("javaKeyStore()", () => {
  it("has each certificate under its subject, with the date it is valid from", () => {
    const date = certificate.validFromDate.toISOString();
    assert.deepEqual(show(javaKeyStore([certificate, certificate])), ["feedfeed00000002", `2 cn=localhost ${date} X.509 true`, "intact"]);
  });
  it("may be empty", () => {
    assert.deepEqual(show(javaKeyStore([])), ["feedfeed00000002", "intact"]);
  });
});
