/** What tags stood for when their registry was asked the last time: for builds while it cannot be reached, as BuildKit has it. */
import * as v from "valibot";
import { type Digest, isDigest } from "../digest.ts";
import { type DecantError, isDecantError } from "../errors.ts";
import { type Descriptor, formatReference, type Reference } from "../oci/index.ts";
import type { Store } from "../store/index.ts";

const SPACE = "image.tag";

const schema = v.object({
  mediaType: v.string(),
  digest: v.custom<Digest>((value) => typeof value === "string" && isDigest(value)),
  size: v.number(),
});

/** What the store remembers of `reference`; undefined when it was never looked up. */
export function knownTag(store: Store, reference: Reference): Descriptor | undefined {
  const found = v.safeParse(schema, store.records.get(SPACE, formatReference(reference)));
  return found.success ? found.output : undefined;
}

/** Remembers it. Writes only what is new. */
export function noteTag(store: Store, reference: Reference, { mediaType, digest, size }: Descriptor): void {
  const known = knownTag(store, reference);
  if (known?.digest !== digest) store.records.put(SPACE, formatReference(reference), { mediaType, digest, size });
}

/** The registry did not get to say what it has: nobody answers, or it is too busy. A refusal, or an image that is not there, is an answer. */
export function isOutOfReach(error: unknown): error is DecantError {
  if (!isDecantError(error)) return false;
  return error.code === "REGISTRY_UNREACHABLE" || error.code === "REGISTRY_RATE_LIMIT" || error.details["transient"] === true;
}

/** Every name that was looked up. */
export function taggedNames(store: Store): string[] {
  return store.records.ids(SPACE);
}
