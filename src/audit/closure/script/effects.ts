/** What a piece of code may do, by its syntax: for code of which nobody knows whether it runs. Remembered by node. */
import type { Node } from "acorn";
import { eachChild, field, list, text } from "./nodes.ts";

const FUNCTION = /Function(?:Declaration|Expression)$|^ArrowFunctionExpression$|^Class(?:Declaration|Expression)$/;

const assigned = new WeakMap<Node, ReadonlySet<string>>();
const used = new WeakMap<Node, ReadonlySet<string>>();

/** Variables outside of it that it assigns, in nested functions too; of what is no function, also those that it declares. */
export function assignedNames(root: Node): ReadonlySet<string> {
  const known = assigned.get(root);
  if (known !== undefined) return known;
  const names = new Set<string>();
  eachOwn(root, (node) => {
    if (node.type === "AssignmentExpression") patternNames(field(node, "left"), names);
    if (node.type === "UpdateExpression") patternNames(field(node, "argument"), names);
    if (node.type === "VariableDeclarator") patternNames(field(node, "id"), names);
    if ((node.type === "ForOfStatement" || node.type === "ForInStatement") && field(node, "left")?.type !== "VariableDeclaration")
      patternNames(field(node, "left"), names);
    if (node !== root && FUNCTION.test(node.type)) for (const name of assignedNames(node)) names.add(name);
  });
  if (FUNCTION.test(root.type)) for (const name of declaredNames(root)) names.delete(name);
  assigned.set(root, names);
  return names;
}

/** Parameters and variables of a function that hide those outside everywhere in it. */
function declaredNames(root: Node): ReadonlySet<string> {
  const names = new Set<string>();
  for (const one of list(root, "params")) patternNames(one, names);
  const body = new Set(list(field(root, "body"), "body"));
  eachOwn(root, (node) => {
    if (node.type !== "VariableDeclaration" || !(text(node, "kind") === "var" || body.has(node))) return;
    for (const one of list(node, "declarations")) patternNames(field(one, "id"), names);
  });
  return names;
}

/** All names that stand in it. */
export function usedNames(root: Node): ReadonlySet<string> {
  const known = used.get(root);
  if (known !== undefined) return known;
  const names = new Set<string>();
  each(root, (node) => {
    const name = node.type === "Identifier" ? text(node, "name") : undefined;
    if (name !== undefined) names.add(name);
  });
  used.set(root, names);
  return names;
}

/** Variables that functions inside it assign. */
export function capturedNames(root: Node): ReadonlySet<string> {
  const names = new Set<string>();
  each(root, (node) => {
    if (FUNCTION.test(node.type)) for (const name of assignedNames(node)) names.add(name);
  });
  return names;
}

/** May it leave the function or loop that it is in, other than by throwing? */
export function leaves(root: Node): boolean {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (/^(?:Return|Break|Continue)Statement$/.test(node.type)) return true;
    eachChild(node, (child) => {
      if (!FUNCTION.test(child.type)) stack.push(child);
    });
  }
  return false;
}

function each(root: Node, visit: (node: Node) => void): void {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    visit(node);
    eachChild(node, (child) => {
      stack.push(child);
    });
  }
}

/** As `each`; of functions inside only themselves. */
function eachOwn(root: Node, visit: (node: Node) => void): void {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    visit(node);
    if (node !== root && FUNCTION.test(node.type)) continue;
    eachChild(node, (child) => {
      stack.push(child);
    });
  }
}

function patternNames(target: Node | undefined, names: Set<string>): void {
  if (target === undefined) return;
  switch (target.type) {
    case "Identifier":
      names.add(text(target, "name") ?? "");
      return;
    case "AssignmentPattern":
      patternNames(field(target, "left"), names);
      return;
    case "RestElement":
      patternNames(field(target, "argument"), names);
      return;
    case "ArrayPattern":
      for (const one of list(target, "elements")) patternNames(one, names);
      return;
    case "ObjectPattern":
      for (const one of list(target, "properties")) patternNames(one?.type === "Property" ? field(one, "value") : one, names);
      return;
    default:
  }
}
