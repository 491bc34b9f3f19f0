/** What `decant pull` keeps beside an image: its signatures and attestations, and the index that it came from, which may be what is signed. */
import { AT_ONCE, pool } from "../async.ts";
import type { Digest } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { type Descriptor, formatFamiliar, MAX_MANIFEST_BYTES, parseManifestOrIndex, type Reference } from "../oci/index.ts";
import { bringDocuments } from "./bring-documents.ts";
import { storedContent } from "./content.ts";
import { MAX_STATEMENT_BYTES } from "./statement.ts";
import { keepForm, keepReferrer } from "./store-referrers.ts";
import type { ImageContext } from "./types.ts";

/** More are left out: anybody who may push can add some. */
const MAX_REFERRERS = 100;

/**
 * Keeps them with the names of `named`, which the store has for `image`, a manifest; `top` is what its registry has under the name. What cannot be kept is a
 * warning.
 */
export async function pullReferrers(
  ctx: ImageContext,
  reference: Reference,
  { image, named, top }: { readonly image: Descriptor; readonly named: Descriptor; readonly top: Digest },
): Promise<void> {
  for (const form of [top, image.digest]) if (form !== named.digest) keepForm(ctx.store, named, form);
  const left: string[] = [];
  for (const subject of new Set([top, image.digest])) {
    try {
      left.push(...(await pullSome(ctx, reference, named, subject)));
    } catch (error) {
      ctx.signal.throwIfAborted();
      const isOurs = isDecantError(error) && error.code !== "INTERNAL";
      if (!isOurs) throw error;
      left.push(error.message);
    }
  }
  if (left.length > 0)
    ctx.emit({
      type: "warning",
      code: "SignaturesLeft",
      message: `Signatures or attestations of "${formatFamiliar(reference)}" stay behind: ${left.join("; ")}`,
    });
}

async function pullSome(ctx: ImageContext, reference: Reference, image: Descriptor, subject: Digest): Promise<string[]> {
  const { store, signal } = ctx;
  const client = await ctx.registry();
  const found = await client.referrers(reference, subject, { signal }).catch((error: unknown) => {
    if (isDecantError(error, "IMAGE_NOT_FOUND")) return [];
    throw error;
  });
  const left: string[] = found.length > MAX_REFERRERS ? [`${found.length - MAX_REFERRERS} of ${found.length}`] : [];
  for (const referrer of found.slice(0, MAX_REFERRERS)) {
    await bringDocuments(ctx, reference, referrer);
    const content = await storedContent(ctx, referrer, reference);
    const size = content.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    const parsed = parseManifestOrIndex(await store.blobs.read(referrer.digest, MAX_MANIFEST_BYTES), referrer.mediaType);
    const about = (parsed.kind === "index" ? parsed.index : parsed.manifest).subject?.digest;
    if (about !== subject) continue;
    if (size > MAX_STATEMENT_BYTES) {
      left.push(`${referrer.digest} has ${size} bytes`);
      continue;
    }
    await pool(AT_ONCE, content.layers, (layer, stop) => layer.ensure(stop), signal);
    keepReferrer(store, { top: image, subject }, content);
  }
  return left;
}
