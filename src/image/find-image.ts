/**
 * What people type for an image of the local store: a name, a name with a digest, the digest of a manifest or index, an image ID (the digest of a
 * configuration file), or the first digits of an ID or digest. Every command finds its images here. As docker: names come before short forms.
 */
import { AT_ONCE, pool } from "../async.ts";
import { type Digest, hexOf, isDigest } from "../digest.ts";
import { DecantError, isDecantError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import {
  type Descriptor,
  familiarName,
  formatReference,
  isAttestation,
  isImageConfig,
  MAX_MANIFEST_BYTES,
  parseManifestOrIndex,
  parseReference,
  type Platform,
} from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { similarImage } from "./similar-image.ts";
import { touchUntagged, untaggedImages } from "./name-image.ts";

/** An image of the store. */
export interface StoredImage {
  /** What its names stand for: a manifest, or an index that has it. */
  readonly top: Descriptor;
  /** Canonical texts, sorted; none for an untagged image. */
  readonly names: readonly string[];
  readonly manifest: Descriptor;
  /** The image ID: the digest of its configuration file. */
  readonly id: Digest;
  /** What its index says of it. */
  readonly platform?: Platform;
}

/** What a text stands for. */
export interface FoundImage {
  readonly top: Descriptor;
  /** The name that was typed; absent for an ID or a digest. */
  readonly name?: string;
  /** The names that the text stands for: the one that was typed, or all of an ID; of name@digest those of its repository. */
  readonly names: readonly string[];
  /** The image of an index that an ID or digest means. */
  readonly platform?: Platform;
  /** False for a manifest that is only a part of the cache. */
  readonly isImage: boolean;
}

/** What is shorter could be any word. */
const SHORT_ID = /^[0-9a-f]{4,64}$/;
const LONG_SHORT_ID = /^sha256:([0-9a-f]{4,64})$/;
const MAX_DEPTH = 4;
const MAX_TOLD = 4;

/** Can `text` only be an ID or a digest? No registry has such names. */
export function isImageId(text: string): boolean {
  return isDigest(text) || LONG_SHORT_ID.test(text) || /^[0-9a-f]{64}$/.test(text);
}

/** Finds the image that `text` stands for. Throws `IMAGE_NOT_FOUND`, `REFERENCE`, `USAGE` for a short form of several images, `STORE_CORRUPT`. */
export async function findImage(store: Store, text: string): Promise<FoundImage> {
  const full = fullDigest(text);
  const found = full === undefined ? ((await findNamed(store, text)) ?? (await findShort(store, text))) : await findDigest(store, full);
  if (found === undefined) throw imageNotFound(store, text);
  if (found.names.length === 0) touchUntagged(store, found.top.digest);
  return found;
}

/** Every image of the store, the named ones first. Images whose documents are gone are left out. */
export async function storedImages(store: Store, signal?: AbortSignal): Promise<StoredImage[]> {
  const tops = new Map<Digest, { readonly top: Descriptor; readonly names: string[] }>();
  for (const { name, mediaType, digest, size } of store.images.list()) {
    const known = tops.get(digest) ?? { top: { mediaType, digest, size }, names: [] };
    tops.set(digest, known);
    known.names.push(name);
  }
  for (const digest of untaggedImages(store)) {
    const size = store.blobs.size(digest);
    // Nobody tells the type: the document itself will.
    if (size !== undefined && !tops.has(digest)) tops.set(digest, { top: { mediaType: "", digest, size }, names: [] });
  }
  const found = await pool(AT_ONCE, tops.values(), ({ top, names }) => imagesUnder(store, { top, names }, top, MAX_DEPTH), signal);
  return found.flat();
}

/** Follows `at` to the manifests of images. */
async function imagesUnder(store: Store, known: Pick<StoredImage, "top" | "names">, at: Descriptor, depth: number): Promise<StoredImage[]> {
  const parsed = await readDocument(store, at);
  if (parsed === undefined) return [];
  if (parsed.kind === "manifest") {
    const { config } = parsed.manifest;
    if (!isImageConfig(config.mediaType)) return [];
    const { platform } = at;
    return [{ ...known, manifest: { ...at, mediaType: parsed.mediaType }, id: config.digest, ...given({ platform }) }];
  }
  const images: StoredImage[] = [];
  if (depth === 0) return images;
  for (const entry of parsed.index.manifests)
    if (!isAttestation(entry) && store.blobs.size(entry.digest) === entry.size)
      images.push(...(await imagesUnder(store, known, entry, depth - 1)));
  return images;
}

async function readDocument(store: Store, { digest, mediaType }: Descriptor): Promise<ReturnType<typeof parseManifestOrIndex> | undefined> {
  try {
    return parseManifestOrIndex(await store.blobs.read(digest, MAX_MANIFEST_BYTES), mediaType);
  } catch (error) {
    if (isDecantError(error, "BLOB_MISSING") || isDecantError(error, "BLOB_SIZE") || isDecantError(error, "MANIFEST")) return undefined;
    throw error;
  }
}

function fullDigest(text: string): Digest | undefined {
  if (isDigest(text)) return text;
  const prefixed = `sha256:${text}`;
  return isDigest(prefixed) ? prefixed : undefined;
}

async function findNamed(store: Store, text: string): Promise<FoundImage | undefined> {
  const reference = parseReference(text);
  const name = formatReference(reference);
  const named = store.images.get(name);
  if (named !== undefined) {
    const { mediaType, digest, size } = named;
    return { top: { mediaType, digest, size }, name, names: [name], isImage: true };
  }
  if (reference.digest === undefined) return undefined;
  const found = await findDigest(store, reference.digest);
  const isSibling = (other: string): boolean => familiarName(parseReference(other)) === familiarName(reference);
  return found === undefined ? undefined : { ...found, name, names: found.names.filter(isSibling) };
}

async function findDigest(store: Store, digest: Digest): Promise<FoundImage | undefined> {
  const named = store.images.list().filter((known) => known.digest === digest);
  const names = named.map(({ name }) => name);
  const [first] = named;
  if (first !== undefined) return { top: { mediaType: first.mediaType, digest, size: first.size }, names, isImage: true };
  const image = (await storedImages(store)).find(({ id, manifest, top }) => [top.digest, manifest.digest, id].includes(digest));
  if (image !== undefined) return foundOf(image);
  const size = store.blobs.size(digest);
  if (size === undefined) return undefined;
  const cached: Descriptor = { mediaType: "", digest, size };
  return (await readDocument(store, cached)) === undefined ? undefined : { top: cached, names: [], isImage: false };
}

function foundOf({ top, names, platform }: StoredImage): FoundImage {
  return { top, names, ...given({ platform }), isImage: true };
}

/** The first digits of an ID, or of the digest of a manifest or index. */
async function findShort(store: Store, text: string): Promise<FoundImage | undefined> {
  const digits = LONG_SHORT_ID.exec(text)?.[1] ?? SHORT_ID.exec(text)?.[0];
  if (digits === undefined) return undefined;
  const images = await storedImages(store);
  const fits = ({ id, manifest, top }: StoredImage): boolean =>
    [id, manifest.digest, top.digest].some((digest) => hexOf(digest).startsWith(digits));
  const byId = new Map(images.filter(fits).map((image) => [image.id, image]));
  const [first, second] = byId.values();
  if (first !== undefined && second !== undefined) throw ambiguous(text, [...byId.values()]);
  return first === undefined ? undefined : foundOf(first);
}

/** The error of an image that is not in the store. */
export function imageNotFound(store: Store, text: string): DecantError {
  const isId = isImageId(text) || SHORT_ID.test(text);
  const near = isId
    ? undefined
    : similarImage(
        text,
        store.images.list().map(({ name }) => name),
      );
  const pull = isId ? "" : `, or "decant pull ${text}" to get it from its registry`;
  if (/^(?:docker|store|oci|oci-archive|oci-layout|docker-archive):/.test(text))
    return new DecantError("IMAGE_NOT_FOUND", `Cannot find image "${text}" in the local store`, {
      hint: `Bring it into the store first: decant copy ${text} store:NAME`,
      details: { image: text },
    });
  const look = `Run "decant images" to see what is there${pull}`;
  return new DecantError("IMAGE_NOT_FOUND", `Cannot find image "${text}" in the local store`, {
    hint: near === undefined ? look : `Did you mean "${near}"? ${look}`,
    details: { image: text },
  });
}

function ambiguous(text: string, images: readonly StoredImage[]): DecantError {
  const told = images.slice(0, MAX_TOLD).map(({ id, names }) => `${id}${names[0] === undefined ? "" : ` (${names[0]})`}`);
  const more = images.length > MAX_TOLD ? ", …" : "";
  return usageError(`Cannot use image "${text}": ${images.length} images begin so: ${told.join(", ")}${more}`, "Give more digits");
}
