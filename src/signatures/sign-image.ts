/** `decant sign`: a signature beside an image, in its registry or in the store. */
import type { ImageContext } from "../image/index.ts";
import { keepReferrer, pushAt } from "../image/index.ts";
import { atDigest, type Descriptor, type Reference } from "../oci/index.ts";
import { signatureContent } from "./referrer.ts";
import type { Signer } from "./signer.ts";
import { type SignedAnnotations, signedStatement } from "./signed-statement.ts";

/** Where a signature goes. */
export type SignaturePlace =
  | { readonly kind: "registry"; readonly reference: Reference }
  /** Kept with the names of `top`; a push takes it along. */
  | { readonly kind: "store"; readonly top: Descriptor }
  /** Nowhere: the caller takes the bundle. */
  | { readonly kind: "nowhere" };

/** What is signed, and how. */
interface SignOptions {
  readonly signer: Signer;
  /** Of the manifest or index that is signed. */
  readonly subject: Descriptor;
  readonly place: SignaturePlace;
  readonly annotations?: SignedAnnotations | undefined;
  /** RFC 3339. */
  readonly created: string;
}

/** A signature that was made. */
export interface MadeSignature {
  /** What it is of. */
  readonly subject: Descriptor;
  /** Its manifest, where it is stored. */
  readonly signature?: Descriptor;
  readonly bundle: Buffer;
}

/** Signs. Throws `SIGNING`, and what registries throw. */
export async function signImage(ctx: ImageContext, options: SignOptions): Promise<MadeSignature> {
  const { signer, subject, place, annotations, created } = options;
  const bundle = await signer.sign(signedStatement(subject.digest, annotations), ctx.signal);
  if (place.kind === "nowhere") return { subject, bundle };
  const content = signatureContent(bundle, subject, created);
  if (place.kind === "registry") {
    await pushAt(ctx, await ctx.registry(), content, atDigest(place.reference, content.descriptor.digest));
  } else {
    for (const { bytes } of [...content.documents, ...content.manifests]) await ctx.store.blobs.put(bytes);
    keepReferrer(ctx.store, { top: place.top, subject: subject.digest }, content);
  }
  return { subject, bundle, signature: content.descriptor };
}
