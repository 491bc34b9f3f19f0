/** What a signature of an image says: an in-toto statement of cosign's type about the digest of a manifest or index. */
import * as v from "valibot";
import { algorithmOf, type Digest, hexOf } from "../digest.ts";
import { given } from "../given.ts";

/** The predicate type of signatures, which say nothing but that they are there. */
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";
const STATEMENT = "https://in-toto.io/Statement/v1";
const STATEMENTS: readonly string[] = [STATEMENT, "https://in-toto.io/Statement/v0.1"];

const statementSchema = v.object({
  _type: v.picklist(STATEMENTS),
  predicateType: v.string(),
  subject: v.array(
    v.object({ digest: v.record(v.string(), v.string()), annotations: v.optional(v.nullable(v.record(v.string(), v.unknown()))) }),
  ),
});

/** What is said besides, as `cosign sign -a`. */
export type SignedAnnotations = Readonly<Record<string, string>>;

/** The bytes that are signed. */
export function signedStatement(digest: Digest, annotations: SignedAnnotations = {}): Buffer {
  const isBare = Object.keys(annotations).length === 0;
  const subject = { digest: { [algorithmOf(digest)]: hexOf(digest) }, ...given({ annotations: isBare ? undefined : annotations }) };
  return Buffer.from(JSON.stringify({ _type: STATEMENT, subject: [subject], predicateType: SIGN_PREDICATE, predicate: {} }), "utf8");
}

/** Why a statement, whose signature is good, is not that of a signature of `digest` with these annotations; undefined where it is. */
export function statementProblem(payload: Uint8Array, digest: Digest, annotations: SignedAnnotations = {}): string | undefined {
  const parsed = v.safeParse(statementSchema, jsonOf(payload));
  if (!parsed.success) return "it is no statement about an image";
  const { predicateType, subject } = parsed.output;
  if (predicateType !== SIGN_PREDICATE) return `it is an attestation (${predicateType.slice(0, 100)}), not a signature`;
  const about = subject.filter((one) => one.digest[algorithmOf(digest)] === hexOf(digest));
  if (about.length === 0) return `it is of another image (${shownDigest(subject[0]?.digest)})`;
  const missing = Object.entries(annotations).find(([key, value]) => !about.some((one) => one.annotations?.[key] === value));
  return missing === undefined ? undefined : `it does not say ${missing[0]}=${missing[1]}`;
}

/** The annotations that a statement says of `digest`; those that are no text are left out. */
export function statedAnnotations(payload: Uint8Array, digest: Digest): SignedAnnotations {
  const parsed = v.safeParse(statementSchema, jsonOf(payload));
  const about = parsed.success ? parsed.output.subject.find((one) => one.digest[algorithmOf(digest)] === hexOf(digest)) : undefined;
  const texts = Object.entries(about?.annotations ?? {}).flatMap(([key, value]) =>
    typeof value === "string" ? [[key, value] as const] : [],
  );
  return Object.fromEntries(texts);
}

function shownDigest(digest: Readonly<Record<string, string>> = {}): string {
  const [first] = Object.entries(digest);
  return first === undefined ? "without a digest" : `${first[0]}:${first[1]}`.replace(/[^\w:.-]/g, "").slice(0, 80);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
