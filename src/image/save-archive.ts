/** `decant save`: images of the store into one archive, as they are there: digests and attestations stay. */
import { usageError } from "../errors.ts";
import { type Descriptor, formatReference, parseReference, type Platform } from "../oci/index.ts";
import { AT_ONCE, pool } from "../async.ts";
import type { Store } from "../store/index.ts";
import { type ImageContent, storedContent } from "./content.ts";
import { referrersOf, warnOfReferrers } from "./copy-referrers.ts";
import { writeImageArchive } from "./exporters/layout-archive.ts";
import type { NamedContent } from "./exporters/layout.ts";
import { findImage } from "./find-image.ts";
import { loadFound } from "./load-image.ts";
import type { ExportContext } from "./types.ts";

/** How an archive is written. */
interface SaveOptions {
  /** "docker": an OCI layout with docker's manifest.json, which all tools read. "oci": without. */
  readonly format: "docker" | "oci";
  /** Only this platform of images for several. Default: all that the store has. */
  readonly platform?: Platform | undefined;
  readonly host: Platform;
}

/** What was saved. */
export interface SavedImage {
  readonly descriptor: Descriptor;
  /** Canonical texts; none for an image that was named by its ID. */
  readonly names: readonly string[];
}

/**
 * Writes `images` to the file `dest`, or to `ctx.stdout` for "-". A name without a tag stands for all of its tags, as for docker. Throws
 * `IMAGE_NOT_FOUND`, `USAGE`, `BLOB_MISSING`, `EXPORT`.
 */
export async function saveArchive(
  ctx: ExportContext,
  images: readonly string[],
  dest: string,
  options: SaveOptions,
): Promise<{ readonly images: readonly SavedImage[]; readonly path?: string }> {
  if (images.length === 0) throw usageError("Cannot save images: none was named");
  const items = new Map<string, { readonly content: ImageContent; readonly names: string[] }>();
  for (const text of images.flatMap((image) => tagsOf(ctx.store, image))) {
    const found = await findImage(ctx.store, text);
    const content = await contentFor(ctx, text, options);
    const item = items.get(content.descriptor.digest) ?? { content, names: [] };
    items.set(content.descriptor.digest, item);
    if (found.name !== undefined && parseReference(found.name).digest === undefined && !item.names.includes(found.name))
      item.names.push(found.name);
  }
  const saved: readonly NamedContent[] = [...items.values()];
  const found: NamedContent[] = [];
  for (const { content } of saved)
    for (const referrer of await referrersOf(ctx, content, undefined)) found.push({ content: referrer.content, names: [] });
  const referrers = options.format === "docker" ? [] : found;
  if (options.format === "docker") warnOfReferrers(ctx, found.length, dest);
  await pool(
    AT_ONCE,
    [...saved, ...referrers].flatMap(({ content }) => content.layers),
    (layer, signal) => layer.ensure(signal),
    ctx.signal,
  );
  const docker = options.format === "docker" ? { platform: options.platform ?? options.host } : undefined;
  const written = await writeImageArchive(ctx, dest, [...saved, ...referrers], docker);
  return { images: saved.map(({ content, names }) => ({ descriptor: content.descriptor, names })), ...written };
}

/** All tags of a name that has none; what is no such name stays as it is. */
function tagsOf(store: Store, text: string): readonly string[] {
  const { tag, digest, ...repository } = parseReferenceOrId(text) ?? { tag: "" };
  if (tag !== undefined || digest !== undefined || !("registry" in repository)) return [text];
  const prefix = `${formatReference(repository)}:`;
  const names = store.images.list().flatMap(({ name }) => (name.startsWith(prefix) ? [name] : []));
  return names.length === 0 ? [text] : names.toSorted();
}

function parseReferenceOrId(text: string): ReturnType<typeof parseReference> | undefined {
  try {
    return parseReference(text, { defaultTag: null });
  } catch {
    // An ID: findImage takes it, or says what is wrong with it.
    return undefined;
  }
}

async function contentFor(ctx: ExportContext, text: string, { platform, host }: SaveOptions): Promise<ImageContent> {
  const found = await findImage(ctx.store, text);
  if (platform === undefined && found.platform === undefined) return await storedContent(ctx, found.top);
  const { descriptor } = await loadFound(ctx.store, text, found, platform ?? host);
  return await storedContent(ctx, descriptor);
}
