/** Where the bytes of a subject are: by layer and what brought it, by package; what is there twice, and what nobody can see. */
import type { Inventory } from "../sbom/index.ts";
import type { SubjectFiles } from "./files.ts";
import { type Duplicates, findDuplicates } from "./size/duplicates.ts";
import { type LayerSizes, layerSizes } from "./size/layer-sizes.ts";
import { type PackageSizes, packageSizes } from "./size/package-sizes.ts";
import type { AuditLayer, AuditSubject } from "./types.ts";

/** Bytes that came from one stage, image or the build context. */
interface SourceSize {
  /** "stage build", "base image" … */
  readonly from: string;
  readonly bytes: number;
}

/** The whole picture. All numbers are of uncompressed files. */
export interface SizeReport extends LayerSizes, PackageSizes {
  readonly files: number;
  /** Bytes of the files that can be seen, each hard-linked file once. */
  readonly bytes: number;
  readonly shadowedBytes: number;
  readonly duplicates: Duplicates;
  /** Largest first; empty for images that this build did not make. */
  readonly sources: readonly SourceSize[];
}

/** Sums all of it. */
export async function sizesOf(
  { layers, refused = new Set() }: AuditSubject,
  files: SubjectFiles,
  inventory: Inventory,
): Promise<SizeReport> {
  let count = 0;
  let bytes = 0;
  for (const entry of files.entries) {
    if (entry.kind !== "file") continue;
    count += 1;
    if (!files.isFurtherName(entry)) bytes += entry.size;
  }
  const byLayer = layerSizes(layers, files);
  return {
    files: count,
    bytes,
    ...byLayer,
    shadowedBytes: byLayer.layers.reduce((sum, layer) => sum + layer.shadowedBytes, 0),
    ...packageSizes(inventory, files),
    duplicates: await findDuplicates(files, refused),
    sources: sourceSizes(layers, byLayer),
  };
}

function sourceSizes(layers: readonly AuditLayer[], { layers: sizes }: LayerSizes): readonly SourceSize[] {
  if (!layers.some(({ instruction }) => instruction !== undefined)) return [];
  const sums = new Map<string, number>();
  for (const { layer, bytes } of sizes) {
    const from = originOf(layers[layer]);
    sums.set(from, (sums.get(from) ?? 0) + bytes);
  }
  return [...sums].map(([from, bytes]) => ({ from, bytes })).sort((a, b) => b.bytes - a.bytes);
}

function originOf(layer: AuditLayer | undefined): string {
  if (layer?.instruction === undefined) return "base image";
  return layer.copiedFrom ?? (/^run\b/i.test(layer.instruction) ? "RUN steps" : "this stage");
}
