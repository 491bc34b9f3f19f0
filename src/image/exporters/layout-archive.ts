/** type=oci: an OCI image layout (image-spec image-layout.md) as a tar, or as a directory that is brought up to date in place. */
import type { Platform } from "../../oci/index.ts";
import { writeArchive } from "../archive.ts";
import { contentOf } from "../content.ts";
import { finishedImages, identity, packImages } from "../finish.ts";
import { exportLayers, heldLayers } from "../layers.ts";
import { targetNames } from "../names.ts";
import { startProgress } from "../../transfer.ts";
import type { BuiltImage, ExportContext, ExportResult, OutputSpec } from "../types.ts";
import { writeDestination } from "./destination.ts";
import { archiveEntries, blobEntries, indexEntries, type NamedContent } from "./layout.ts";
import { writeLayoutDirectory } from "./layout-directory.ts";

type ArchiveSpec = Extract<OutputSpec, { type: "oci" | "docker" }>;

/** Writes an OCI layout or a docker archive. Throws `EXPORT`, `REFERENCE`. */
export async function exportLayout(images: readonly BuiltImage[], output: ArchiveSpec, ctx: ExportContext): Promise<ExportResult> {
  const names = targetNames(output.names);
  const packed = await packImages(images, async (image) => heldLayers(ctx, await exportLayers(ctx, image, output)));
  const assembled = await finishedImages(packed, { output, names, followed: ctx.followed });
  const content = contentOf(assembled);
  const result = { output, names, ...identity(assembled, output) };
  if (output.type === "oci" && !output.tar) {
    const blobs = blobEntries(ctx.store, [content]);
    return { ...result, path: await writeLayoutDirectory(ctx, output.dest, blobs, indexEntries(content.descriptor, names)) };
  }
  const written = await writeImageArchive(ctx, output.dest, [{ content, names }], output.type === "docker" ? {} : undefined);
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
