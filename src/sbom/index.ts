/** What an image is made of, and the documents that say so. */
export { type InventoryOptions, readInventory } from "./read-inventory.ts";
export type { Inventory, InventoryPackage, OsRelease, PackageKind, UnreadRecord } from "./types.ts";
