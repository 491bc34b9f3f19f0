/** Reading small files of a stranger's tree: links are followed inside it, and sizes are bounded. */
import type { TreePath } from "../paths.ts";
import { followPath, readTreeFile, type Tree } from "../tree/index.ts";

/** The bytes of a small file, links followed; undefined where there is none, and for one of more than `maxBytes`. */
export type ReadSmallFile = (path: TreePath, maxBytes: number) => Promise<Uint8Array | undefined>;

/** Reads files of `tree`. What it gives throws what reading the tree throws. */
export function smallFiles(tree: Tree): ReadSmallFile {
  return async (path, maxBytes) => {
    const found = followPath(tree, path);
    if (found?.entry?.kind !== "file" || found.entry.size > maxBytes) return undefined;
    return await readTreeFile(tree, found.path, maxBytes);
  };
}

/** The value of a JSON file; undefined where there is none that can be read. */
export async function readJson(read: ReadSmallFile, path: TreePath, maxBytes: number): Promise<unknown> {
  const bytes = await read(path, maxBytes);
  return bytes === undefined ? undefined : parseJson(bytes);
}

/** The value of a JSON text, which may begin with a byte order mark as Node.js takes it; undefined for what is none. */
export function parseJson(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
