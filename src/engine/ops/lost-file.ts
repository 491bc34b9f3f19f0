/** A file without which a step cannot start, and that an earlier step has removed, or the links that lead to it. */
import { entryAt, pathFiles, processPlace, programPaths } from "../../facts/index.ts";
import type { ExecOp, Vertex } from "../../graph/index.ts";
import { formatPosition } from "../../source.ts";
import { type Layer, layerTree } from "../../tree/index.ts";

/** How many steps are looked through: each look goes through all layers below. */
const MAX_LOOKS = 200;

/** Who made a layer; `linked`: by --link, which does not see what is below. */
interface Maker {
  readonly vertex: Vertex;
  readonly linked: boolean;
}

/** Says which step took `name` away, a program or what one needs; undefined where none did: it was never there, or the base image itself has removed it. */
export function lostFile(
  name: string,
  { vertex, op, layers }: { readonly vertex: Vertex; readonly op: ExecOp; readonly layers: readonly Layer[] },
): { readonly why: string; readonly hint: string } | undefined {
  const paths = programPaths(name, processPlace({ Env: op.meta.env, WorkingDir: op.meta.cwd }));
  let count = layers.length;
  for (const { vertex: maker, linked } of makersBelow(vertex)) {
    count -= 1;
    if (count <= 0 || layers.length - count > MAX_LOOKS) return undefined;
    const files = pathFiles(layerTree(layers.slice(0, count)));
    if (!paths.some((path) => entryAt(files, path) !== undefined)) continue;
    const { meta } = maker;
    return {
      why: `not found in the image any more: ${meta.name}${meta.source === undefined ? "" : ` (${formatPosition(meta.source)})`} has removed it, or a link that leads to it`,
      hint: linked
        ? "Leave out --link: with it a directory replaces a link of the base, such as /bin to usr/bin"
        : "Do this step before that one, or keep the program and its links there",
    };
  }
  return undefined;
}

/** The makers of the layers below a step, the newest first, down to the base image. */
function* makersBelow(vertex: Vertex): Generator<Maker> {
  let below = startOf(vertex);
  while (below !== undefined) {
    if (below.op.kind === "merge") {
      for (const added of below.inputs.slice(1).toReversed()) {
        // Only what starts from nothing is one layer.
        if (startOf(added) !== undefined || !makesLayer(added)) return;
        yield { vertex: added, linked: true };
      }
      [below] = below.inputs;
      continue;
    }
    if (!makesLayer(below)) return;
    yield { vertex: below, linked: false };
    below = startOf(below);
  }
}

function makesLayer({ op }: Vertex): boolean {
  return op.kind === "file" || op.kind === "exec";
}

/** The vertex whose files a vertex starts with. */
export function startOf({ op, inputs }: Vertex): Vertex | undefined {
  if (op.kind === "file") return inputs[op.base];
  if (op.kind === "merge") return inputs[0];
  if (op.kind !== "exec") return undefined;
  const root = op.mounts.find((mount) => mount.dest === "/");
  return root?.type === "bind" ? inputs[root.input] : undefined;
}
