/**
 * Writes Java's trust store: a key store of type JKS, version 2, with trusted certificates only. Any Java reads it. Its dates are those of the
 * certificates, so that the same certificates give the same bytes.
 */
import { createHash, type X509Certificate } from "node:crypto";
import { canonicalSubject } from "./canonical-name.ts";

const MAGIC = 0xfeed_feed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** What Java opens its own trust store with. It protects nothing and only finds damage. */
const PASSWORD = "changeit";
/** Part of the format. */
const WHITENER = "Mighty Aphrodite";

/**
 * The bytes of the file. Each certificate is named by its subject as Java writes it; the second one of a subject gets its SHA-256 fingerprint
 * added. Certificates that are the same count once. Throws `RangeError` for a certificate without a subject that can be read.
 */
export function javaKeyStore(certificates: readonly X509Certificate[]): Buffer {
  const entries = new Map<string, X509Certificate>();
  const seen = new Set<string>();
  for (const certificate of certificates) {
    if (seen.has(certificate.fingerprint256)) continue;
    seen.add(certificate.fingerprint256);
    const subject = canonicalSubject(certificate.raw);
    const mark = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
    entries.set(entries.has(subject) ? `${subject} (${mark})` : subject, certificate);
  }
  const chunks = [u32(MAGIC), u32(VERSION), u32(entries.size)];
  for (const [alias, certificate] of entries) {
    const date = Buffer.alloc(8);
    date.writeBigInt64BE(BigInt(certificate.validFromDate.getTime()));
    chunks.push(u32(TRUSTED_CERTIFICATE), javaText(alias), date, javaText("X.509"), u32(certificate.raw.byteLength), certificate.raw);
  }
  const body = Buffer.concat(chunks);
  const digest = createHash("sha1").update(Buffer.from(PASSWORD, "utf16le").swap16()).update(WHITENER).update(body).digest();
  return Buffer.concat([body, digest]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Java's modified UTF-8 after its length: UTF-16 units are encoded one by one, and NUL takes two bytes. */
function javaText(text: string): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit !== 0 && unit < 0x80) bytes.push(unit);
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f));
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
  }
  if (bytes.length > 0xffff) throw new RangeError("the subject is too long for a Java key store");
  return Buffer.from([bytes.length >> 8, bytes.length & 0xff, ...bytes]);
}
