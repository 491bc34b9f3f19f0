/** Bundles of sigstore, keys, roots of trust, claims, tokens; and keys of SSH. */
import { generateKeyPairSync } from "node:crypto";
import { readSshKey } from "../../../src/engine/ssh/key.ts";
import { sha256 } from "../../../src/digest.ts";
import { claimedAnnotations, claimProblem } from "../../../src/signatures/cosign-tag.ts";
import { subjectOf } from "../../../src/signatures/identity-token.ts";
import { readPrivateKey, readPublicKey } from "../../../src/signatures/keys.ts";
import { bundleOf, envelopeOf } from "../../../src/signatures/signer.ts";
import { signedStatement, statementProblem } from "../../../src/signatures/signed-statement.ts";
import { readTrustMaterial } from "../../../src/signatures/trusted-root.ts";
import { createVerifier } from "../../../src/signatures/verifier.ts";
import { identityToken } from "../../support/sigstore.ts";
import { holds, jsonLike } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const subject = sha256("subject");
const statement = signedStatement(subject);
const bundle: unknown = JSON.parse(
  bundleOf(envelopeOf(statement, privateKey), { publicKey: { hint: "x" } }, { entries: [], timestamps: [] }).toString("utf8"),
);
const claim = {
  critical: {
    identity: { "docker-reference": "a" },
    image: { "docker-manifest-digest": subject },
    type: "cosign container image signature",
  },
  optional: { a: "b" },
};
const sealed = {
  kdf: { name: "scrypt", params: { N: 65536, r: 8, p: 1 }, salt: "c2FsdA==" },
  cipher: { name: "nacl/secretbox", nonce: "AAAA" },
  ciphertext: "AAAA",
};
const root = {
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  tlogs: [
    {
      baseUrl: "x",
      hashAlgorithm: "SHA2_256",
      publicKey: { rawBytes: "AAAA", keyDetails: "PKIX_ECDSA_P256_SHA_256", validFor: { start: "2021-01-12T11:53:27Z" } },
      logId: { keyId: "AAAA" },
    },
  ],
  certificateAuthorities: [],
  ctlogs: [],
  timestampAuthorities: [],
};
const KEYS = [
  pem,
  privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  generateKeyPairSync("ed25519", {}).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n-----END OPENSSH PRIVATE KEY-----\n",
  identityToken({ sub: "a" }),
] as const;
const verify = createVerifier({ keys: [{ shown: "key", text: pem }] });

export const SIGNATURES: Target = {
  name: "signatures",
  generate(random) {
    if (random.chance(0.2)) return Buffer.from(random.pick(KEYS));
    const made = jsonLike(random, random.pick<unknown>([bundle, bundle, claim, root, sealed, JSON.parse(statement.toString("utf8"))]));
    return made.includes("scrypt")
      ? Buffer.from(
          `-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n${made.toString("base64")}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n`,
        )
      : made;
  },
  async check(input, { random }) {
    const text = input.toString("utf8");
    const other = sha256("other");
    await each(
      () => holds("problem" in verify({ bytes: input }, other), "a signature counts for its own digest only"),
      () => verify({ bytes: input }, subject),
      () => verify({ bytes: Buffer.from(JSON.stringify(bundle)), payload: input }, subject),
      () => claimProblem(input, subject),
      () => claimedAnnotations(input),
      () => holds(statementProblem(input, other) !== undefined, "a statement counts for its own digest only"),
      () => readPublicKey({ shown: "key", text }),
      async () => {
        // Encrypted keys cost much by design.
        if (!text.includes("ENCRYPTED") || random.below(20) === 0) await readPrivateKey({ shown: "key", text }, () => Promise.resolve("x"));
      },
      () => subjectOf(text),
      () => readSshKey(text),
      () => createVerifier({ identities: [{ subject: "x", issuer: "y" } as never], trustedRoot: { shown: "root", text } }),
      () => readTrustMaterial({ shown: "root", text }),
    );
    holds(!("isAdmin" in {}), "no document changes what every object has");
  },
};
