/** The patterns of the ignore file that belongs to a Dockerfile and its context (rule S95). */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type IgnorePattern, parseIgnore } from "../../dockerfile/index.ts";
import { errnoOf } from "../../errors.ts";

/** `<Dockerfile>.dockerignore` when there is one, else `.dockerignore` of the context; empty without. Throws as `parseIgnore`. */
export async function readIgnorePatterns(context: string, dockerfile: string | undefined): Promise<readonly IgnorePattern[]> {
  for (const path of [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), join(context, ".dockerignore")]) {
    try {
      return parseIgnore(await readFile(path, "utf8"));
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw error;
    }
  }
  return [];
}
