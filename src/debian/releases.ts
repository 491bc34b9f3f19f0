/**
 * The release file of a source as it is now: fetched or taken from the store, its signature verified, its dates checked. The store remembers
 * the newest file of each source, so that a mirror cannot roll an archive back, and the verdict on each (file, keyring), so that a
 * file is verified once.
 */
import * as v from "valibot";
import { collect } from "../bytes.ts";
import { framedDigest, isDigest, type Digest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { type ArchiveContext, offlineError } from "./context.ts";
import { download } from "./http.ts";
import type { Keyring } from "./keyring.ts";
import { checkRelease, parseRelease, type Release } from "./release.ts";
import { type SignedText, type Signer, verifyDetached, verifyInline, type VerifyOptions } from "./signature.ts";
import { type ArchiveSource, isFlat, suiteUrl } from "./sources.ts";

/** A release that may be used. */
export interface CurrentRelease {
  readonly source: ArchiveSource;
  readonly release: Release;
  /** Of the InRelease file. */
  readonly digest: Digest;
  readonly signers: readonly Signer[];
}

const MAX_RELEASE_BYTES = 16 * 1024 * 1024;
const SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE = "-----BEGIN PGP SIGNATURE-----";
const NEWEST = "debian-inrelease";
const VERDICTS = "debian-verdict";

const digestSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const newestSchema = v.object({ digest: digestSchema, date: v.number(), fetchedAt: v.number() });
const verdictSchema = v.object({
  text: digestSchema,
  signers: v.array(v.object({ fingerprint: v.string(), userId: v.string(), signedAt: v.number(), keyExpiresAt: v.nullable(v.number()) })),
});
type Newest = v.InferOutput<typeof newestSchema>;
type Verdict = v.InferOutput<typeof verdictSchema>;

/** Throws `DEBIAN_ARCHIVE`, `DEBIAN_SIGNATURE`, `DEBIAN_EXPIRED`. */
export async function currentRelease(context: ArchiveContext, source: ArchiveSource): Promise<CurrentRelease> {
  const url = suiteUrl(source, "InRelease");
  const now = context.now();
  const known = newest(context, url);
  const ageMs = known === undefined ? Number.NaN : now.getTime() - known.fetchedAt;
  // What an archive was at a time does not change.
  const isFresh = source.asOf !== undefined || (ageMs >= 0 && ageMs < context.maxAgeMs);
  if (known !== undefined && (context.offline || isFresh)) return await open(context, source, known.digest);
  if (context.offline) throw offlineError(url);
  // Two processes that start together must not write each other's older date.
  await using _lock = await context.store.locks.acquire(`debian-release-${framedDigest([url])}`, { signal: context.signal });
  const { digest } = await context.store.blobs.put(await fetchSigned(context, source));
  const fetched = await open(context, source, digest);
  const date = fetched.release.date.getTime();
  const before = newest(context, url);
  if (before !== undefined && before.date > date) {
    context.emit({
      type: "warning",
      code: "DebianMirrorIsBehind",
      message: `${url} is of ${fetched.release.date.toISOString()}, older than the release of ${new Date(before.date).toISOString()} that was seen before; the newer one is used`,
    });
    return await open(context, source, before.digest);
  }
  context.store.records.put(NEWEST, url, { digest, date, fetchedAt: now.getTime() } satisfies Newest, [{ kind: "blob", id: digest }]);
  return fetched;
}

/** InRelease; of an archive that has none, Release with the signature of Release.gpg after it. */
async function fetchSigned(context: ArchiveContext, source: ArchiveSource): Promise<Buffer> {
  const get = (name: string): Promise<Buffer> => {
    const url = suiteUrl(source, name);
    return download(url, (body) => collect(body, MAX_RELEASE_BYTES, url), context.http);
  };
  try {
    return await get("InRelease");
  } catch (error) {
    if (!isMissing(error)) throw error;
    const detached = await get("Release.gpg").catch((second: unknown) => {
      throw isMissing(second) ? error : second;
    });
    return Buffer.concat([await get("Release"), Buffer.from("\n"), detached]);
  }
}

function isMissing(error: unknown): boolean {
  return isDecantError(error, "DEBIAN_ARCHIVE") && error.details["status"] === 404;
}

function newest({ store }: ArchiveContext, url: string): Newest | undefined {
  const parsed = v.safeParse(newestSchema, store.records.get(NEWEST, url));
  return parsed.success && store.blobs.size(parsed.output.digest) !== undefined ? parsed.output : undefined;
}

async function open(context: ArchiveContext, source: ArchiveSource, digest: Digest): Promise<CurrentRelease> {
  const name = suiteUrl(source, "InRelease");
  const now = source.asOf === undefined ? context.now() : new Date(source.asOf);
  const { text, signers } = await signedText(context, { name, digest, now, keyring: source.keyring ?? (await context.keyring()) });
  const release = parseRelease(text, name);
  checkRelease(release, name, { ...(isFlat(source) ? {} : { suite: source.suite }), now, acceptExpired: context.acceptExpired });
  return { source, release, digest, signers };
}

/** The signed part, by the verdict of before while a key of it is still valid, else verified now. */
async function signedText(
  { store, acceptExpired }: ArchiveContext,
  file: { readonly name: string; readonly digest: Digest; readonly now: Date; readonly keyring: Keyring },
): Promise<SignedText> {
  const { name, digest, now, keyring } = file;
  const id = framedDigest(["1", digest, keyring.digest]);
  const known = v.safeParse(verdictSchema, store.records.get(VERDICTS, id));
  if (known.success && store.blobs.size(known.output.text) !== undefined) {
    const valid = known.output.signers.filter((signer) => signer.keyExpiresAt === null || signer.keyExpiresAt > now.getTime());
    if (valid.length > 0 && known.output.signers.every((signer) => signer.signedAt <= now.getTime()))
      return { text: (await store.blobs.read(known.output.text, MAX_RELEASE_BYTES)).toString("utf8"), signers: valid };
  }
  const signed = await verify(await store.blobs.read(digest, 3 * MAX_RELEASE_BYTES), keyring, { name, now, acceptExpired });
  const { digest: textDigest } = await store.blobs.put(signed.text);
  // A verdict that leaned on `acceptExpired` holds only expired keys, so a stricter caller does not get it.
  const verdict: Verdict = { text: textDigest, signers: [...signed.signers] };
  store.records.put(VERDICTS, id, verdict, [
    { kind: "blob", id: textDigest },
    { kind: "blob", id: digest },
  ]);
  return signed;
}

async function verify(bytes: Buffer, keyring: Keyring, options: VerifyOptions): Promise<SignedText> {
  const at = bytes.lastIndexOf(`\n${SIGNATURE}`);
  if (bytes.toString("latin1", 0, SIGNED.length) === SIGNED || at < 0) return await verifyInline(bytes.toString("utf8"), keyring, options);
  return await verifyDetached(bytes.subarray(0, at), bytes.toString("latin1", at + 1), keyring, options);
}
