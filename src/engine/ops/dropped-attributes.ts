/** Tells that steps see files without some of their extended attributes, where the file system of the store does not take these (rule S126). */
import { toText } from "../../paths.ts";
import { droppedAttributes, type Layer } from "../../tree/index.ts";
import type { EngineContext } from "../types.ts";

/** Warns when directories of these layers lack attributes. */
export function tellDropped({ store, warn }: EngineContext, layers: readonly Layer[]): void {
  const names = droppedAttributes(store, layers).map(toText);
  if (names.length === 0) return;
  warn(
    "AttributesDropped",
    `The store's file system does not take ${names.join(", ")}: steps see files without these attributes`,
    undefined,
  );
}
