/** type=oci and type=docker: an OCI image layout (image-spec image-layout.md) as a tar, or as a directory that is brought up to date in place. */
import { writeArchive } from "../archive.ts";
import { finishedImages, identity, packImages } from "../finish.ts";
import { exportLayers, heldLayers } from "../layers.ts";
import { targetNames } from "../names.ts";
import { startProgress } from "../../transfer.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { destinationFolder, writeDestination } from "./destination.ts";
import { blobEntries, dockerManifestText, indexEntries, layoutEntries, sizeOfEntry } from "./layout.ts";
import { layoutBlobs, writeLayoutDirectory } from "./layout-directory.ts";

/** One that has a destination. */
type ArchiveSpec = Extract<OutputSpec, { type: "oci" | "docker" }> & { readonly dest: string };

/** Writes an OCI layout or a docker archive. Throws `EXPORT`, `REFERENCE`. */
export async function exportLayout(images: readonly BuiltImage[], output: ArchiveSpec, ctx: ExportContext): Promise<ExportResult> {
  const names = targetNames(output.names);
  const there = output.tar === false ? await layoutBlobs(destinationFolder(ctx, output)) : undefined;
  const packed = await packImages(images, async (image) =>
    heldLayers(ctx, await exportLayers(ctx, image, output), (descriptor) => there?.has(descriptor) !== true),
  );
  const assembled = await finishedImages(packed, { output, names, followed: ctx.followed });
  const blobs = blobEntries(ctx.store, assembled);
  const result = { output, names, ...identity(assembled, output) };
  const isDocker = output.type === "docker";
  if (output.tar === false) {
    const index = indexEntries(assembled.descriptor, names);
    const dockerManifest = isDocker ? dockerManifestText(assembled, names) : undefined;
    return { ...result, path: await writeLayoutDirectory(ctx, output, { blobs, index, dockerManifest }) };
  }
  const entries = layoutEntries(ctx.store, assembled, { names, isDocker });
  const written = await writeDestination(ctx, output.dest, async (sink) => {
    const totalBytes = blobs.reduce((sum, entry) => sum + sizeOfEntry(entry), 0);
    const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: output.dest, action: "write", totalBytes });
    await writeArchive(sink, entries, progress.add);
    progress.end();
  });
  return { ...result, ...written };
}
