/** What an image is made of, and the documents that say so. */
export { describeTree, type SbomFormat, type SbomResult } from "./describe-tree.ts";
export { readInventory } from "./read-inventory.ts";
export type { Inventory, InventoryPackage, PackageKind, SbomSubject, UnreadRecord } from "./types.ts";
export { readProgram } from "./programs.ts";
