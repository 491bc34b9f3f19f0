import { publicUrl } from "../../url-secrets.ts";
import type { Mount, Op } from "../ops.ts";
import { reachable, type Vertex } from "../vertex.ts";

/** The graph as text, one vertex a line. */
export function graphDump(target: Vertex): string {
  const order = reachable(target);
  const numbers = new Map(order.map((node, index) => [node.id, index]));
  return order
    .map(
      (node, index) =>
        `${index}: ${describe(node.op)} <- [${node.inputs.map((input) => numbers.get(input.id)).join(", ")}] ${node.meta.name}`,
    )
    .join("\n");
}

function describeMount(mount: Mount): string {
  const from = mount.type === "bind" || mount.type === "cache" ? ` from ${mount.input}:${mount.selector}` : "";
  const id = mount.type === "bind" || mount.type === "tmpfs" ? "" : ` ${mount.id}`;
  return `(${mount.type}${id} on ${mount.dest}${from})`;
}

function describe(op: Op): string {
  switch (op.kind) {
    case "source":
      return `source ${publicUrl(op.identifier)}`;
    case "exec":
      return [`exec ${JSON.stringify(op.meta.args)}`, ...op.mounts.filter(({ dest }) => dest !== "/").map(describeMount)].join(" ");
    case "file":
      return `file ${op.actions.map((action) => (action.kind === "copy" ? `copy ${action.src} ${action.dest}` : `${action.kind} ${action.path}`)).join("; ")}`;
    case "merge":
    case "diff":
      return op.kind;
    default:
      return op satisfies never;
  }
}
