/** What an image is made of, and the documents that say so. */
export { describeTree, type SbomFormat, type SbomResult } from "./describe-tree.ts";
export { cycloneDxDocument } from "./cyclonedx.ts";
export { fileSums, type FileSumsOptions } from "./file-sums.ts";
export { type InventoryOptions, readInventory } from "./read-inventory.ts";
export { spdxDocument } from "./spdx.ts";
export type { DocumentOptions, FileSums, Inventory, InventoryPackage, PackageKind, SbomSubject, UnreadRecord } from "./types.ts";
