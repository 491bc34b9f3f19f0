/**
 * Signatures and other referrers that the store keeps with an image: a record for each digest that something is about. Names hold the record of
 * what they stand for, and so its blobs, also when it is written after the name.
 */
import * as v from "valibot";
import { type Digest, isDigest } from "../digest.ts";
import { given } from "../given.ts";
import type { Descriptor } from "../oci/index.ts";
import type { Ref, Store } from "../store/index.ts";
import { contentDigests, type ImageContent } from "./content.ts";

const SPACE = "image.referrers";

const digestSchema = v.custom<Digest>((value) => typeof value === "string" && isDigest(value));
const entrySchema = v.object({
  mediaType: v.string(),
  digest: digestSchema,
  size: v.number(),
  artifactType: v.optional(v.string()),
  annotations: v.optional(v.record(v.string(), v.string())),
  blobs: v.array(digestSchema),
});
const recordSchema = v.object({ referrers: v.array(entrySchema), forms: v.array(digestSchema) });
type Kept = v.InferOutput<typeof recordSchema>;

/** What a name of the image `digest` holds: its referrers, now or later. */
export function referrersRef(digest: Digest): Ref {
  return { kind: "record", space: SPACE, id: digest };
}

/** The manifests whose subject is `subject`, oldest first. */
export function storedReferrers(store: Store, subject: Digest): readonly Descriptor[] {
  return keptOf(store, subject).referrers.map(({ mediaType, digest, size, artifactType, annotations }) => ({
    mediaType,
    digest,
    size,
    ...given({ artifactType, annotations }),
  }));
}

/** The digests whose signatures count for the image `digest`: its own comes first. */
export function signedForms(store: Store, digest: Digest): readonly Digest[] {
  return [digest, ...keptOf(store, digest).forms];
}

/**
 * Keeps a referrer, whose blobs are in the store, for as long as a name stands for `top`. `subject` is `top`, or another form of it, as a push
 * sends it.
 */
export function keepReferrer(
  store: Store,
  { top, subject }: { readonly top: Descriptor; readonly subject: Digest },
  content: ImageContent,
): void {
  const { mediaType, digest, size } = content.descriptor;
  const about = content.manifests.at(-1);
  const parsed = v.safeParse(
    v.object({ artifactType: v.optional(v.string()), annotations: v.optional(v.record(v.string(), v.string())) }),
    about === undefined ? {} : JSON.parse(about.bytes.toString("utf8")),
  );
  const entry = { mediaType, digest, size, ...(parsed.success ? parsed.output : {}), blobs: contentDigests(content) };
  store.records.batch(() => {
    const known = keptOf(store, subject);
    put(store, subject, { ...known, referrers: [...known.referrers.filter((one) => one.digest !== digest), entry] });
    keepForm(store, top, subject);
  });
}

/** Notes that a signature of `form` is one of `top`: an index that has it, or what a push makes of it. */
export function keepForm(store: Store, top: Descriptor, form: Digest): void {
  store.records.batch(() => {
    if (form !== top.digest) {
      const ofTop = keptOf(store, top.digest);
      put(store, top.digest, { ...ofTop, forms: [...new Set([...ofTop.forms, form])] });
    }
    for (const named of store.images.list()) {
      const refs = store.images.refs(named.name);
      const isHeld = refs.some((ref) => ref.kind === "record" && ref.space === SPACE && ref.id === top.digest);
      const { name, mediaType: type, size: bytes } = named;
      if (named.digest === top.digest && !isHeld)
        store.images.set({ name, digest: top.digest, mediaType: type, size: bytes }, [...refs, referrersRef(top.digest)]);
    }
  });
}

function put(store: Store, subject: Digest, kept: Kept): void {
  const refs: Ref[] = [
    ...kept.referrers.flatMap(({ blobs }) => blobs.map((id): Ref => ({ kind: "blob", id }))),
    ...kept.forms.map(referrersRef),
  ];
  store.records.put(SPACE, subject, kept, refs);
}

function keptOf(store: Store, subject: Digest): Kept {
  const parsed = v.safeParse(recordSchema, store.records.get(SPACE, subject));
  return parsed.success ? parsed.output : { referrers: [], forms: [] };
}
