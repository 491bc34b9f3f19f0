/**
 * Signs as somebody, without a key of their own: Fulcio certifies a key that lives for one signature, as that of whoever the token names, and the
 * signature goes into a transparency log, which tells when it was made.
 */
import { generateKeyPair, sign as signBytes, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import * as v from "valibot";
import type { Network } from "../net/index.ts";
import { signingError } from "./errors.ts";
import { hidingToken, subjectOf } from "./identity-token.ts";
import { bundleOf, envelopeOf, type Signer, timestampsOf } from "./signer.ts";
import { askService } from "./sigstore-request.ts";
import type { TimestampAuthority } from "./timestamp-authority.ts";
import type { TransparencyLog } from "./transparency-log.ts";

/** What a keyless signer uses. */
interface KeylessOptions {
  readonly network: Network;
  /** Who signs: a token of OpenID Connect. */
  readonly token: string;
  /** Of the certificate authority. */
  readonly fulcio: URL;
  readonly log: TransparencyLog;
  /** Says the time besides. */
  readonly clock?: TimestampAuthority | undefined;
}

const SERVICE = "certificate authority";
const chain = v.object({ chain: v.object({ certificates: v.pipe(v.array(v.string()), v.minLength(1)) }) });
const answerSchema = v.union([v.object({ signedCertificateEmbeddedSct: chain }), v.object({ signedCertificateDetachedSct: chain })]);

/** Makes it. Throws `SIGNING` for what is no token. */
export function createKeylessSigner({ network, token, fulcio, log, clock }: KeylessOptions): Signer {
  const subject = subjectOf(token);
  if (subject === undefined)
    throw signingError("sign with", "the identity token", "it is no token of OpenID Connect", { hint: "Give one, or sign with --key" });
  return {
    async sign(statement, signal) {
      const { publicKey, privateKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
      const body = {
        credentials: { oidcIdentityToken: token },
        publicKeyRequest: {
          publicKey: { algorithm: "ECDSA", content: publicKey.export({ type: "spki", format: "pem" }) },
          proofOfPossession: signBytes("sha256", Buffer.from(subject, "utf8"), privateKey).toString("base64"),
        },
      };
      const url = new URL("/api/v2/signingCert", fulcio);
      const answer = await askService(network, { service: SERVICE, url, body, hide: hidingToken(token), signal });
      const certificate = certificateOf(answer, fulcio);
      const envelope = envelopeOf(statement, privateKey);
      const entry = await log.add(envelope, certificate.toString(), signal);
      const timestamps = await timestampsOf(envelope, clock, signal);
      return bundleOf(envelope, { certificate: { rawBytes: certificate.raw.toString("base64") } }, { entries: [entry], timestamps });
    },
  };
}

function certificateOf(answer: unknown, fulcio: URL): X509Certificate {
  const parsed = v.safeParse(answerSchema, answer);
  const pem = parsed.success
    ? "signedCertificateEmbeddedSct" in parsed.output
      ? parsed.output.signedCertificateEmbeddedSct.chain.certificates[0]
      : parsed.output.signedCertificateDetachedSct.chain.certificates[0]
    : undefined;
  try {
    if (pem !== undefined) return new X509Certificate(pem);
  } catch {
    // Told below.
  }
  throw signingError(`use the ${SERVICE}`, fulcio.origin, "its answer is no certificate");
}
