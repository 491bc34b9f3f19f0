/** The result of a build elsewhere as layers of our store: those of its bases stay as they are here, and the new ones are checked by their digests. */
import { collect } from "../../bytes.ts";
import { isDigest, verified } from "../../digest.ts";
import { DecantError } from "../../errors.ts";
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, parseImageConfig, parseManifestOrIndex, type Descriptor } from "../../oci/index.ts";
import type { SecretGuard } from "../../secrets/index.ts";
import type { Store } from "../../store/index.ts";
import { findLayer, importLayerBlob, type LayerSource, layerSource } from "../../tree/index.ts";
import type { ReceivedBlobs } from "./received-blobs.ts";

/** What is fetched. */
interface FetchOptions {
  readonly store: Store;
  readonly received: ReceivedBlobs;
  /** The manifest that the builder has told. */
  readonly digest: string;
  /** Layers of bases, which are here or with their registries. */
  readonly known: readonly LayerSource[];
  /** When layers were made, where the builder does not say: in milliseconds. */
  readonly nowMs: number;
  readonly guard: SecretGuard | undefined;
  readonly signal: AbortSignal;
}

/** Imports them. Throws `BLOB_*`, `MANIFEST`, what no layer can be, and `SECRET_IN_IMAGE`. */
export async function fetchedLayers({
  store,
  received,
  digest,
  known,
  nowMs,
  guard,
  signal,
}: FetchOptions): Promise<readonly LayerSource[]> {
  const read = async (descriptor: Pick<Descriptor, "digest" | "size">, maxBytes: number): Promise<Buffer> =>
    await collect(verified(received.open(descriptor.digest), descriptor), maxBytes, "a document of the builder");
  if (!isDigest(digest)) throw notSent("the image");
  const size = received.sizeOf(digest);
  if (size === undefined) throw notSent("the image");
  const parsed = parseManifestOrIndex(await read({ digest, size }, MAX_MANIFEST_BYTES), undefined);
  if (parsed.kind === "index")
    throw new DecantError("MANIFEST", "Cannot take the result of the builder: it is an index of images, and no image");
  const { config: configDescriptor, layers } = parsed.manifest;
  const { history = [], rootfs } = parseImageConfig(await read(configDescriptor, MAX_CONFIG_BYTES));
  if (rootfs.diff_ids.length !== layers.length)
    throw new DecantError("MANIFEST", "Cannot take the result of the builder: its image has other numbers of layers and of diffIds");
  const times = history.filter(({ empty_layer: isEmpty }) => isEmpty !== true).map(({ created }) => created);
  const byDiffId = new Map(known.map((layer) => [layer.diffId, layer]));
  const found: LayerSource[] = [];
  for (const [at, descriptor] of layers.entries()) {
    const diffId = rootfs.diff_ids[at];
    const base = diffId === undefined ? undefined : byDiffId.get(diffId);
    if (diffId === undefined || base !== undefined) {
      if (base !== undefined) found.push(base);
      continue;
    }
    const here = findLayer(store, diffId);
    if (here === undefined && received.sizeOf(descriptor.digest) === undefined) throw notSent(`layer ${descriptor.digest}`);
    const layer = here ?? (await importLayerBlob(store, { descriptor, diffId, open: () => received.open(descriptor.digest) }, { signal }));
    await guard?.checkLayer(layer, signal);
    found.push({ ...layerSource(layer), created: times[at] ?? new Date(nowMs).toISOString() });
  }
  return found;
}

function notSent(what: string): DecantError {
  return new DecantError("BLOB_MISSING", `Cannot take the result of the builder: it did not send ${what}`);
}
