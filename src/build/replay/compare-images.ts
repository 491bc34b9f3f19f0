/** Where an image and what its provenance gave differ first: files before their times, then the configuration, then the manifest. */
import type { HistoryEntry } from "../../oci/index.ts";
import { instructionOf, type OpenedImage } from "../../image/index.ts";
import { valueDifference } from "../../value-difference.ts";
import { causeOf } from "../reproducible/causes.ts";
import { firstDifference, IMAGE_AND_REPLAY } from "../reproducible/first-difference.ts";
import type { ReplayDifference } from "./types.ts";

/** Undefined where the digests of the manifests are the same. */
export async function compareImages(image: OpenedImage, replay: OpenedImage, signal: AbortSignal): Promise<ReplayDifference | undefined> {
  if (image.descriptor.digest === replay.descriptor.digest) return undefined;
  const count = image.layers.length;
  if (count !== replay.layers.length) return { what: `the image has ${count} layers and the replay ${replay.layers.length}` };
  const [ids, others] = [image.config.rootfs.diff_ids, replay.config.rootfs.diff_ids];
  // What has the same digest need not be looked at.
  const differing = ids.flatMap((id, at) => (id === others[at] ? [] : [at]));
  const one = differing.flatMap((at) => image.layers.slice(at, at + 1));
  const other = differing.flatMap((at) => replay.layers.slice(at, at + 1));
  const own = one.map((layer) => ({ ...layer, created: layer.created ?? "" }));
  const found = await firstDifference(own, other, { ignoresTimes: false, signal, names: IMAGE_AND_REPLAY });
  if (found !== undefined) {
    const layer = differing[found.layer] ?? found.layer;
    const by = madeBy(replay.config.history ?? [], layer);
    return { what: `"${found.path ?? "/"}" in layer ${layer + 1}${by}: ${found.what}`, ...causeOf(found) };
  }
  if (differing[0] !== undefined) return { what: `layer ${differing[0] + 1} has the same files in another tar: another version made it` };
  const config = valueDifference("configuration", image.config, replay.config);
  if (config !== undefined) return { what: `the ${config.replace("; wanted ", " in the image, and ")} in the replay` };
  const manifest = valueDifference("manifest", image.manifest, replay.manifest);
  return { what: `all files and the configuration are the same; ${manifest ?? "the manifests are written in another way"} in the replay` };
}

function madeBy(history: readonly HistoryEntry[], layer: number): string {
  const made = history.filter((entry) => entry.empty_layer !== true)[layer]?.created_by;
  return made === undefined ? "" : ` of ${instructionOf(made)}`;
}
