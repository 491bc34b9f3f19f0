/** Names of images as people write them. */
import { formatFamiliar, parseReference } from "../oci/index.ts";

/** "docker.io/library/app:1" → "app:1". */
export function familiarText(name: string): string {
  return formatFamiliar(parseReference(name));
}
