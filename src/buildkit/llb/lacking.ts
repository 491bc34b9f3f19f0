/** What a client's graph asks for, and our ops cannot say. */
import { type DecantError, unsupported } from "../../errors.ts";

/** The error that names it. */
export function lacking(what: string): DecantError {
  return unsupported(`A build graph (LLB) with ${what}`, { row: "F152" });
}
