/** Graphs of clients may take a folder for what a step starts from, or for their result. Our steps start from layers, so such a folder is copied. Pure. */
import { COPY_ALL, reachable, type Vertex, vertex } from "../../graph/index.ts";
import { createGraphCopy } from "./graph-copy.ts";

/** The same graph, where every `local://` that is more than a source of copies and mounts is a copy of itself. */
export function withWholeFolders(target: Vertex): Vertex {
  const made = createGraphCopy();
  for (const node of reachable(target)) {
    const inputs = node.inputs.map((input, at) => (isFolder(input) && isStart(node, at) ? copied(input) : made.of(input)));
    made.add(node, node.op, inputs);
  }
  return isFolder(target) ? copied(target) : made.of(target);
}

function isFolder({ op }: Vertex): boolean {
  return op.kind === "source" && op.identifier.startsWith("local://");
}

function isStart({ op }: Vertex, at: number): boolean {
  switch (op.kind) {
    case "file":
      return op.base === at;
    case "exec":
      return op.mounts.some(
        (mount) =>
          "input" in mount &&
          mount.input === at &&
          (mount.type === "cache" || mount.dest === "/" || (mount.type === "bind" && mount.output >= 0)),
      );
    case "merge":
    case "diff":
      return true;
    case "source":
      return false;
    default:
      return op satisfies never;
  }
}

function copied(folder: Vertex): Vertex {
  const meta = { ...folder.meta, name: `${folder.meta.name} (all of it)`, internal: true };
  return vertex({ kind: "file", base: -1, actions: [COPY_ALL] }, [folder], folder.platform, meta);
}
