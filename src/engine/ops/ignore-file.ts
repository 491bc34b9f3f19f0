/** The patterns of the ignore file that belongs to a Dockerfile and its context (rule S95). */
import { type IgnorePattern, parseIgnore } from "../../dockerfile/index.ts";
import { DecantError } from "../../errors.ts";
import { type FilePlace, pathOfPlace, placeOf, readNamedFile } from "../../sys/index.ts";

const MAX_BYTES = 4 * 1024 * 1024;

/**
 * `<Dockerfile>.dockerignore` when there is one, else `.dockerignore` of the context; empty without. Both stay in the context when they are in
 * it. Throws `CONTEXT` for one that cannot be read: what it leaves out would be in the image without a word. Throws as `parseIgnore`.
 */
export async function readIgnorePatterns(context: string, dockerfile: string | undefined): Promise<readonly IgnorePattern[]> {
  const own: FilePlace[] = dockerfile === undefined ? [] : [placeOf(`${dockerfile}.dockerignore`, [context])];
  for (const place of [...own, { path: ".dockerignore", within: context }]) {
    const read = await readNamedFile(place, { maxBytes: MAX_BYTES });
    if ("bytes" in read) return parseIgnore(read.bytes.toString("utf8"));
    if (!read.isMissing) {
      throw new DecantError("CONTEXT", `Cannot read ignore file "${pathOfPlace(place)}": ${read.problem}`, {
        hint: "Put a file in its place, or remove it: then the context excludes nothing",
      });
    }
  }
  return [];
}
