/** What makes a file a program. */
import type { Entry } from "../tree/index.ts";

const ANY_EXECUTE_BIT = 0o111;

/** Is this a file that can be started? */
export function isProgram(entry: Entry | undefined): entry is Entry & { readonly kind: "file" } {
  return entry?.kind === "file" && isExecutable(entry.mode);
}

/** May anybody execute what has this mode? */
export function isExecutable(mode: number): boolean {
  return (mode & ANY_EXECUTE_BIT) !== 0;
}
