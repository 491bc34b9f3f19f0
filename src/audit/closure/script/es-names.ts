/** Names that ES modules pass to each other: set before a module runs, and read after it. */
import type { Node } from "acorn";
import { field, list, text } from "./nodes.ts";
import { getMember } from "./operators.ts";
import { type ModuleState, type ScriptObject, UNKNOWN, type Value } from "./values.ts";

/** What a module gives to those that import it. */
interface ImportedModule {
  readonly exports: Value;
  /** Of an ES module; of a CommonJS module `exports` is the default export. */
  readonly isNamespace: boolean;
}

/** The module that an import or export names: `from "name"`. */
export function importedSpecifier(node: Node): string | undefined {
  if (!/^(?:ImportDeclaration|ExportNamedDeclaration|ExportAllDeclaration)$/.test(node.type)) return undefined;
  return text(field(node, "source"), "value");
}

/** Binds the names of an import. They follow what the other module does. */
export function bindImports(node: Node, { scope }: ModuleState, { exports, isNamespace }: ImportedModule): void {
  if (node.type !== "ImportDeclaration") return;
  const member = (name: string | undefined): Value => {
    if (name === undefined) return UNKNOWN;
    if (name === "default" && !isNamespace) return exports;
    const found = getMember(exports, name);
    // What is not set yet, or is there in a way that we do not see.
    return found === undefined ? UNKNOWN : found;
  };
  for (const one of list(node, "specifiers")) {
    const local = text(field(one, "local"), "name");
    if (one === undefined || local === undefined) continue;
    const imported = one.type === "ImportDefaultSpecifier" ? "default" : text(field(one, "imported"), "name");
    const isWhole = one.type === "ImportNamespaceSpecifier";
    scope.names.set(local, { value: UNKNOWN, read: () => (isWhole ? (isNamespace ? exports : UNKNOWN) : member(imported)) });
  }
}

/** Puts what a statement exports into the namespace of its module. */
export function exportNames(node: Node, { scope }: ModuleState, namespace: ScriptObject): void {
  if (node.type === "ExportAllDeclaration") namespace.isOpen = true;
  if (node.type !== "ExportNamedDeclaration") return;
  const { names, isOpen } = exportedNames(node);
  namespace.isOpen ||= isOpen;
  for (const [local, exported] of names) {
    const binding = scope.names.get(local);
    namespace.properties.set(exported, binding === undefined ? UNKNOWN : (binding.read?.() ?? binding.value));
  }
}

interface ExportedNames {
  readonly names: readonly (readonly [local: string, exported: string])[];
  /** There are more, which the statement does not say so plainly. */
  readonly isOpen: boolean;
}

function exportedNames(node: Node): ExportedNames {
  const declaration = field(node, "declaration");
  const names: (readonly [string, string])[] = [];
  let isOpen = false;
  const own = text(field(declaration, "id"), "name");
  if (own !== undefined) names.push([own, own]);
  for (const one of list(declaration, "declarations")) {
    const name = text(field(one, "id"), "name");
    if (name === undefined) isOpen = true;
    else names.push([name, name]);
  }
  for (const one of list(node, "specifiers")) {
    const [local, exported] = [text(field(one, "local"), "name"), text(field(one, "exported"), "name")];
    if (local === undefined || exported === undefined || field(node, "source") !== undefined) isOpen = true;
    else names.push([local, exported]);
  }
  return { names, isOpen };
}
