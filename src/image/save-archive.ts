/** `decant save`: images of the store or elsewhere into one archive, as they are there: digests and attestations stay. */
import { usageError } from "../errors.ts";
import { type Descriptor, formatReference, parseReference, type Platform } from "../oci/index.ts";
import { AT_ONCE, pool } from "../async.ts";
import type { Store } from "../store/index.ts";
import { bringImage, type BroughtImage, broughtReferrers, type ImageSource } from "./bring-image.ts";
import { type ImageContent, storedContent } from "./content.ts";
import { warnOfReferrers } from "./copy-referrers.ts";
import { writeImageArchive } from "./exporters/layout-archive.ts";
import type { NamedContent } from "./exporters/layout.ts";
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
  images: readonly ImageSource[],
  dest: string,
  options: SaveOptions,
): Promise<{ readonly images: readonly SavedImage[]; readonly path?: string }> {
  if (images.length === 0) throw usageError("Cannot save images: none was named");
  const items = new Map<string, { readonly content: ImageContent; readonly brought: BroughtImage; readonly names: string[] }>();
  for (const source of images.flatMap((image) => tagsOf(ctx.store, image))) {
    const brought = await bringImage(ctx, source, options.platform);
    const content = await contentFor(ctx, source.kind, brought, options);
    const item = items.get(content.descriptor.digest) ?? { content, brought, names: [] };
    items.set(content.descriptor.digest, item);
    const { name } = brought;
    if (name !== undefined && parseReference(name).digest === undefined && !item.names.includes(name)) item.names.push(name);
  }
  const saved: readonly NamedContent[] = [...items.values()];
  const found: NamedContent[] = [];
  for (const { brought, content } of items.values())
    for (const referrer of await broughtReferrers(ctx, brought, content)) found.push({ content: referrer.content, names: [] });
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
function tagsOf(store: Store, source: ImageSource): readonly ImageSource[] {
  if (source.kind !== "store") return [source];
  const { tag, digest, ...repository } = parseReferenceOrId(source.name) ?? { tag: "" };
  if (tag !== undefined || digest !== undefined || !("registry" in repository)) return [source];
  const prefix = `${formatReference(repository)}:`;
  const names = store.images.list().flatMap(({ name }) => (name.startsWith(prefix) ? [name] : []));
  return names.length === 0 ? [source] : names.toSorted().map((name) => ({ kind: "store", name }));
}

function parseReferenceOrId(text: string): ReturnType<typeof parseReference> | undefined {
  try {
    return parseReference(text, { defaultTag: null });
  } catch {
    // An ID: findImage takes it, or says what is wrong with it.
    return undefined;
  }
}

async function contentFor(
  ctx: ExportContext,
  name: string,
  { top, platform: only, from }: BroughtImage,
  { platform, host }: SaveOptions,
): Promise<ImageContent> {
  if (platform === undefined && only === undefined) return await storedContent(ctx, top, from);
  const { descriptor } = await loadFound(ctx.store, name, { top, platform: only }, platform ?? host);
  return await storedContent(ctx, descriptor, from);
}
