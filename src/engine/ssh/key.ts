/**
 * Private keys of files, and what they sign: ed25519, RSA and ECDSA, as ssh-keygen writes them (OpenSSH's PROTOCOL.key) and as PEM. RFC 4253,
 * 5656, 8332 and 8709 say how public keys and signatures look. Keys stay in memory.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { wireMpint, wireReader, type WireReader, wireString } from "./wire.ts";

/** A key that can sign. */
export interface SshKey {
  /** The public key, in SSH's format. */
  readonly blob: Buffer;
  /** A signature in SSH's format; `flags` are the agent protocol's, about the hash of RSA. */
  sign(data: Uint8Array, flags: number): Buffer;
}

/** What a file turned out to be. */
export type SshKeyFile =
  | { readonly kind: "key"; readonly key: SshKey }
  | { readonly kind: "encrypted" }
  /** `state` follows "it": "is damaged". */
  | { readonly kind: "unusable"; readonly state: string };

const MAGIC = "openssh-key-v1\0";
const RSA_SHA2_256 = 2;
const RSA_SHA2_512 = 4;

interface Curve {
  /** The names of JWK and of SSH. */
  readonly jwk: string;
  readonly ssh: string;
  readonly hash: string;
  readonly sizeBytes: number;
}

const CURVES: readonly Curve[] = [
  { jwk: "P-256", ssh: "nistp256", hash: "sha256", sizeBytes: 32 },
  { jwk: "P-384", ssh: "nistp384", hash: "sha384", sizeBytes: 48 },
  { jwk: "P-521", ssh: "nistp521", hash: "sha512", sizeBytes: 66 },
];

/** Reads the text of a key file. */
export function readSshKey(text: string): SshKeyFile {
  const found = /-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----([^-]*(?:-[^-]+)*)-----END \1PRIVATE KEY-----/.exec(text);
  if (found === null) return { kind: "unusable", state: "holds no private key" };
  const [pem, kind, body = ""] = found;
  try {
    if (kind === "OPENSSH ") return openSshKey(Buffer.from(body, "base64"));
    if (kind === "ENCRYPTED " || /^Proc-Type:.*ENCRYPTED/m.test(body)) return { kind: "encrypted" };
    return usable(createPrivateKey(pem));
  } catch {
    // What node:crypto says of a bad key may quote it.
    return { kind: "unusable", state: "is damaged" };
  }
}

function openSshKey(bytes: Buffer): SshKeyFile {
  const file = wireReader(bytes);
  file.expect(MAGIC);
  const cipher = file.string().toString("latin1");
  file.string();
  file.string();
  const count = file.uint32();
  file.string();
  const secret = file.string();
  if (!file.isWhole || count !== 1) return { kind: "unusable", state: "is damaged" };
  if (cipher !== "none") return { kind: "encrypted" };
  const fields = wireReader(secret);
  const isSame = fields.uint32() === fields.uint32();
  const type = fields.string().toString("latin1");
  const jwk = jwkOf(type, fields);
  if (jwk === undefined)
    return { kind: "unusable", state: `is of type "${type.replaceAll(/[^\w@.-]/g, "?")}"; wanted ed25519, RSA or ECDSA` };
  if (!fields.isWhole || !isSame) return { kind: "unusable", state: "is damaged" };
  return usable(createPrivateKey({ key: jwk, format: "jwk" }));
}

function jwkOf(type: string, fields: WireReader): Record<string, string> | undefined {
  if (type === "ssh-ed25519") {
    const x = text(fields.string());
    // The seed, and the public key again.
    return { kty: "OKP", crv: "Ed25519", x, d: text(fields.string().subarray(0, 32)) };
  }
  if (type === "ssh-rsa") {
    const [n, e, d, qi, p, q] = [fields.mpint(), fields.mpint(), fields.mpint(), fields.mpint(), fields.mpint(), fields.mpint()];
    return {
      kty: "RSA",
      n: text(n),
      e: text(e),
      d: text(d),
      p: text(p),
      q: text(q),
      qi: text(qi),
      dp: remainder(d, p),
      dq: remainder(d, q),
    };
  }
  const curve = CURVES.find(({ ssh }) => type === `ecdsa-sha2-${ssh}`);
  if (curve === undefined) return undefined;
  fields.string();
  const point = fields.string();
  const d = fields.mpint();
  const half = 1 + curve.sizeBytes;
  const pad = Buffer.alloc(Math.max(0, curve.sizeBytes - d.byteLength));
  return { kty: "EC", crv: curve.jwk, x: text(point.subarray(1, half)), y: text(point.subarray(half)), d: text(Buffer.concat([pad, d])) };
}

/** d mod (prime - 1), which SSH leaves out. */
function remainder(d: Buffer, prime: Buffer): string {
  const hex = (BigInt(`0x0${d.toString("hex")}`) % (BigInt(`0x0${prime.toString("hex")}`) - 1n)).toString(16);
  return text(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex"));
}

function text(bytes: Buffer): string {
  return bytes.toString("base64url");
}

function usable(key: KeyObject): SshKeyFile {
  const jwk = createPublicKey(key).export({ format: "jwk" });
  const field = (value: unknown): Buffer => Buffer.from(typeof value === "string" ? value : "", "base64url");
  if (jwk.kty === "OKP" && jwk.crv === "Ed25519") {
    const type = "ssh-ed25519";
    return keyOf(Buffer.concat([wireString(type), wireString(field(jwk.x))]), (data) => signature(type, sign(null, data, key)));
  }
  if (jwk.kty === "RSA")
    return keyOf(Buffer.concat([wireString("ssh-rsa"), wireMpint(field(jwk.e)), wireMpint(field(jwk.n))]), (data, flags) => {
      if ((flags & RSA_SHA2_512) !== 0) return signature("rsa-sha2-512", sign("sha512", data, key));
      if ((flags & RSA_SHA2_256) !== 0) return signature("rsa-sha2-256", sign("sha256", data, key));
      return signature("ssh-rsa", sign("sha1", data, key));
    });
  const curve = CURVES.find(({ jwk: name }) => name === jwk.crv);
  if (jwk.kty !== "EC" || curve === undefined)
    return { kind: "unusable", state: `is of type "${key.asymmetricKeyType ?? "unknown"}"; wanted ed25519, RSA or ECDSA` };
  const type = `ecdsa-sha2-${curve.ssh}`;
  const point = Buffer.concat([Buffer.of(4), field(jwk.x), field(jwk.y)]);
  return keyOf(Buffer.concat([wireString(type), wireString(curve.ssh), wireString(point)]), (data) => {
    const both = sign(curve.hash, data, { key, dsaEncoding: "ieee-p1363" });
    const half = both.byteLength / 2;
    return signature(type, Buffer.concat([wireMpint(both.subarray(0, half)), wireMpint(both.subarray(half))]));
  });
}

function keyOf(blob: Buffer, make: SshKey["sign"]): SshKeyFile {
  return { kind: "key", key: { blob, sign: make } };
}

function signature(type: string, bytes: Uint8Array): Buffer {
  return Buffer.concat([wireString(type), wireString(bytes)]);
}
