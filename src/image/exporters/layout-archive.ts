/** type=oci: an OCI image layout (image-spec image-layout.md) as a tar, or as a directory that is brought up to date in place. */
import { type ArchiveEntry, writeArchive } from "../archive.ts";
import { finishedImages, identity, packImages } from "../finish.ts";
import { exportLayers, heldLayers } from "../layers.ts";
import { targetNames } from "../names.ts";
import { startProgress } from "../../transfer.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { writeDestination } from "./destination.ts";
import { OCI_LAYOUT_TEXT, blobEntries, dockerManifestText, foldersOf, indexEntries, indexText, sizeOfEntry } from "./layout.ts";
import { writeLayoutDirectory } from "./layout-directory.ts";

type ArchiveSpec = Extract<OutputSpec, { type: "oci" | "docker" }>;

/** Writes an OCI layout or a docker archive. Throws `EXPORT`, `REFERENCE`. */
export async function exportLayout(images: readonly BuiltImage[], output: ArchiveSpec, ctx: ExportContext): Promise<ExportResult> {
  const names = targetNames(output.names);
  const packed = await packImages(images, async (image) => heldLayers(ctx, await exportLayers(ctx, image, output)));
  const assembled = await finishedImages(packed, { output, names, followed: ctx.followed });
  const blobs = blobEntries(ctx.store, assembled);
  const index = indexEntries(assembled.descriptor, names);
  const result = { output, names, ...identity(assembled, output) };
  if (output.type === "oci" && !output.tar) {
    return { ...result, path: await writeLayoutDirectory(ctx, output.dest, blobs, index) };
  }
  const text = (name: string, content: string): ArchiveEntry => ({ name, kind: "bytes", bytes: Buffer.from(content, "utf8") });
  const entries: ArchiveEntry[] = [
    ...foldersOf(blobs).map((folder): ArchiveEntry => ({ name: `${folder}/`, kind: "dir" })),
    ...blobs,
    text("index.json", indexText(index)),
    ...(output.type === "docker" ? [text("manifest.json", dockerManifestText(assembled, names))] : []),
    text("oci-layout", OCI_LAYOUT_TEXT),
  ];
  const written = await writeDestination(ctx, output.dest, async (sink) => {
    const totalBytes = blobs.reduce((sum, entry) => sum + sizeOfEntry(entry), 0);
    const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write", totalBytes });
    await writeArchive(sink, entries, progress.add);
    progress.end();
  });
  return { ...result, ...written };
}
