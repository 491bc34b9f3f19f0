/** Removes blobs of a cache's folder that no manifest names any more. */
import { readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { namedBlobs } from "../image/index.ts";

/** `path`: a layout directory that nobody else writes. What its index names stays, whoever wrote it. */
export async function pruneFolder(path: string): Promise<void> {
  const named = await namedBlobs(path);
  const folder = join(path, "blobs/sha256");
  for (const name of await readdir(folder))
    if (!named.has(`sha256:${name}`) && /^[0-9a-f]{64}$/.test(name)) await unlink(join(folder, name));
}
