/** A timestamp authority (RFC 3161): says when a signature was there, without a log that everybody can read. */
import { createHash, randomBytes } from "node:crypto";
import type { Network } from "../net/index.ts";
import { signingError } from "./errors.ts";
import { askForBytes } from "./sigstore-request.ts";

/** Says the time of signatures. */
export interface TimestampAuthority {
  /** The authority's answer (TimeStampResp, DER) in base64, as a bundle has it. Throws `SIGNING`. */
  stamp(signature: Uint8Array, signal: AbortSignal): Promise<string>;
}

const SERVICE = "timestamp authority";
/** An AlgorithmIdentifier: SHA-256 without parameters but NULL. */
const SHA256 = Buffer.from("300d06096086480165030402010500", "hex");
/** The status in an answer (PKIStatusInfo) begins with one of these integers: granted, granted with changes. */
const GRANTED = [0, 1].map((status) => Buffer.from([0x02, 0x01, status]));

/** The authority at `url`. */
export function openTimestampAuthority(network: Network, url: URL): TimestampAuthority {
  return {
    async stamp(signature, signal) {
      const hash = createHash("sha256").update(signature).digest();
      const answer = await askForBytes(network, {
        service: SERVICE,
        url,
        content: { type: "application/timestamp-query", bytes: requestOf(hash) },
        accept: "application/timestamp-reply",
        hide: (text) => text,
        signal,
      });
      // Whoever verifies checks all of it; this finds the answer of a page, a refusal, and that to another request.
      const isGranted = answer[0] === 0x30 && GRANTED.some((status) => answer.subarray(0, 16).includes(status));
      if (!isGranted || !answer.includes(hash))
        throw signingError(`use the ${SERVICE}`, url.origin, "its answer is no timestamp of the signature");
      return answer.toString("base64");
    },
  };
}

/** TimeStampReq, RFC 3161 section 2.4.1: the certificate of the authority is wanted in the answer. */
function requestOf(hash: Buffer): Buffer {
  const nonce = randomBytes(8);
  // Positive, and no shorter form of it.
  nonce[0] = 0x40 | ((nonce[0] ?? 0) & 0x3f);
  const imprint = der(0x30, SHA256, der(0x04, hash));
  return der(0x30, der(0x02, Buffer.from([1])), imprint, der(0x02, nonce), der(0x01, Buffer.from([0xff])));
}

/** A value of fewer than 128 bytes. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, content.byteLength]), content]);
}
