/** SBOMs of builds, kept by the layers that they are about: a build that changes nothing reads no package again. */
import { type Digest, framedDigest, isDigest } from "../digest.ts";
import type { SbomSubject } from "../sbom/index.ts";
import type { Store } from "../store/index.ts";
import type { LayerSource } from "../tree/index.ts";
import { VERSION } from "../version.ts";

/** What decides a document, besides the code. */
export interface SbomIdentity {
  readonly subject: SbomSubject;
  readonly files: boolean;
  readonly layers: readonly LayerSource[];
}

/** Raised when the same image gives another document within one version. */
const FORMAT = "1";
const SPACE = "sbom";
const MAX_BYTES = 64 * 1024 * 1024;

/** The document that was made for the same before, else what `make` gives; documents larger than 64 MiB are made anew each time. */
export async function keptSbom(store: Store, { subject, files, layers }: SbomIdentity, make: () => Promise<unknown>): Promise<unknown> {
  const id = framedDigest([FORMAT, VERSION, JSON.stringify([subject, files]), ...layers.map(({ key }) => key)]);
  const known = store.records.get(SPACE, id);
  const kept = typeof known === "string" && isDigest(known) ? await documentOf(store, known) : undefined;
  if (kept !== undefined) return kept;
  const made = await make();
  const bytes = Buffer.from(JSON.stringify(made), "utf8");
  if (bytes.byteLength > MAX_BYTES) return made;
  const { digest } = await store.blobs.put(bytes);
  store.records.put(SPACE, id, digest, [{ kind: "blob", id: digest }]);
  return made;
}

async function documentOf(store: Store, digest: Digest): Promise<unknown> {
  if (store.blobs.size(digest) === undefined) return undefined;
  const parsed: unknown = JSON.parse((await store.blobs.read(digest, MAX_BYTES)).toString("utf8"));
  return parsed;
}
