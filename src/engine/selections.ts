/**
 * What steps select of a directory, hashed as one step of the build while other steps run: each COPY and each mount then takes its own from
 * here. Keys need these digests whatever the cache has, so nothing is hashed in vain.
 */
import type { BindMount, CacheMount, FileAction, Vertex } from "../graph/index.ts";
import type { Tree } from "../tree/index.ts";
import { type CopySource, digestSelection, type SelectionDigest, selectSources } from "./file/selection.ts";
import { digestMounted, type MountedDigest } from "./file/mounted.ts";
import type { Selections } from "./types.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;
type SelectingMount = BindMount | CacheMount;

/** Begins to hash what the steps of `order` select of `vertex`, one selection after the other. `onRead`: so many bytes more will be read. */
export function hashSelections(
  vertex: Vertex,
  order: readonly Vertex[],
  directory: CopySource,
  { signal, onRead }: { readonly signal: AbortSignal; readonly onRead: (bytes: number) => void },
): Selections {
  const source = { ...directory, tree: told(directory.tree, onRead) };
  let last: Promise<unknown> = Promise.resolve();
  const queue = <Value>(hash: () => Promise<Value>): Promise<Value> => {
    const next = last.then(hash);
    // Seen by the step that takes it.
    last = next.catch(() => undefined);
    return next;
  };
  const copyOf = (action: CopyAction): Promise<SelectionDigest> =>
    queue(() => digestSelection(source.tree, selectSources(source, action), action, signal));
  const mountOf = (mount: SelectingMount): Promise<MountedDigest> => queue(() => digestMounted(source, mount, signal));
  const copies = new Map(copiesFrom(vertex, order).map((action) => [action, copyOf(action)]));
  const mounts = new Map(mountsFrom(vertex, order).map((mount) => [mount, mountOf(mount)]));
  return {
    take(action, { look = false } = {}) {
      const selection = copies.get(action) ?? copyOf(action);
      if (!look) copies.delete(action);
      return selection;
    },
    mounted(mount, { look = false } = {}) {
      const mounted = mounts.get(mount) ?? mountOf(mount);
      if (!look) mounts.delete(mount);
      return mounted;
    },
    ended: last.then(() => undefined),
  };
}

/** Tells of every file whose digest is not known. */
function told(tree: Tree, onRead: (bytes: number) => void): Tree {
  return {
    ...tree,
    digest(entry) {
      if (entry.digest === undefined) onRead(entry.size);
      return tree.digest(entry);
    },
  };
}

function copiesFrom({ id }: Vertex, order: readonly Vertex[]): CopyAction[] {
  return order.flatMap(({ op, inputs }) =>
    op.kind === "file" ? op.actions.filter((action) => action.kind === "copy").filter(({ input }) => inputs[input]?.id === id) : [],
  );
}

function mountsFrom({ id }: Vertex, order: readonly Vertex[]): SelectingMount[] {
  return order.flatMap(({ op, inputs }) =>
    op.kind === "exec"
      ? op.mounts.filter((mount) => mount.type === "bind" || mount.type === "cache").filter(({ input }) => inputs[input]?.id === id)
      : [],
  );
}
