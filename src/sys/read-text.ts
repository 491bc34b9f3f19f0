/** Small files of this machine that need not be there: what the kernel and the system say. */
import { readFileSync } from "node:fs";
import { errnoOf } from "../errors.ts";

/** The text of a file, or "" where there is none. Throws what Node throws for anything else. */
export function textIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return "";
    throw error;
  }
}
