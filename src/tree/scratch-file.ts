/** Files for what does not belong into memory. They have no name, so nothing is left of them however their process ends. */
import { openSync } from "node:fs";
import type { Store } from "../store/index.ts";

/** Opens a new one on the store's file system, to read and to write; the caller closes the descriptor. Throws `STORE_FULL`, `STORE_READ_ONLY`. */
export async function openScratchFile(store: Store): Promise<number> {
  await using file = await store.blobs.create();
  return openSync(file.path, "r+");
}
