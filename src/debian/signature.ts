/**
 * OpenPGP signatures of InRelease files (RFC 9580, cleartext framework), checked in our own process. The policy is here: which hashes are
 * too weak, which keys are too small, and that a key must still be valid now.
 */
import type * as openpgpModule from "openpgp";
import type { CleartextMessage, Key, PartialConfig } from "openpgp";
import { AT_ONCE, pool } from "../async.ts";
import { expiredError, signatureError } from "./errors.ts";
import { type Keyring, readKeys } from "./keyring.ts";

/** One signature that is right. */
export interface Signer {
  /** Upper-case hexadecimal fingerprint of the primary key. */
  readonly fingerprint: string;
  readonly userId: string;
  /** Milliseconds since the epoch. */
  readonly signedAt: number;
  /** When the key expires, in milliseconds since the epoch; null: never. */
  readonly keyExpiresAt: number | null;
}

/** The text inside the signature, and who signed it. */
export interface SignedText {
  readonly text: string;
  readonly signers: readonly Signer[];
}

/** What a signature is checked against besides keys. */
export interface VerifyOptions {
  /** For messages, e.g. the URL. */
  readonly name: string;
  readonly now: Date;
  /** Also accept a key that has expired since it signed. Default false. */
  readonly acceptExpired?: boolean | undefined;
}

const BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----";
const END = "-----END PGP SIGNATURE-----";

/**
 * Checks a clearsigned text and gives what is inside. One right signature by a key of the keyring is enough; signatures of other keys are
 * passed over. Throws `DEBIAN_SIGNATURE` and, when all right signatures are by keys that have expired at `now`, `DEBIAN_EXPIRED`.
 */
export async function verifyInline(text: string, keyring: Keyring, options: VerifyOptions): Promise<SignedText> {
  const { name, now } = options;
  const trimmed = text.trim();
  // Text outside of the signed part must not even be there: a reader that is less careful than this one could use it.
  if (
    !trimmed.startsWith(BEGIN) ||
    !trimmed.endsWith(END) ||
    trimmed.indexOf(BEGIN, 1) >= 0 ||
    trimmed.indexOf(END) !== trimmed.length - END.length
  )
    throw signatureError(name, "it is not one clearsigned text from its first to its last line");
  const openpgp = await import("openpgp");
  return await judge(keyring, options, openpgp, async (keys, config) => {
    const message = await openpgp.readCleartextMessage({ cleartextMessage: trimmed });
    const { signatures } = await openpgp.verify({ message, verificationKeys: keys, date: now, config });
    return { text: message.getText(), signatures };
  });
}

/** As `verifyInline`, for an armored signature in a file of its own. */
export async function verifyDetached(text: Uint8Array, signature: string, keyring: Keyring, options: VerifyOptions): Promise<SignedText> {
  const openpgp = await import("openpgp");
  return await judge(keyring, options, openpgp, async (keys, config) => {
    const { signatures } = await openpgp.verify({
      message: await openpgp.createMessage({ binary: text }),
      signature: await openpgp.readSignature({ armoredSignature: signature.trim() }),
      verificationKeys: keys,
      date: options.now,
      config,
    });
    return { text: Buffer.from(text).toString("utf8"), signatures };
  });
}

interface Verified {
  readonly text: string;
  readonly signatures: readonly VerificationResult[];
}

async function judge(
  keyring: Keyring,
  { name, now, acceptExpired }: VerifyOptions,
  openpgp: OpenPgp,
  verify: (keys: Key[], config: PartialConfig) => Promise<Verified>,
): Promise<SignedText> {
  const keys = await readKeys(keyring, openpgp);
  let verified: Verified;
  try {
    verified = await verify(keys, policy(openpgp));
  } catch (cause) {
    throw signatureError(name, `its signature cannot be read: ${reason(cause)}`, { cause });
  }
  const checked = await pool(AT_ONCE, verified.signatures, (signature) => checkSignature(signature, keys, now));
  const right = checked.filter((one) => one.signer !== undefined);
  const signers = right.flatMap((one) => (one.signer === undefined || (one.expired && acceptExpired !== true) ? [] : [one.signer]));
  if (signers.length > 0) return { text: verified.text, signers };
  const [expired] = right;
  if (expired?.signer !== undefined)
    throw expiredError(name, `its key ${expired.signer.fingerprint} (${expired.signer.userId}) has expired; now is ${now.toISOString()}`);
  const why = checked.length === 0 ? "it has no signature" : checked.map((one) => one.why).join("; ");
  throw signatureError(name, `no signature is right by the keys of "${keyring.name}": ${why}`, {
    hint: "Use the keyring of this archive; if it is the right one, do not use this mirror",
  });
}

type OpenPgp = typeof openpgpModule;
type VerificationResult = Awaited<ReturnType<CleartextMessage["verify"]>>[number];

/** As apt and sqv have it: SHA-1 and what is older no longer prove anything. */
function policy(openpgp: OpenPgp): PartialConfig {
  const { md5, ripemd, sha1, sha224 } = openpgp.enums.hash;
  return {
    rejectMessageHashAlgorithms: new Set([md5, ripemd, sha1, sha224]),
    rejectHashAlgorithms: new Set([md5, ripemd]),
    minRSABits: 2048,
  };
}

interface Checked {
  readonly signer?: Signer;
  readonly expired: boolean;
  readonly why: string;
}

async function checkSignature(result: VerificationResult, keys: readonly Key[], now: Date): Promise<Checked> {
  const keyId = result.keyID.toHex();
  const key = keys.find((one) => one.getKeys(result.keyID).length > 0);
  if (key === undefined) return { expired: false, why: `key ${keyId.toUpperCase()} is not in the keyring` };
  try {
    // Also checks that the key was valid when it signed, and that the hash is allowed.
    await result.verified;
    const signature = await result.signature;
    const signedAt = signature.packets[0]?.created ?? now;
    const expiresAt = await keyExpiry(key, keyId);
    const expired = expiresAt !== null && expiresAt <= now.getTime();
    // Throws for a key that was revoked since; expiry is another case.
    await key.getSigningKey(result.keyID, expired ? signedAt : now);
    const signer: Signer = {
      fingerprint: key.getFingerprint().toUpperCase(),
      userId: key.getUserIDs()[0] ?? "",
      signedAt: signedAt.getTime(),
      keyExpiresAt: expiresAt,
    };
    return { signer, expired, why: "" };
  } catch (error) {
    return { expired: false, why: `key ${keyId.toUpperCase()}: ${reason(error)}` };
  }
}

/** The earlier of the primary key's and the signing subkey's end; null when neither ends. */
async function keyExpiry(key: Key, keyId: string): Promise<number | null> {
  const parts = [key, ...key.getSubkeys().filter((subkey) => subkey.getKeyID().toHex() === keyId)];
  const ends = await pool(AT_ONCE, parts, (part) => part.getExpirationTime());
  const times = ends.map((end) => (end instanceof Date ? end.getTime() : end === null ? 0 : Number.POSITIVE_INFINITY));
  const first = Math.min(...times);
  return Number.isFinite(first) ? first : null;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
}
