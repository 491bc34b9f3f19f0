/** Makes sigstore bundles (v0.3) around statements: DSSE envelopes, with what others need to verify them. */
import { createPublicKey, type KeyObject, sign as signBytes } from "node:crypto";
import { bundleFromJSON, bundleToJSON, BUNDLE_V03_MEDIA_TYPE } from "@sigstore/bundle";
import { IN_TOTO } from "../oci/index.ts";
import { keyHint, signedDigest } from "./keys.ts";
import type { TimestampAuthority } from "./timestamp-authority.ts";
import type { Envelope, LogEntry, TransparencyLog } from "./transparency-log.ts";

/** Signs statements. */
export interface Signer {
  /** The bundle in JSON. Throws `SIGNING`. */
  sign(statement: Uint8Array, signal: AbortSignal): Promise<Buffer>;
}

/** Who made the envelope, in the JSON of a bundle. */
type Maker = { readonly publicKey: { readonly hint: string } } | { readonly certificate: { readonly rawBytes: string } };

/** Signs with a private key. `log`: also writes it down in a transparency log; else nobody else learns of the signature. `clock`: says when. */
export function createKeySigner(key: KeyObject, log: TransparencyLog | undefined, clock?: TimestampAuthority): Signer {
  const hint = keyHint(key);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "pem" }).toString();
  return {
    async sign(statement, signal) {
      const envelope = envelopeOf(statement, key);
      const entries = log === undefined ? [] : [await log.add(envelope, publicKey, signal)];
      return bundleOf(envelope, { publicKey: { hint } }, { entries, timestamps: await timestampsOf(envelope, clock, signal) });
    },
  };
}

/** Signs `statement` in an envelope (DSSE v1). */
export function envelopeOf(statement: Uint8Array, key: KeyObject): Envelope {
  const signature = signBytes(signedDigest(key), preAuthEncoding(statement), key);
  return {
    payload: Buffer.from(statement).toString("base64"),
    payloadType: IN_TOTO,
    signatures: [{ sig: signature.toString("base64"), keyid: "" }],
  };
}

/** What `clock` says of the signature of an envelope, in base64; nothing without one. Throws `SIGNING`. */
export async function timestampsOf(
  { signatures }: Envelope,
  clock: TimestampAuthority | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const [signature] = signatures;
  return clock === undefined || signature === undefined ? [] : [await clock.stamp(Buffer.from(signature.sig, "base64"), signal)];
}

/** When a signature was made, as others say. */
interface Witnesses {
  readonly entries: readonly LogEntry[];
  /** Answers of timestamp authorities, in base64. */
  readonly timestamps: readonly string[];
}

/** Puts it together, and checks it as a reader would. */
export function bundleOf(dsseEnvelope: Envelope, maker: Maker, { entries: tlogEntries, timestamps }: Witnesses): Buffer {
  const rfc3161Timestamps = timestamps.map((signedTimestamp) => ({ signedTimestamp }));
  const bundle = {
    mediaType: BUNDLE_V03_MEDIA_TYPE,
    verificationMaterial: { ...maker, tlogEntries, timestampVerificationData: { rfc3161Timestamps } },
    dsseEnvelope,
  };
  return Buffer.from(JSON.stringify(bundleToJSON(bundleFromJSON(bundle))), "utf8");
}

/** What is signed: type and payload with their lengths, so that neither can be taken for a part of the other. */
export function preAuthEncoding(payload: Uint8Array, type: string = IN_TOTO): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `, "utf8"), payload]);
}
