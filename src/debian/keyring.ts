/**
 * The OpenPGP keys that releases are checked with. Trust is given, never fetched: keys come from a file of this machine, by default from the
 * one of the package debian-archive-keyring.
 */
import type * as openpgpModule from "openpgp";
import type { Key } from "openpgp";
import { AT_ONCE, pool } from "../async.ts";
import { type Digest, framedDigest, sha256 } from "../digest.ts";
import { type FilePlace, readNamedFile } from "../sys/index.ts";
import { signatureError } from "./errors.ts";

/** The keys that a source's signatures are checked with. */
export interface Keyring {
  /** For messages. */
  readonly name: string;
  /** One for each file: binary, or armored with any number of blocks. */
  readonly parts: readonly Uint8Array[];
  /** Of the parts: a verdict is good for one keyring only. */
  readonly digest: Digest;
}

/** Where the Debian package `debian-archive-keyring` puts its keys. */
export const DEFAULT_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Its name since Debian 13. */
const NEWER_KEYRING = "/usr/share/keyrings/debian-archive-keyring.pgp";

const MAX_KEYRING_BYTES = 16 * 1024 * 1024;
const ARMORED_BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?-----END PGP PUBLIC KEY BLOCK-----/g;
const INSTALL_HINT =
  "Install the package debian-archive-keyring (apt-get install on Debian and Ubuntu, apk add on Alpine), or name a keyring file that you trust (--keyring)";

/**
 * Reads keyring files: binary (.gpg, .pgp) or armored (.asc), told by their content; keys of any of them are good. Default: that of
 * debian-archive-keyring. Throws `DEBIAN_SIGNATURE`.
 */
export async function loadKeyring(places?: string | FilePlace | readonly string[]): Promise<Keyring> {
  const list = places === undefined ? [] : typeof places === "string" || "path" in places ? [places] : places;
  const files = list.map((place) => (typeof place === "string" ? { path: place } : place));
  if (files.length > 0) return joinKeyrings(await pool(AT_ONCE, files, async (file) => keyringOf(file.path, await read(file))));
  try {
    return keyringOf(DEFAULT_KEYRING, await read({ path: DEFAULT_KEYRING }));
  } catch (error) {
    const bytes = await read({ path: NEWER_KEYRING }).catch(() => {
      throw error;
    });
    return keyringOf(NEWER_KEYRING, bytes);
  }
}

/** Bytes of a keyring at hand. */
export function keyringOf(name: string, bytes: Uint8Array): Keyring {
  return { name, parts: [bytes], digest: sha256(bytes) };
}

/** Several keyrings as one. */
export function joinKeyrings(keyrings: readonly Keyring[]): Keyring {
  const [first] = keyrings;
  if (first !== undefined && keyrings.length === 1) return first;
  const parts = keyrings.flatMap((one) => one.parts);
  return { name: keyrings.map((one) => one.name).join(", "), parts, digest: framedDigest(parts) };
}

/** The keys of a keyring. Throws `DEBIAN_SIGNATURE`. */
export async function readKeys(keyring: Keyring, openpgp: typeof openpgpModule): Promise<Key[]> {
  const keys: Key[] = [];
  try {
    for (const part of keyring.parts) {
      const text = Buffer.from(part).toString("latin1");
      const blocks = text.includes("-----BEGIN PGP") ? (text.match(ARMORED_BLOCK) ?? []) : undefined;
      if (blocks === undefined) keys.push(...(await openpgp.readKeys({ binaryKeys: part })));
      for (const block of blocks ?? []) keys.push(...(await openpgp.readKeys({ armoredKeys: block })));
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause);
    throw signatureError(keyring.name, `it is no keyring that can be read: ${why}`, {
      cause,
      hint: "Give a file of public OpenPGP keys, binary (.gpg, .pgp) or armored (.asc)",
    });
  }
  if (keys.length === 0) throw signatureError(keyring.name, "the keyring has no public key");
  return keys;
}

async function read(place: FilePlace): Promise<Buffer> {
  const { path } = place;
  const hint = path === DEFAULT_KEYRING || path === NEWER_KEYRING ? INSTALL_HINT : "Check the path of the keyring";
  const found = await readNamedFile(place, { maxBytes: MAX_KEYRING_BYTES });
  if ("problem" in found)
    throw signatureError(path, found.isMissing ? "there is no such keyring" : `the keyring cannot be read: ${found.problem}`, { hint });
  if (found.bytes.toString("latin1", 8, 12) === "KBXf")
    throw signatureError(path, "it is a keybox of GnuPG; wanted exported keys", {
      hint: `Run: gpg --no-default-keyring --keyring ${path} --export > keys.gpg`,
    });
  return found.bytes;
}
