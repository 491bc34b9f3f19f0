/** The error of an image that its registry does not give, with the name that was meant. */
import { DecantError, type ErrorCode, isDecantError } from "../errors.ts";
import { similarImage } from "../image/index.ts";
import { familiarName, parseReference } from "../oci/index.ts";
import type { Store } from "../store/index.ts";

/** What an image that is none may give, depending on its registry. */
const NO_IMAGE: ReadonlySet<ErrorCode> = new Set(["IMAGE_NOT_FOUND", "REGISTRY_UNREACHABLE", "REGISTRY_AUTH", "REGISTRY_DENIED"]);

/** Whether an image with a mistyped name may give this error. */
export function mayBeMistyped(error: unknown): error is DecantError {
  return isDecantError(error) && NO_IMAGE.has(error.code);
}

/** `error` of the image `name`, as people write it, with a name that is known in its hint; the same `error` where none is near. */
export async function withSimilarImage(error: unknown, name: string, store: Store): Promise<unknown> {
  if (!mayBeMistyped(error)) return error;
  const image = similarImage(name, await (await import("./known-bases.ts")).knownBases(store));
  // Only a registry that answered knows that the tag is wrong.
  if (image === undefined || (error.code !== "IMAGE_NOT_FOUND" && isSameRepository(image, name))) return error;
  const hint = `Did you mean "${image}"?`;
  return new DecantError(error.code, error.message, {
    hint: error.hint === undefined ? hint : `${hint} ${error.hint}`,
    details: error.details,
    source: error.source,
    cause: error,
  });
}

function isSameRepository(a: string, b: string): boolean {
  return familiarName(parseReference(a)) === familiarName(parseReference(b));
}
