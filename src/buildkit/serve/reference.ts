/** Names that nobody can guess. */
import { randomBytes } from "node:crypto";

/** A name for what a client may refer to later. */
export function newReference(): string {
  return randomBytes(16).toString("hex");
}
