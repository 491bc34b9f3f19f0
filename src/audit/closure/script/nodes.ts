/** Access to nodes of acorn's syntax trees, whose fields depend on their type. */
import type { Node } from "acorn";

/** Is it a node? */
function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value;
}

/** A child. */
export function field(node: Node | undefined, name: string): Node | undefined {
  const value: unknown = node === undefined ? undefined : Reflect.get(node, name);
  return isNode(value) ? value : undefined;
}

/** A list of children; holes are undefined. */
export function list(node: Node | undefined, name: string): readonly (Node | undefined)[] {
  const value: unknown = node === undefined ? undefined : Reflect.get(node, name);
  return Array.isArray(value) ? value.map((one: unknown) => (isNode(one) ? one : undefined)) : [];
}

/** A text. */
export function text(node: Node | undefined, name: string): string | undefined {
  const value: unknown = node === undefined ? undefined : Reflect.get(node, name);
  return typeof value === "string" ? value : undefined;
}

/** Calls `visit` for each child. Hot: files have some million nodes. */
export function eachChild(node: Node, visit: (child: Node, name: string) => void): void {
  for (const name in node) {
    const value: unknown = Reflect.get(node, name);
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      for (const one of value) if (isNode(one)) visit(one, name);
    } else if (isNode(value)) visit(value, name);
  }
}
