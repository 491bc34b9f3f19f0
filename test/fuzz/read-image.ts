/** The digests of an OCI layout with one image. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The image's digest, and its layers from the bottom. */
export interface ImageLayers {
  readonly digest: string;
  readonly diffIds: readonly string[];
}

/** Reads the layout at `path`, written by Decant and valid. */
export function readImageLayers(path: string): ImageLayers {
  const blob = (digest: string): Record<string, unknown> => read(join(path, "blobs", digest.replace(":", "/")));
  const index = read(join(path, "index.json")) as { readonly manifests: readonly [{ readonly digest: string }] };
  const digest = index.manifests[0].digest;
  const manifest = blob(digest) as { readonly config: { readonly digest: string } };
  const config = blob(manifest.config.digest) as { readonly rootfs: { readonly diff_ids: readonly string[] | null } };
  // An image without layers has null there, as BuildKit writes it.
  return { digest, diffIds: config.rootfs.diff_ids ?? [] };
}

function read(path: string): Record<string, unknown> {
  // Checked by validateImage before.
  return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
}
