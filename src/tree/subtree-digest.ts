/** The content digest of a path and what is below it, for cache keys (rule S94): never mtimes, never the name of the path itself. */
import { createTurns } from "../async.ts";
import type { Digest } from "../digest.ts";
import { hexOf } from "../digest.ts";
import type { TreePath } from "../paths.ts";
import { createFrameHasher } from "./content-digest.ts";
import type { Entry, Tree } from "./types.ts";
import { walk } from "./walk.ts";

/** What counts. */
interface SubtreeDigestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gets each entry with its path below `path`, the digest of its content and the first name of the same file, both "" where there is none. */
  readonly onEntry?: ((entry: Entry, relative: TreePath, digestHex: string, linkedTo: string) => void) | undefined;
}

/** Framed over relative path, kind, mode, owner, content digest, which names are one file, link target, attributes and device. A path that does not exist has a digest too. */
export async function subtreeDigest(tree: Tree, path: TreePath, options: SubtreeDigestOptions = {}): Promise<Digest> {
  const hasher = createFrameHasher("decant.subtree");
  const turns = createTurns(options.signal);
  const prefix = path === "" ? 0 : path.length + 1;
  /** The first name of each file that has several. */
  const links = new Map<string, string>();
  for (const entry of walk(tree, path)) {
    let digestHex = "";
    if (entry.kind === "file") {
      const digest = tree.digest(entry);
      if (typeof digest === "string") digestHex = hexOf(digest);
      else {
        digestHex = hexOf(await digest);
        options.signal?.throwIfAborted();
      }
    }
    if (turns.isDue) await turns.give();
    const relative = entry.path.slice(prefix) as TreePath;
    const group = entry.kind === "file" ? tree.linkGroup(entry) : undefined;
    const first = group === undefined ? undefined : links.get(group);
    if (group !== undefined && first === undefined) links.set(group, relative);
    options.onEntry?.(entry, relative, digestHex, first ?? "");
    hasher.entry(entry, relative, first === undefined ? digestHex : `${digestHex} = ${first}`);
  }
  options.signal?.throwIfAborted();
  return hasher.digest();
}
