/**
 * Signatures as cosign 2 and podman store them: under the tag "sha256-….sig", as layers whose annotations have the signature. They become bundles
 * (v0.1), so that one verifier looks at all.
 */
import { X509Certificate } from "node:crypto";
import * as v from "valibot";
import { collect } from "../bytes.ts";
import { algorithmOf, type Digest, hexOf } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { cosignTag, type ImageContext } from "../image/index.ts";
import { type Annotations, parseManifestOrIndex, type Reference } from "../oci/index.ts";
import { type FoundBundle, MAX_BUNDLE_BYTES, MAX_SIGNATURES } from "./referrer.ts";
import type { SignedAnnotations } from "./signed-statement.ts";

const LAYER = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE_V01 = "application/vnd.dev.sigstore.bundle+json;version=0.1";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const CERTIFICATE = "dev.sigstore.cosign/certificate";
const LOG_ENTRY = "dev.sigstore.cosign/bundle";

const json = v.rawTransform<string, unknown>(({ dataset, addIssue, NEVER }) => {
  try {
    return JSON.parse(dataset.value) as unknown;
  } catch {
    addIssue({ message: "no JSON" });
    return NEVER;
  }
});
const entrySchema = v.pipe(
  v.string(),
  json,
  v.object({
    SignedEntryTimestamp: v.string(),
    Payload: v.object({ body: v.string(), integratedTime: v.number(), logIndex: v.number(), logID: v.string() }),
  }),
);
const claimSchema = v.pipe(
  v.string(),
  json,
  v.object({
    critical: v.object({
      image: v.object({ "docker-manifest-digest": v.string() }),
      type: v.picklist(["cosign container image signature", "atomic container signature"]),
    }),
    optional: v.optional(v.nullable(v.record(v.string(), v.unknown()))),
  }),
);

/** The signatures under the tag of `subject`. Throws what registries throw. */
export async function* bundlesOfTag(
  { registry, signal }: ImageContext,
  { registry: host, repository }: Reference,
  subject: Digest,
): AsyncGenerator<FoundBundle, void, undefined> {
  const client = await registry();
  const reference = { registry: host, repository, tag: cosignTag(subject, "sig") };
  const found = await client.manifest(reference, { signal }).catch((error: unknown) => {
    if (isDecantError(error, "IMAGE_NOT_FOUND")) return undefined;
    throw error;
  });
  const parsed = found === undefined ? undefined : parseManifestOrIndex(found.bytes, found.descriptor.mediaType);
  if (parsed?.kind !== "manifest") return;
  for (const layer of parsed.manifest.layers.slice(0, MAX_SIGNATURES)) {
    const bundle = layer.mediaType === LAYER ? bundleOf(layer.annotations ?? {}, layer.digest) : undefined;
    if (bundle === undefined) continue;
    const payload = await collect(client.blob(reference, layer, { signal }), MAX_BUNDLE_BYTES, "signature");
    yield { digest: layer.digest, bytes: Buffer.from(JSON.stringify(bundle), "utf8"), payload };
  }
}

/** Why what was signed is no claim about `digest` with these annotations; undefined where it is. */
export function claimProblem(payload: Uint8Array, digest: Digest, annotations: SignedAnnotations = {}): string | undefined {
  const parsed = v.safeParse(claimSchema, Buffer.from(payload).toString("utf8"));
  if (!parsed.success) return "it is no claim about an image";
  const { critical, optional } = parsed.output;
  if (critical.image["docker-manifest-digest"] !== digest) return "it is of another image";
  const missing = Object.entries(annotations).find(([key, value]) => optional?.[key] !== value);
  return missing === undefined ? undefined : `it does not say ${missing[0]}=${missing[1]}`;
}

/** The annotations of a claim that are texts. */
export function claimedAnnotations(payload: Uint8Array): SignedAnnotations {
  const parsed = v.safeParse(claimSchema, Buffer.from(payload).toString("utf8"));
  const all = Object.entries((parsed.success ? parsed.output.optional : undefined) ?? {});
  return Object.fromEntries(all.flatMap(([key, value]) => (typeof value === "string" ? [[key, value] as const] : [])));
}

function bundleOf(annotations: Annotations, payload: Digest): object | undefined {
  const { [SIGNATURE]: signature, [CERTIFICATE]: certificate, [LOG_ENTRY]: entry } = annotations;
  if (signature === undefined || algorithmOf(payload) !== "sha256") return undefined;
  const rawBytes = certificate === undefined ? undefined : derOf(certificate);
  const maker =
    certificate === undefined
      ? { publicKey: { hint: "" } }
      : { x509CertificateChain: { certificates: rawBytes === undefined ? [] : [{ rawBytes }] } };
  return {
    mediaType: BUNDLE_V01,
    verificationMaterial: { ...maker, tlogEntries: entriesOf(entry), timestampVerificationData: { rfc3161Timestamps: [] } },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: Buffer.from(hexOf(payload), "hex").toString("base64") },
      signature,
    },
  };
}

function entriesOf(text: string | undefined): object[] {
  const parsed = v.safeParse(entrySchema, text);
  if (!parsed.success) return [];
  const { SignedEntryTimestamp: signedEntryTimestamp, Payload: entry } = parsed.output;
  return [
    {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, "hex").toString("base64") },
      kindVersion: { kind: "hashedrekord", version: "0.0.1" },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      canonicalizedBody: entry.body,
    },
  ];
}

function derOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).raw.toString("base64");
  } catch {
    return undefined;
  }
}
