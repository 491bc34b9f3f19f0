/** Keys of signatures: those that cosign makes, and PEM of others. ECDSA with P-256, P-384 or P-521, RSA with 2048 bits or more, and Ed25519. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import { signingError } from "./errors.ts";
import { opened, sealed, type Shut } from "./secret-box.ts";

/** A key in a file. */
export interface KeyFile {
  /** As the user named it. */
  readonly shown: string;
  readonly text: string;
}

/** A pair of keys, each in PEM. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

const ENCRYPTED = "ENCRYPTED SIGSTORE PRIVATE KEY";
/** Of before cosign 2. */
const ENCRYPTED_BEFORE = "ENCRYPTED COSIGN PRIVATE KEY";
const MIN_RSA_BITS = 2048;
const LINE = 64;
const WANTED = "wanted ECDSA with P-256, P-384 or P-521, RSA with 2048 bits or more, or Ed25519";
/** What sigstore's registry of algorithms pairs with each curve, by OpenSSL's names. */
const CURVES: ReadonlyMap<string, SignedDigest> = new Map([
  ["prime256v1", "sha256"],
  ["secp384r1", "sha384"],
  ["secp521r1", "sha512"],
]);

/** By what a message is shortened before it is signed. */
type SignedDigest = "sha256" | "sha384" | "sha512";

/** A new pair as `cosign generate-key-pair` makes it: ECDSA with P-256, the private key encrypted with `password`, which may be empty. */
export async function makeKeyPair(password: string): Promise<KeyPair> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)("ec", { namedCurve: "P-256" });
  const box = await sealed(privateKey.export({ type: "pkcs8", format: "der" }), password);
  return { privateKey: pem(ENCRYPTED, Buffer.from(box, "utf8")), publicKey: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

/** Reads a private key. `password` is asked for where the key is encrypted. Throws `SIGNING`. */
export async function readPrivateKey({ shown, text }: KeyFile, password: () => Promise<string>): Promise<KeyObject> {
  const block = blockOf(text);
  if (block === undefined) throw badKey(shown, "it is no PEM");
  if (block.label === "PUBLIC KEY" || block.label === "CERTIFICATE")
    throw badKey(shown, "it is public; wanted the private key", { hint: "Name the private one: --key cosign.key" });
  if (block.label !== ENCRYPTED && block.label !== ENCRYPTED_BEFORE)
    return checkedKey(shown, await plainKey(shown, text, block.label, password));
  const content = await opened(block.bytes.toString("utf8"), await password());
  if (!Buffer.isBuffer(content)) throw shut(shown, content);
  return checkedKey(
    shown,
    keyOr(shown, () => createPrivateKey({ key: content, format: "der", type: "pkcs8" })),
  );
}

/** Reads a public key, or takes that of a certificate. Throws `SIGNING`. */
export function readPublicKey({ shown, text }: KeyFile): KeyObject {
  const label = blockOf(text)?.label;
  if (label === undefined) throw badKey(shown, "it is no PEM");
  if (label.endsWith("PRIVATE KEY"))
    throw badKey(shown, "it is a private key; wanted the public one, which may be shown to others", {
      hint: "Name the public one: --key cosign.pub",
    });
  return checkedKey(
    shown,
    keyOr(shown, () => (label === "CERTIFICATE" ? new X509Certificate(text).publicKey : createPublicKey(text))),
  );
}

/** What a key signs of a message; null: the message itself, as Ed25519 does. */
export function signedDigest({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SignedDigest | null {
  if (asymmetricKeyType === "ed25519") return null;
  return CURVES.get(asymmetricKeyDetails?.namedCurve ?? "") ?? "sha256";
}

/** By what a bundle names the key that made it, as cosign does: base64 of the SHA-256 of the DER. */
export function keyHint(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
}

async function plainKey(shown: string, text: string, label: string, password: () => Promise<string>): Promise<KeyObject> {
  const isEncrypted = label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (!isEncrypted) return keyOr(shown, () => createPrivateKey(text));
  const passphrase = await password();
  try {
    return createPrivateKey({ key: text, passphrase });
  } catch {
    throw shut(shown, "password");
  }
}

function keyOr(shown: string, read: () => KeyObject): KeyObject {
  try {
    return read();
  } catch (cause) {
    throw badKey(shown, "it is damaged, or of a kind that is not known", { cause });
  }
}

function checkedKey(shown: string, key: KeyObject): KeyObject {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const isGood =
    key.asymmetricKeyType === "ed25519" ||
    (key.asymmetricKeyType === "ec" && namedCurve !== undefined && CURVES.has(namedCurve)) ||
    (key.asymmetricKeyType === "rsa" && modulusLength >= MIN_RSA_BITS);
  if (isGood) return key;
  throw badKey(shown, `it is ${[key.asymmetricKeyType, namedCurve ?? modulusLength].filter(Boolean).join(" ")}; ${WANTED}`);
}

function shut(shown: string, why: Shut): Error {
  if (why === "damaged") return badKey(shown, "it is damaged");
  return signingError("use key", shown, "its password is another one", {
    hint: "Set COSIGN_PASSWORD, or run it at a terminal, which asks",
  });
}

function badKey(shown: string, why: string, { hint, cause }: { readonly hint?: string; readonly cause?: unknown } = {}): Error {
  return signingError("use key", shown, why, { hint: hint ?? "Make a pair of keys: decant generate-key-pair", cause });
}

function blockOf(text: string): { readonly label: string; readonly bytes: Buffer } | undefined {
  const [, label, body] = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/.exec(text) ?? [];
  return label === undefined || body === undefined ? undefined : { label, bytes: Buffer.from(body, "base64") };
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
