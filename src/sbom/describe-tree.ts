/** What a tree is made of, as a document. */
import type { Tree } from "../tree/index.ts";
import { cycloneDxDocument } from "./cyclonedx.ts";
import { fileSums } from "./file-sums.ts";
import { readInventory } from "./read-inventory.ts";
import { spdxDocument } from "./spdx.ts";
import type { Inventory, SbomSubject } from "./types.ts";

/** SPDX 2.3 or CycloneDX 1.6, both as JSON. */
export type SbomFormat = "spdx" | "cyclonedx";

/** What was found and written. */
export interface SbomResult {
  /** For JSON.stringify. The same image gives the same document. */
  readonly document: unknown;
  /** What the document was made of; `unread` tells what is missing from it. */
  readonly inventory: Inventory;
}

/** The document of a tree. */
export async function describeTree(
  tree: Tree,
  subject: SbomSubject,
  { format, files, signal }: { readonly format: SbomFormat; readonly files: boolean; readonly signal: AbortSignal },
): Promise<SbomResult> {
  const inventory = await readInventory(tree, { platform: subject.platform, signal });
  const sums = files ? { files: await fileSums(tree, inventory.packages, { sha1: format === "spdx", signal }) } : {};
  const write = format === "spdx" ? spdxDocument : cycloneDxDocument;
  return { document: write(inventory, { subject, ...sums }), inventory };
}
