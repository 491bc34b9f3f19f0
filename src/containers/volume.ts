/** VOLUME of an image. */
import type { SandboxMount } from "../engine/index.ts";
import { ROOT, treePath } from "../paths.ts";
import { emptyTree, resolvePath, type Tree } from "../tree/index.ts";

/**
 * A directory of its own, which begins as what the image has there; writable in a read-only container too. It goes with the container:
 * `docker run --rm` removes its anonymous volumes as well.
 */
export function volumeMount(target: string, root: Tree, lowers: readonly string[]): SandboxMount {
  const { path, entry } = resolvePath(root, treePath(target), { followLast: true });
  const place = { kind: "overlay", target, readOnly: false } as const;
  return entry?.kind === "dir"
    ? { ...place, lowers, tree: root, selector: path }
    : { ...place, lowers: [], tree: emptyTree, selector: ROOT };
}
