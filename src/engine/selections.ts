/**
 * What steps select of a directory, hashed as one step of the build while other steps run: each COPY and each mount then takes its own from
 * here. Keys need these digests whatever the cache has, so nothing is hashed in vain.
 */
import { given } from "../given.ts";
import { type BindMount, type CacheMount, type FileAction, reachable, type Vertex, type VertexId } from "../graph/index.ts";
import type { Tree } from "../tree/index.ts";
import { type CopySource, digestSelection, type SelectionDigest, selectSources } from "./file/selection.ts";
import { digestMounted, type MountedDigest } from "./file/mounted.ts";
import type { ReadFiles, ReadSelection, Selections, SourceProvider } from "./types.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;
type SelectingMount = BindMount | CacheMount;

const LOCAL = "local://";
/** Begins to hash what the steps of `order` select of `vertex`, one selection after the other. `onRead`: so many bytes more were read. */
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
  const seen = new Map<CopyAction | SelectingMount, ReadFiles>();
  const noted = <Found extends MountedDigest>(part: CopyAction | SelectingMount, found: Found): Found => {
    const { digest, lines } = found;
    seen.set(part, { digest, ...given({ lines: lines?.short }) });
    return found;
  };
  const copyOf = (action: CopyAction): Promise<SelectionDigest> =>
    queue(async () => noted(action, await digestSelection(source, selectSources(source, action), action, signal)));
  const mountOf = (mount: SelectingMount): Promise<MountedDigest> =>
    queue(async () => noted(mount, await digestMounted(source, mount, signal)));
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
    seen,
  };
}

/**
 * What the steps below `target` select of directories, in the order of the graph: "local://NAME" with what was found in it. `selectionsOf`: those of
 * a source.
 */
export function readFiles(target: Vertex, selectionsOf: (source: Vertex) => Selections | undefined): ReadSelection[] {
  const order = reachable(target);
  const sources = order.filter(({ op }) => op.kind === "source" && op.identifier.startsWith(LOCAL));
  return sources.flatMap((source) => {
    const selections = selectionsOf(source);
    const context = source.op.kind === "source" ? source.op.identifier.slice(LOCAL.length) : "";
    return order.flatMap((vertex) =>
      [...copiesFrom(source, [vertex]), ...mountsFrom(source, [vertex])].flatMap((part): ReadSelection[] => {
        const found = selections?.seen.get(part);
        return found === undefined ? [] : [{ context, step: vertex, ...found }];
      }),
    );
  });
}

/** Hashes what steps select of the directories of `provider`, without running them. Throws `COPY_SOURCE_MISSING`, `CONTEXT`. */
export async function hashReadFiles(target: Vertex, provider: SourceProvider, signal: AbortSignal): Promise<ReadSelection[]> {
  const order = reachable(target);
  const found = new Map<VertexId, Selections>();
  for (const vertex of order) {
    if (vertex.op.kind !== "source" || !vertex.op.identifier.startsWith(LOCAL)) continue;
    const result = await provider.resolve(vertex.op, vertex.platform, signal, vertex.id);
    if (result.kind !== "directory") continue;
    const selections = hashSelections(vertex, order, result, { signal, onRead: () => undefined });
    await selections.ended;
    found.set(vertex.id, selections);
  }
  return readFiles(target, ({ id }) => found.get(id));
}

/** Tells what is read of every file whose digest is not known. */
function told(tree: Tree, onRead: (bytes: number) => void): Tree {
  return { ...tree, digest: (entry) => tree.digest(entry, onRead) };
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
