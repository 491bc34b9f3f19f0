/** The text of a source file of an image. */
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** UTF-8 without a byte order mark; undefined for what is no file, or has more than `maxBytes`. */
export async function sourceText(files: AuditFiles, entry: Entry, maxBytes: number): Promise<string | undefined> {
  const bytes = await files.read(entry, maxBytes);
  return bytes === undefined
    ? undefined
    : Buffer.from(bytes)
        .toString("utf8")
        .replace(/^\uFEFF/, "");
}
