/** What an image is made of, and the documents that say so. */
export { cycloneDxDocument } from "./cyclonedx.ts";
export { fileSums, type FileSumsOptions } from "./file-sums.ts";
export { type InventoryOptions, readInventory } from "./read-inventory.ts";
export { spdxDocument } from "./spdx.ts";
export type { DocumentOptions, FileSums, Inventory, InventoryPackage, PackageKind, SbomSubject, UnreadRecord } from "./types.ts";
