/** SBOMs of builds, kept by the layers that they are about: a build that changes nothing reads no package again. */
import * as v from "valibot";
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
const FORMAT = "2";
const SPACE = "sbom";
const MAX_BYTES = 64 * 1024 * 1024;

/** A document, and what is missing from it, a line each. */
export interface MadeSbom {
  readonly document: unknown;
  readonly unread: readonly string[];
}

const keptSchema = v.object({ document: v.unknown(), unread: v.array(v.string()) });

/** What was made for the same before, else what `make` gives; documents larger than 64 MiB are made anew each time. */
export async function keptSbom(store: Store, { subject, files, layers }: SbomIdentity, make: () => Promise<MadeSbom>): Promise<MadeSbom> {
  const id = framedDigest([FORMAT, VERSION, JSON.stringify([subject, files]), ...layers.map(({ key }) => key)]);
  const known = store.records.get(SPACE, id);
  const kept = typeof known === "string" && isDigest(known) ? await readKept(store, known) : undefined;
  if (kept !== undefined) return kept;
  const made = await make();
  const bytes = Buffer.from(JSON.stringify(made), "utf8");
  if (bytes.byteLength > MAX_BYTES) return made;
  const { digest } = await store.blobs.put(bytes);
  store.records.put(SPACE, id, digest, [{ kind: "blob", id: digest }]);
  return made;
}

async function readKept(store: Store, digest: Digest): Promise<MadeSbom | undefined> {
  if (store.blobs.size(digest) === undefined) return undefined;
  const parsed = v.safeParse(keptSchema, JSON.parse((await store.blobs.read(digest, MAX_BYTES)).toString("utf8")));
  return parsed.success ? parsed.output : undefined;
}
