/** Says whether a bundle is a good signature of a digest, by one of those whom the caller trusts. */
import { type KeyObject, verify as verifyBytes } from "node:crypto";
import { type Bundle, bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity, toTrustMaterial, VerificationError, Verifier } from "@sigstore/verify";
import type { Digest } from "../digest.ts";
import { given } from "../given.ts";
import { cleanText } from "../net/index.ts";
import { claimedAnnotations, claimProblem } from "./cosign-tag.ts";
import type { SignatureDemand, SignerIdentity } from "./demand.ts";
import { keyHint, readPublicKey, signedDigest } from "./keys.ts";
import type { FoundBundle } from "./referrer.ts";
import { type SignedAnnotations, statedAnnotations, statementProblem } from "./signed-statement.ts";
import { preAuthEncoding } from "./signer.ts";
import { noTrustedRoot, readTrustMaterial } from "./trusted-root.ts";

/** A signature that counts. */
export interface GoodSignature {
  /** The key, as the caller named it. */
  readonly key?: string;
  /** Who signed, by whose word. */
  readonly subject?: string;
  readonly issuer?: string;
  readonly annotations: SignedAnnotations;
}

/** A signature, or why it does not count: "it is by another key". */
export type Checked = GoodSignature | { readonly problem: string };

/** Checks bundles against one demand. */
type CheckBundle = (found: Pick<FoundBundle, "bytes" | "payload">, digest: Digest) => Checked;

interface Trusted {
  readonly shown: string;
  readonly key: KeyObject;
}

/** Reads what is demanded. Throws `SIGNING` for keys and roots that are no such thing. */
export function createVerifier(demand: SignatureDemand): CheckBundle {
  const keys = (demand.keys ?? []).map((file): Trusted => ({ shown: file.shown, key: readPublicKey(file) }));
  const identities = demand.identities ?? [];
  const byIdentity = identities.length === 0 ? undefined : new Verifier(readTrustMaterial(demand.trustedRoot));
  return ({ bytes, payload: claim }, digest) => {
    const bundle = parsedBundle(bytes);
    if (bundle === undefined) return { problem: "it is no bundle of sigstore that Decant reads" };
    const statement = bundle.content.$case === "dsseEnvelope" ? bundle.content.dsseEnvelope.payload : undefined;
    if ((statement === undefined) === (claim === undefined)) return { problem: "it has no statement" };
    const who = isByKey(bundle) ? byKey(bundle, keys, claim) : byCertificate(bundle, byIdentity, { identities, claim });
    if ("problem" in who) return who;
    const { annotations } = demand;
    const problem =
      statement === undefined ? claimProblem(claim ?? NOTHING, digest, annotations) : statementProblem(statement, digest, annotations);
    if (problem !== undefined) return { problem };
    return { ...who, annotations: statement === undefined ? claimedAnnotations(claim ?? NOTHING) : statedAnnotations(statement, digest) };
  };
}

const NOTHING = Buffer.alloc(0);

type Who = Omit<GoodSignature, "annotations"> | { readonly problem: string };

/** The key alone decides: what a log or a clock says of the signature counts for nothing, and is not looked at. */
function byKey(bundle: Bundle, keys: readonly Trusted[], claim: Buffer | undefined): Who {
  const { content } = bundle.verificationMaterial;
  const hint = content.$case === "publicKey" ? content.publicKey.hint : "";
  const alone: Bundle = {
    ...bundle,
    verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [], timestampVerificationData: undefined },
  };
  let isNamed = false;
  for (const { shown, key } of keys) {
    isNamed ||= keyHint(key) === hint;
    if (isLongSigned(alone, key, claim)) return { key: shown };
    const trust = toTrustMaterial(noTrustedRoot(), () => ({ publicKey: key, validFor: () => true }));
    const verifier = new Verifier(trust, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
    if (!("problem" in tried(() => verifier.verify(toSignedEntity(alone, claim))))) return { key: shown };
  }
  return { problem: isNamed ? "it was changed after the key had made it" : "it is by another key" };
}

/** Signatures of the longer curves: the package shortens every message by SHA-256, as only older tools did with such keys. */
function isLongSigned({ content }: Bundle, key: KeyObject, claim: Buffer | undefined): boolean {
  const digest = signedDigest(key);
  if (digest !== "sha384" && digest !== "sha512") return false;
  if (content.$case === "messageSignature")
    return claim !== undefined && verifyBytes(digest, claim, key, content.messageSignature.signature);
  const { payload, payloadType, signatures } = content.dsseEnvelope;
  const [signature, ...others] = signatures;
  return signature !== undefined && others.length === 0 && verifyBytes(digest, preAuthEncoding(payload, payloadType), key, signature.sig);
}

function byCertificate(
  bundle: Bundle,
  verifier: Verifier | undefined,
  { identities, claim }: { readonly identities: readonly SignerIdentity[]; readonly claim: Buffer | undefined },
): Who {
  if (verifier === undefined) return { problem: "it is by somebody with a certificate, not by a key" };
  const signer = tried(() => verifier.verify(toSignedEntity(bundle, claim)));
  if ("problem" in signer) return signer;
  const { subjectAlternativeName: subject = "", extensions: { issuer = "" } = {} } = signer.identity ?? {};
  const isWanted = identities.some((one) => fits(one.subject, subject) && fits(one.issuer, issuer));
  return isWanted ? given({ subject, issuer }) : { problem: `it is by ${cleanText(subject)} (${cleanText(issuer)})` };
}

function fits(wanted: string | RegExp, text: string): boolean {
  return text !== "" && (typeof wanted === "string" ? wanted === text : wanted.test(text));
}

function isByKey({ verificationMaterial: { content } }: Bundle): boolean {
  return content.$case === "publicKey";
}

/** Certificates and times of a liar may make the parsers of the package throw anything. */
function tried<Result extends object>(work: () => Result): Result | { readonly problem: string } {
  try {
    return work();
  } catch (error) {
    const isTold = error instanceof VerificationError;
    return { problem: isTold ? cleanText(error.message) : "its certificate or an entry of its log is damaged" };
  }
}

function parsedBundle(bytes: Uint8Array): Bundle | undefined {
  try {
    return bundleFromJSON(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    return undefined;
  }
}
