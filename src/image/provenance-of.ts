/** The provenance that goes with an image of the store. */
import type { Store } from "../store/index.ts";
import * as v from "valibot";
import { hexOf } from "../digest.ts";
import type { OpenedImage } from "./open-image.ts";
import { PROVENANCE_PREDICATES } from "./provenance.ts";
import { readStatements } from "./read-statements.ts";

/** What is said of how an image was built. */
interface FoundProvenance {
  readonly version: keyof typeof PROVENANCE_PREDICATES;
  readonly predicate: unknown;
}

const schema = v.looseObject({
  predicateType: v.string(),
  subject: v.optional(v.array(v.looseObject({ digest: v.record(v.string(), v.string()) })), []),
  predicate: v.unknown(),
});

/** The first provenance whose subject is the image; undefined where the store has none. Nobody vouches for it. Throws `BLOB_MISSING`, `MANIFEST`. */
export async function provenanceOf(
  store: Store,
  { descriptor, attestations }: Pick<OpenedImage, "descriptor" | "attestations">,
): Promise<FoundProvenance | undefined> {
  // A pull may leave them behind.
  const here = attestations.filter(({ digest }) => store.blobs.size(digest) !== undefined);
  for (const { bytes } of await readStatements(store, here)) {
    const parsed = v.safeParse(schema, jsonOf(bytes));
    if (!parsed.success) continue;
    const { predicateType, subject, predicate } = parsed.output;
    const isAbout = subject.some(({ digest }) => digest["sha256"] === hexOf(descriptor.digest));
    const version = (["v1", "v0.2"] as const).find((one) => PROVENANCE_PREDICATES[one] === predicateType);
    if (version !== undefined && isAbout) return { version, predicate };
  }
  return undefined;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
