/**
 * Private keys as cosign keeps them: PKCS #8 in a secretbox of NaCl (XSalsa20 and Poly1305), under a key that scrypt makes of a password. In JSON
 * (go-securesystemslib, "encrypted"), in PEM.
 */
import { randomBytes, scrypt } from "node:crypto";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import * as v from "valibot";

const KDF = { name: "scrypt", params: { N: 65_536, r: 8, p: 1 } } as const;
const CIPHER = "nacl/secretbox";
const KEY_BYTES = 32;
const SALT_BYTES = 32;
const NONCE_BYTES = 24;
/** 128 · N · r bytes are what scrypt needs: 64 MiB for what cosign writes. A file may ask for four times as much. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024;

const base64 = v.pipe(
  v.string(),
  v.transform((text) => Buffer.from(text, "base64")),
);
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const boxSchema = v.object({
  kdf: v.object({ name: v.literal(KDF.name), params: v.object({ N: count, r: count, p: v.pipe(count, v.maxValue(16)) }), salt: base64 }),
  cipher: v.object({
    name: v.literal(CIPHER),
    nonce: v.pipe(
      base64,
      v.check((nonce) => nonce.byteLength === NONCE_BYTES),
    ),
  }),
  ciphertext: base64,
});

/** Why a box stays shut. */
export type Shut = "damaged" | "password";

/** The JSON of a box with `content` in it. */
export async function sealed(content: Uint8Array, password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await derived(password, salt, KDF.params);
  const ciphertext = Buffer.from(xsalsa20poly1305(key, nonce).encrypt(content));
  return JSON.stringify({
    kdf: { ...KDF, salt: salt.toString("base64") },
    cipher: { name: CIPHER, nonce: nonce.toString("base64") },
    ciphertext: ciphertext.toString("base64"),
  });
}

/** What is in the box `json`, or why it stays shut. */
export async function opened(json: string, password: string): Promise<Buffer | Shut> {
  const parsed = v.safeParse(boxSchema, jsonOf(json));
  if (!parsed.success) return "damaged";
  const { kdf, cipher, ciphertext } = parsed.output;
  if (128 * kdf.params.N * kdf.params.r > MAX_MEMORY_BYTES) return "damaged";
  try {
    const key = await derived(password, kdf.salt, kdf.params);
    return Buffer.from(xsalsa20poly1305(key, cipher.nonce).decrypt(ciphertext));
  } catch {
    return "password";
  }
}

function derived(password: string, salt: Buffer, params: { readonly N: number; readonly r: number; readonly p: number }): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  // Node wants more room than the formula says.
  scrypt(password, salt, KEY_BYTES, { ...params, maxmem: 2 * MAX_MEMORY_BYTES }, (error, key) => {
    if (error === null) resolve(key);
    else reject(error);
  });
  return promise;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
