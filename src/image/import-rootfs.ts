/** `decant import`: the tar of a root file system becomes an image of one layer, as docker import does. */
import type { ByteStream } from "../bytes.ts";
import type { ContainerConfig, Platform } from "../oci/index.ts";
import { importLayerTar, layerSource } from "../tree/index.ts";
import { exportImage } from "./export.ts";
import type { ExportContext, ExportResult } from "./types.ts";

/** What the image is besides its files. */
interface ImportOptions {
  /** Names it in the store; without, it is found by its digest only. */
  readonly name?: string | undefined;
  /** What `--change` instructions say. */
  readonly config?: ContainerConfig | undefined;
  readonly platform: Platform;
  /** The comment in its history. Default: docker's "Imported from -". */
  readonly message?: string | undefined;
  /** RFC 3339. Default: now. */
  readonly created?: string | undefined;
}

/** Reads the tar, plain or compressed, once. Throws `TAR`, `PATH_ESCAPE`, `REFERENCE`. */
export async function importRootfs(ctx: ExportContext, tar: ByteStream, options: ImportOptions): Promise<ExportResult> {
  const { name, config = {}, platform, message = "Imported from -", created = new Date().toISOString() } = options;
  const layer = await importLayerTar(ctx.store, tar, { signal: ctx.signal });
  const image = { platform, config, created, history: [{ created, comment: message }], layers: [layerSource(layer)] };
  return exportImage([image], { type: "image", names: name === undefined ? [] : [name], push: false }, ctx);
}
