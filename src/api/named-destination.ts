/** Where an image gets a name. */
import { type CopyDestination, targetNames } from "../image/index.ts";
import { imagePlaceOf } from "../project/index.ts";

/** A name in the store, or at a registry. */
export type NamedDestination = Extract<CopyDestination, { readonly kind: "store" | "registry" }>;

/** Reads "NAME", "store:NAME" or "docker://NAME"; undefined for a file or a folder. Throws `REFERENCE`, `USAGE`. */
export function namedDestination(text: string, cwd: string): NamedDestination | undefined {
  const place = imagePlaceOf(text, cwd);
  if (place.kind !== "name" && place.kind !== "store" && place.kind !== "registry") return undefined;
  targetNames([place.name]);
  return { kind: place.kind === "registry" ? "registry" : "store", name: place.name };
}
