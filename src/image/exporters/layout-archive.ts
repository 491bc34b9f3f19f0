/** type=oci and type=docker: an OCI image layout (image-spec image-layout.md) as a tar, or as a directory that is brought up to date in place. */
import type { Platform } from "../../oci/index.ts";
import { writeArchive } from "../archive.ts";
import { contentOf } from "../content.ts";
import { finishedImages, identity, packImages } from "../finish.ts";
import { exportLayers, heldLayers } from "../layers.ts";
import { targetNames } from "../names.ts";
import { startProgress } from "../../transfer.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { destinationFolder, writeDestination } from "./destination.ts";
import { archiveEntries, blobEntries, dockerManifestText, indexEntries, type NamedContent } from "./layout.ts";
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
  const content = contentOf(assembled);
  const result = { output, names, ...identity(assembled, output) };
  const isDocker = output.type === "docker";
  if (output.tar === false) {
    const blobs = blobEntries(ctx.store, [content]);
    const index = indexEntries(content.descriptor, names);
    const dockerManifest = isDocker ? dockerManifestText([{ content, names }]) : undefined;
    return { ...result, path: await writeLayoutDirectory(ctx, output, { blobs, index, dockerManifest }) };
  }
  const written = await writeImageArchive(ctx, output.dest, [{ content, names }], isDocker ? {} : undefined);
  return { ...result, ...written };
}

/** Writes images to an archive: of docker, or of an OCI layout. Blobs of layers must be in the store. Gives the absolute path of a file. Throws `EXPORT`. */
export async function writeImageArchive(
  ctx: ExportContext,
  dest: string,
  items: readonly NamedContent[],
  docker?: { readonly platform?: Platform | undefined },
): Promise<{ readonly path?: string }> {
  const { entries, totalBytes } = archiveEntries(ctx.store, items, docker);
  return await writeDestination(ctx, dest, async (sink) => {
    const progress = startProgress(ctx.emit, { vertex: ctx.vertex, id: dest, action: "write", totalBytes });
    await writeArchive(sink, entries, progress.add);
    progress.end();
  });
}
