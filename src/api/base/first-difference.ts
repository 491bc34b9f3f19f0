/** The first thing in which two images differ, in words. Bytes that tools would see as different are; how layers are compressed is not. */
import { valueDifference } from "../../value-difference.ts";
import type { ImageConfig } from "../../oci/index.ts";
import { displayPath } from "../../paths.ts";
import { type Entry, type Layer, pairedEntries } from "../../tree/index.ts";

/** An image that is compared. */
export interface ComparedImage {
  readonly config: ImageConfig;
  /** Bottom first. */
  readonly layers: readonly Layer[];
}

/** undefined: the same. `found` is what is there, `wanted` what the lock gives. */
export function firstDifference(found: ComparedImage, wanted: ComparedImage): string | undefined {
  const ids = found.config.rootfs.diff_ids;
  for (const [at, id] of wanted.config.rootfs.diff_ids.entries()) {
    if (ids[at] === id) continue;
    const [one, other] = [found.layers[at], wanted.layers[at]];
    if (one === undefined || other === undefined) return `layer ${at + 1} is missing; wanted ${id}`;
    return `layer ${at + 1}, ${layerDifference(one, other) ?? "the same files in another tar"}`;
  }
  if (ids.length > wanted.config.rootfs.diff_ids.length)
    return `layer ${wanted.config.rootfs.diff_ids.length + 1} is one too many; wanted ${wanted.config.rootfs.diff_ids.length}`;
  return valueDifference("configuration", found.config, wanted.config);
}

function layerDifference({ index: found }: Layer, { index: wanted }: Layer): string | undefined {
  for (const [entry, other] of pairedEntries(wanted, found)) {
    if (entry === undefined) return `${displayPath(other.path)}: it is not wanted`;
    const difference = other === undefined ? "it is missing" : entryDifference(other, entry);
    if (difference !== undefined) return `${displayPath(entry.path)}: ${difference}`;
  }
  return undefined;
}

function entryDifference(found: Entry, wanted: Entry): string | undefined {
  const facts = (entry: Entry): Readonly<Record<string, string>> => ({
    kind: entry.kind,
    mode: entry.mode.toString(8).padStart(4, "0"),
    owner: `${entry.uid}:${entry.gid}`,
    size: String(entry.size),
    time: String(entry.mtimeSec),
    link: entry.link ?? "",
    content: found.digest === undefined || wanted.digest === undefined ? "" : (entry.digest ?? ""),
  });
  const [one, other] = [facts(found), facts(wanted)];
  const name = Object.keys(other).find((key) => one[key] !== other[key]);
  return name === undefined ? undefined : `${name} ${one[name] ?? ""}; wanted ${other[name] ?? ""}`;
}
