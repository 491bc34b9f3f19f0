/** What an extension module of Python may import itself: names in its file. Which of them it imports, and when, only running it tells. */
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_NAMES = 20_000;
const NAME = /\0([A-Za-z_]\w*(?:\.\w+)*)(?=\0)/g;

/** Texts in an extension that could be names of modules, dotted or not. */
export async function namesInExtension(files: AuditFiles, entry: Entry): Promise<ReadonlySet<string>> {
  const bytes = entry.size > MAX_BYTES ? undefined : await files.read(entry, MAX_BYTES);
  const names = new Set<string>();
  if (bytes === undefined) return names;
  for (const [, name = ""] of Buffer.from(bytes).toString("latin1").matchAll(NAME)) {
    names.add(name);
    if (names.size > MAX_NAMES) break;
  }
  return names;
}
