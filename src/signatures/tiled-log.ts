/** Rekor v2: logs of tiles. They say that a signature was written down, and no longer when. */
import { createPublicKey, X509Certificate } from "node:crypto";
import * as v from "valibot";
import type { Network } from "../net/index.ts";
import { signingError } from "./errors.ts";
import { signedDigest } from "./keys.ts";
import { askService } from "./sigstore-request.ts";
import type { LogEntry, TransparencyLog } from "./transparency-log.ts";

const whole = v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.regex(/^\d{1,19}$/));
/** The JSON of protocol buffers may leave out what is zero or empty. */
const count = v.optional(whole, "0");
const base64 = v.pipe(v.string(), v.base64());
const entrySchema = v.object({
  logIndex: count,
  logId: v.object({ keyId: base64 }),
  kindVersion: v.object({ kind: v.literal("dsse"), version: v.literal("0.0.2") }),
  inclusionProof: v.object({
    logIndex: count,
    rootHash: base64,
    treeSize: whole,
    hashes: v.optional(v.array(base64), []),
    checkpoint: v.object({ envelope: v.string() }),
  }),
  canonicalizedBody: base64,
});

/** The log at `url`, which is one shard: `https://log2025-1.rekor.sigstore.dev`. Throws `SIGNING`. */
export function openTiledLog(network: Network, url: URL): TransparencyLog {
  const service = "transparency log";
  return {
    async add(envelope, verifier, signal) {
      const body = { dsseRequestV002: { envelope, verifiers: [verifierOf(verifier)] } };
      const answer = await askService(network, { service, url: new URL("/api/v2/log/entries", url), body, hide: (text) => text, signal });
      const parsed = v.safeParse(entrySchema, answer);
      if (!parsed.success) throw signingError(`use the ${service}`, url.origin, "its answer is no entry of a log of Rekor v2");
      // A time that such a log says is signed by nobody.
      return { ...parsed.output, integratedTime: "0" } satisfies LogEntry;
    },
  };
}

/** With what others verify the signature: a certificate or a public key, by its DER. */
function verifierOf(pem: string): object {
  const keyDetails = detailsOf(pem);
  if (pem.includes("-BEGIN CERTIFICATE-"))
    return { x509Certificate: { rawBytes: new X509Certificate(pem).raw.toString("base64") }, keyDetails };
  return { publicKey: { rawBytes: createPublicKey(pem).export({ type: "spki", format: "der" }).toString("base64") }, keyDetails };
}

const CURVES = { sha256: "P256_SHA_256", sha384: "P384_SHA_384", sha512: "P521_SHA_512" };
const RSA_BITS = [2048, 3072, 4096];

/** The name that sigstore has for keys of this kind. */
function detailsOf(pem: string): string {
  const key = createPublicKey(pem);
  const digest = signedDigest(key);
  if (digest === null) return "PKIX_ED25519";
  if (key.asymmetricKeyType === "ec") return `PKIX_ECDSA_${CURVES[digest]}`;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (RSA_BITS.includes(bits)) return `PKIX_RSA_PKCS1V15_${bits}_SHA256`;
  throw signingError("write down", `a signature by a key of RSA with ${bits} bits`, "logs of Rekor v2 take 2048, 3072 and 4096", {
    hint: "Use another key: decant generate-key-pair",
  });
}
