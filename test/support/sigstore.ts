/**
 * A sigstore of the test's own: certificate authority, logs and a token service of @sigstore/mock on a port of this machine, and the trusted root
 * that names them.
 */
import assert from "node:assert/strict";
import { createHash, createPublicKey, generateKeyPairSync, verify, X509Certificate } from "node:crypto";
import { fulcioHandler, type HandlerFn, initializeCA, initializeCTLog, initializeTLog, initializeTSA, rekorHandler } from "@sigstore/mock";
import {
  type CertificateAuthority,
  HashAlgorithm,
  PublicKeyDetails,
  type TransparencyLogInstance,
  TrustedRoot,
} from "@sigstore/protobuf-specs";
import { signedDigest } from "../../src/signatures/keys.ts";
import { preAuthEncoding } from "../../src/signatures/signer.ts";
import { startServer, type TestServer } from "./server.ts";

/** The services, and what trusts them. */
export interface FakeSigstore extends AsyncDisposable {
  readonly server: TestServer;
  /** Of all services. */
  readonly url: string;
  /** The text of a trusted root. */
  readonly trustedRoot: string;
}

/** Starts them. */
export async function startSigstore(): Promise<FakeSigstore> {
  const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ctLog = await initializeCTLog(pair());
  const authority = await initializeCA(pair(), ctLog);
  const log = await initializeTLog("https://rekor.test", pair());
  const certify = fulcioHandler(authority, { strict: true });
  const write = rekorHandler(log, { strict: true });
  const clock = await initializeTSA(generateKeyPairSync("ec", { namedCurve: "P-384" }));
  // In whole seconds, as real authorities have it: @sigstore/core reads fractions of three digits only, and DER leaves out zeros at the end (".12").
  Object.assign(clock, { getCurrentTime: () => new Date(Math.floor(Date.now() / 1000) * 1000) });
  const server = await startServer(async ({ path, headers, body }) => {
    const url = new URL(path, "http://sigstore.test");
    if (url.pathname === "/token") {
      if (headers["authorization"] !== "Bearer the-right") return { status: 401 };
      return { body: JSON.stringify({ value: identityToken({ sub: "https://ci.test/workflow", aud: url.searchParams.get("audience") }) }) };
    }
    if (url.pathname === certify.path) return await answer(certify.fn, body.toString());
    if (url.pathname === write.path) return await answer(write.fn, writtenEntry(body.toString()));
    if (url.pathname === "/api/v2/log/entries") {
      const { status, body: written } = await answer(write.fn, tiledEntry(body.toString()));
      return { status, body: tiledAnswer(written) };
    }
    if (url.pathname === "/tsr") {
      assert.equal(headers["content-type"], "application/timestamp-query");
      return { body: bytesIn(await clock.timestamp(timestampRequest(body))) };
    }
    return { status: 404 };
  });
  const since = { start: new Date(0), end: undefined };
  const root: TrustedRoot = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [logInstance(log.publicKey, since)],
    ctlogs: [logInstance(ctLog.publicKey, since)],
    certificateAuthorities: [authorityOf([authority.rootCertificate], since)],
    timestampAuthorities: [authorityOf([clock.intCertificate, clock.rootCertificate], since)],
  };
  return {
    server,
    url: server.origin,
    trustedRoot: JSON.stringify(TrustedRoot.toJSON(root)),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A token that says these things; nobody looks at its signature. */
export function identityToken(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none", typ: "JWT" })}.${part({ iss: "https://issuer.test", ...claims })}.c2lnbmF0dXJlLW9mLXRva2Vu`;
}

async function answer(handler: HandlerFn, body: string): Promise<{ readonly status: number; readonly body: string }> {
  const { statusCode, response } = await handler(body);
  assert.ok(typeof response === "string");
  return { status: statusCode, body: response };
}

/** What a TimeStampReq of RFC 3161 asks for: a version, an imprint by SHA-256, a nonce, and the certificate. */
function timestampRequest(request: Buffer): Parameters<Awaited<ReturnType<typeof initializeTSA>>["timestamp"]>[0] {
  const fields = /^3043020101(?:3031300d060960864801650304020105000420)([0-9a-f]{64})0208([0-9a-f]{16})0101ff$/.exec(
    request.toString("hex"),
  );
  const [, hash = assert.fail("no TimeStampReq"), nonce = ""] = fields ?? [];
  return {
    artifactHash: Buffer.from(hash, "hex"),
    hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
    nonce: Number.parseInt(nonce.slice(0, 8), 16),
    policyOID: "1.3.6.1.4.1.57264.2",
    certReq: true,
  };
}

/** What a real log writes down of an envelope that it is offered: its hashes, when the signature is good. */
function writtenEntry(proposed: string): string {
  const { apiVersion, kind, spec } = JSON.parse(proposed);
  // An entry of a hash is written down as it is.
  if (kind !== "dsse") return proposed;
  const { payload, payloadType, signatures } = JSON.parse(spec.proposedContent.envelope);
  const [verifier] = spec.proposedContent.verifiers;
  const content = Buffer.from(payload, "base64");
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${content.byteLength} `), content]);
  const [{ sig }] = signatures;
  if (!verify("sha256", signed, Buffer.from(verifier, "base64").toString(), Buffer.from(sig, "base64"))) throw new Error("bad signature");
  const hash = (data: string | Buffer): object => ({ algorithm: "sha256", value: createHash("sha256").update(data).digest("hex") });
  return JSON.stringify({
    apiVersion,
    kind,
    spec: {
      envelopeHash: hash(spec.proposedContent.envelope),
      payloadHash: hash(content),
      signatures: [{ signature: sig, verifier }],
    },
  });
}

/** What a log of Rekor v2 writes down of an envelope, when the signature is good. */
function tiledEntry(request: string): string {
  const { dsseRequestV002 } = JSON.parse(request);
  const { payload, payloadType, signatures } = dsseRequestV002.envelope;
  const [verifier] = dsseRequestV002.verifiers;
  const { x509Certificate, publicKey } = verifier;
  const key =
    x509Certificate === undefined
      ? createPublicKey({ key: Buffer.from(publicKey.rawBytes, "base64"), format: "der", type: "spki" })
      : new X509Certificate(Buffer.from(x509Certificate.rawBytes, "base64")).publicKey;
  const content = Buffer.from(payload, "base64");
  const [{ sig }] = signatures;
  if (!verify(signedDigest(key), preAuthEncoding(content, payloadType), key, Buffer.from(sig, "base64"))) throw new Error("bad signature");
  const payloadHash = { algorithm: "SHA2_256", digest: createHash("sha256").update(content).digest("base64") };
  const spec = { dsseV002: { payloadHash, signatures: [{ content: sig, verifier }] } };
  return JSON.stringify({ apiVersion: "0.0.2", kind: "dsse", spec });
}

/** An answer of v1 in the form of v2: a TransparencyLogEntry, without a promise and without a time. */
function tiledAnswer(written: string): string {
  const [entry] = Object.values(JSON.parse(written) as Record<string, never>);
  const { body, logID, logIndex, verification } = entry ?? assert.fail("no entry");
  const { treeSize, rootHash, checkpoint } = (verification as { readonly inclusionProof: Record<string, string> }).inclusionProof;
  return JSON.stringify({
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, "hex").toString("base64") },
    kindVersion: { kind: "dsse", version: "0.0.2" },
    // As protocol buffers do: no index 0, no empty list.
    inclusionProof: {
      treeSize: String(treeSize),
      rootHash: Buffer.from(rootHash ?? "", "hex").toString("base64"),
      checkpoint: { envelope: checkpoint },
    },
    canonicalizedBody: body,
  });
}

type ValidFor = { readonly start: Date; readonly end: undefined };

function logInstance(publicKey: Buffer, validFor: ValidFor): TransparencyLogInstance {
  return {
    baseUrl: "https://rekor.test",
    hashAlgorithm: HashAlgorithm.SHA2_256,
    publicKey: { rawBytes: publicKey, keyDetails: PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, validFor },
    logId: { keyId: createHash("sha256").update(publicKey).digest() },
    checkpointKeyId: undefined,
    operator: "",
  };
}

function bytesIn({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Buffer<ArrayBuffer> {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function authorityOf(chain: readonly ArrayBufferView<ArrayBuffer>[], validFor: ValidFor): CertificateAuthority {
  return {
    subject: { organization: "test", commonName: "test" },
    uri: "https://authority.test",
    certChain: { certificates: chain.map((certificate) => ({ rawBytes: bytesIn(certificate) })) },
    validFor,
    operator: "",
  };
}
