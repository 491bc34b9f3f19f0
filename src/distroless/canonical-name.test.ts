import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { canonicalSubject } from "./canonical-name.ts";

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(body.byteLength < 128 ? [tag, body.byteLength] : [tag, 0x81, body.byteLength]), body]);
};
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, "utf8"));
const oid = {
  commonName: der(6, Buffer.from([0x55, 4, 3])),
  organization: der(6, Buffer.from([0x55, 4, 10])),
  email: der(6, Buffer.from("2a864886f70d010901", "hex")),
  dc: der(6, Buffer.from("0992268993f22c640119", "hex")),
};

/** A certificate as far as the subject; each name is a set of attributes. */
function certificate(
  names: readonly (readonly Uint8Array[])[],
  version: readonly Uint8Array[] = [der(0xa0, der(2, Buffer.from([2])))],
): Buffer {
  const subject = sequence(...names.map((set) => der(0x31, ...set)));
  return sequence(sequence(...version, der(2, Buffer.from([1])), sequence(), sequence(), sequence(), subject));
}

describe("canonicalSubject()", () => {
  const rows: readonly { readonly name: string; readonly names: readonly (readonly Uint8Array[])[]; readonly want: string }[] = [
    {
      name: "is the last name first, in lower case, with single spaces",
      names: [[sequence(oid.organization, text(0x13, " Big   Company "))], [sequence(oid.commonName, text(0x0c, "The CA"))]],
      want: "cn=the ca,o=big company",
    },
    {
      name: "escapes what separates",
      names: [[sequence(oid.commonName, text(0x0c, 'A, B+C "<D>";\\'))]],
      want: 'cn=a\\, b\\+c \\"\\<d\\>\\"\\;\\\\',
    },
    { name: "escapes a # at the start", names: [[sequence(oid.commonName, text(0x0c, "#1"))]], want: "cn=\\#1" },
    { name: "takes letters and accents apart", names: [[sequence(oid.commonName, text(0x0c, "Fő"))]], want: "cn=fo\u030b" },
    {
      name: "writes what has no keyword by its number and bytes",
      names: [[sequence(oid.email, text(0x16, "a@b"))]],
      want: "1.2.840.113549.1.9.1=#1603614062",
    },
    { name: "writes other kinds of text by their bytes", names: [[sequence(oid.dc, text(0x16, "com"))]], want: "dc=#1603636f6d" },
    {
      name: "sorts names that stand together",
      names: [[sequence(oid.organization, text(0x13, "O")), sequence(oid.commonName, text(0x13, "C"))]],
      want: "cn=c+o=o",
    },
  ];
  for (const { name, names, want } of rows) it(name, () => assert.equal(canonicalSubject(certificate(names)), want));
  it("reads certificates of version 1", () => {
    assert.equal(canonicalSubject(certificate([[sequence(oid.commonName, text(0x13, "Old"))]], [])), "cn=old");
  });
  it("reads a real certificate", () => {
    assert.equal(canonicalSubject(new X509Certificate(LOCALHOST_TLS.cert).raw), "cn=localhost");
  });
  const whole = certificate([[sequence(oid.commonName, text(0x13, "Cut"))]]);
  it("throws RangeError for damage, wherever it is cut", () => {
    for (let end = 0; end < whole.byteLength; end += 1) assert.throws(() => canonicalSubject(whole.subarray(0, end)), RangeError);
    assert.throws(() => canonicalSubject(Buffer.from("3084ffffffff", "hex")), RangeError);
    assert.throws(() => canonicalSubject(Buffer.from("1f8101", "hex")), RangeError);
    assert.throws(() => canonicalSubject(sequence()), RangeError);
  });
});
