/** Names of images as people write them. */
import { familiarName, formatFamiliar, parseReference, type Reference } from "../oci/index.ts";

/** "docker.io/library/app:1" → "app:1". */
export function familiarText(name: string): string {
  return formatFamiliar(parseReference(name));
}

/** "app" and "1"; without a tag "<none>", as docker has it. */
export function familiarParts(reference: Reference): { readonly repository: string; readonly tag: string } {
  return { repository: familiarName(reference), tag: reference.tag ?? "<none>" };
}
