/** Names that FROM takes: those of images, and of bases that Decant assembles. */
import { parseReference } from "../../oci/index.ts";

/** "distroless:RECIPE[:VARIANT]": the recipe is of the catalogue, or a file. */
const ASSEMBLED = /^distroless:(?:.+\.ya?ml|[^:/]+)(?::[a-z0-9][a-z0-9-]*)?$/s;

/** Throws `REFERENCE` for what no FROM takes. */
export function checkBaseName(name: string): void {
  if (!ASSEMBLED.test(name)) parseReference(name);
}
