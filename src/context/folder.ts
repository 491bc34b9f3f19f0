/** Folders that options name. */
import { stat } from "node:fs/promises";
import { DecantError, errnoOf } from "../errors.ts";

/** Gives `path` back when it is a directory. Throws `CONTEXT`. */
export async function contextFolder(path: string): Promise<string> {
  try {
    if ((await stat(path)).isDirectory()) return path;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    throw new DecantError("CONTEXT", `Cannot use context "${path}": no such directory`, { cause: error });
  }
  throw new DecantError("CONTEXT", `Cannot use context "${path}": it is not a directory`);
}
