/**
 * The canonical form that Java gives to the subject of a certificate (`X500Principal.CANONICAL`): names in its trust store are these, so that tools
 * which look for one find it.
 */
import { DER, type DerValue, oidText, readDer } from "./der.ts";

/** RFC 2253, section 2.3; every other type is written by its number. */
const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ["2.5.4.3", "cn"],
  ["2.5.4.6", "c"],
  ["2.5.4.7", "l"],
  ["2.5.4.8", "st"],
  ["2.5.4.9", "street"],
  ["2.5.4.10", "o"],
  ["2.5.4.11", "ou"],
  ["0.9.2342.19200300.100.1.25", "dc"],
  ["0.9.2342.19200300.100.1.1", "uid"],
]);

/** Of a certificate in DER. Throws `RangeError` for what is no certificate. */
export function canonicalSubject(certificate: Uint8Array): string {
  const names = readDer(subjectOf(certificate).bytes).map((set) => readDer(set.bytes).map(attribute).toSorted().join("+"));
  return names.toReversed().join(",");
}

/** tbsCertificate is [version], serial number, algorithm, issuer, validity, subject, … */
function subjectOf(certificate: Uint8Array): DerValue {
  const body = inside(inside(readDer(certificate)[0])[0]);
  return present(body[body[0]?.tag === DER.version ? 5 : 4]);
}

function attribute(value: DerValue): string {
  const [type, content] = inside(value);
  const oid = oidText(present(type).bytes);
  const keyword = KEYWORDS.get(oid);
  const { tag, bytes, whole } = present(content);
  const isText = tag === DER.utf8 || tag === DER.printable;
  if (keyword === undefined || !isText) return `${keyword ?? oid}=#${Buffer.from(whole).toString("hex")}`;
  return `${keyword}=${canonicalText(Buffer.from(bytes).toString("utf8"))}`;
}

function canonicalText(text: string): string {
  const escaped = text.replaceAll(/[,+<>;"\\]/g, String.raw`\$&`).replace(/^#/, String.raw`\#`);
  return escaped.trim().replaceAll(/\s+/g, " ").toUpperCase().toLowerCase().normalize("NFKD");
}

function inside(value: DerValue | undefined): DerValue[] {
  return readDer(present(value).bytes);
}

function present(value: DerValue | undefined): DerValue {
  if (value === undefined) throw new RangeError("a value is missing");
  return value;
}
