/** Whether an ES module uses what only CommonJS has (`require`, `exports`, `module`), where it certainly runs: then it throws a ReferenceError. */
import type { Node } from "acorn";
import { field, list, text } from "./script/nodes.ts";

/** Looks at all nodes of a file, in any order. */
interface CommonJsFinder {
  readonly see: (node: Node, certain: boolean) => void;
  /** After all were seen. */
  readonly found: () => boolean;
}

const NAMES: ReadonlySet<string> = new Set(["require", "exports", "module"]);

/** Makes a finder for one file. */
export function commonJsFinder(): CommonJsFinder {
  const used = new Set<string>();
  const own = new Set<string>();
  let isModule = false;
  const use = (node: Node | undefined): void => {
    const name = node?.type === "Identifier" ? text(node, "name") : undefined;
    if (name !== undefined && NAMES.has(name)) used.add(name);
  };
  const declare = (node: Node | undefined): void => {
    own.add(text(node, "name") ?? "");
  };
  return {
    see(node, certain) {
      // Whoever writes `import` or `export` means an ES module, and what else it has may be code for both.
      if (/^(?:Import|Export)\w*Declaration$/.test(node.type)) isModule = true;
      if (node.type === "VariableDeclarator" || node.type === "FunctionDeclaration") declare(field(node, "id"));
      list(node, "params").forEach(declare);
      if (node.type === "AssignmentExpression") declare(field(node, "left"));
      if (!certain) return;
      if (node.type === "MemberExpression") use(field(node, "object"));
      if (node.type === "CallExpression") [field(node, "callee"), ...list(node, "arguments")].forEach(use);
    },
    found: () => !isModule && [...used].some((name) => !own.has(name)),
  };
}
