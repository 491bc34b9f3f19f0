/** What a JavaScript file imports, by its syntax tree: nothing is evaluated. Loaded on use, because of the parser. */
import { type Node, parse } from "acorn";
import { given } from "../../given.ts";
import { commonJsFinder } from "./node-forms.ts";
import { type NodeWorker, textOf, workerFinder } from "./node-workers.ts";
import { processValue } from "./script/conditions.ts";
import { globalValues, type ScriptProcess } from "./script/natives.ts";
import { eachChild, field, list, text } from "./script/nodes.ts";
import { objectOf, truth, UNKNOWN, type Value } from "./script/values.ts";

/** One import whose name is written in the file. */
export interface NodeImport {
  readonly specifier: string;
  /** How Node resolves it. */
  readonly kind: "import" | "require";
  /** Runs only when a function is called or a condition holds. */
  readonly lazy: boolean;
  /** Inside `try`, or with a `catch` of its own: the program expects that it may be missing. */
  readonly guarded: boolean;
}

/** What is in a file. */
export interface ParsedModule {
  readonly isModule: boolean;
  /** Node.js does not run it as what its package says that it is: it is of the other kind. */
  readonly isMisfit?: true;
  readonly imports: readonly NodeImport[];
  readonly workers: readonly NodeWorker[];
  /** It may end the program well, or keep it from dying of an error that nobody takes. */
  readonly outlives: boolean;
}

/** Bare has `require.addon`, Node.js does not. */
const REQUIRE: Value = objectOf({ addon: undefined }, { isOpen: true });
const LAZY: ReadonlySet<string> = new Set(
  (
    "FunctionDeclaration FunctionExpression ArrowFunctionExpression SwitchStatement " +
    "CatchClause ForStatement ForInStatement ForOfStatement WhileStatement DoWhileStatement"
  ).split(" "),
);
/** Cheap: files without these words import nothing. */
const HINT = /\b(?:require|imports?|exports?)\b/;
const OUTLIVES = /[uU]ncaughtException|\bexit\(\s*(?:0\s*)?\)|\bchdir\b|["'](?:node:)?domain["']/;

/** The syntax tree of a file. `isModule`: undefined when Node would find out by the syntax. Undefined for what is no JavaScript. */
export function parseNodeModule(
  source: string,
  isModule: boolean | undefined,
): { readonly isModule: boolean; readonly root: Node } | undefined {
  const script = isModule === true ? undefined : tryParse(source, "script");
  if (script !== undefined) return { isModule: false, root: script };
  const module = isModule === false ? undefined : tryParse(source, "module");
  return module === undefined ? undefined : { isModule: true, root: module };
}

/** What files import, in a process that is known or not; as `parseNodeModule`. */
export function nodeImportParser(process?: ScriptProcess): (source: string, isModule: boolean | undefined) => ParsedModule | undefined {
  const globals =
    process === undefined
      ? new Map<string, Value>([["process", UNKNOWN]])
      : new Map<string, Value>([...globalValues(process), ["require", REQUIRE]]);
  return (source, isModule) => {
    const outlives = OUTLIVES.test(source);
    if (!HINT.test(source)) return { isModule: isModule ?? false, imports: [], workers: [], outlives };
    const parsed = parseNodeModule(source, isModule);
    if (parsed === undefined) {
      const other = isModule === false ? parseNodeModule(source, true) : undefined;
      return other === undefined ? undefined : { isModule: false, isMisfit: true, imports: [], workers: [], outlives };
    }
    const workers = workerFinder();
    const commonJs = commonJsFinder();
    const imports = importsOf(parsed.root, globals, (node, { lazy, guarded }) => {
      workers.see(node, lazy);
      commonJs.see(node, !lazy && !guarded);
    });
    const isMisfit = isModule === true && commonJs.found() ? true : undefined;
    return { isModule: parsed.isModule, imports, workers: workers.found(source), outlives, ...given({ isMisfit }) };
  };
}

function tryParse(source: string, sourceType: "script" | "module"): Node | undefined {
  try {
    return parse(source, {
      ecmaVersion: "latest",
      sourceType,
      allowHashBang: true,
      allowReturnOutsideFunction: sourceType === "script",
    });
  } catch (error) {
    // Nesting without end overflows the parser's stack: no program either.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Work {
  readonly node: Node;
  readonly lazy: boolean;
  readonly guarded: boolean;
}

/** Goes through the tree without recursion: how deep it is, a stranger says. */
function importsOf(
  root: Node,
  globals: ReadonlyMap<string, Value>,
  see: (node: Node, runs: Pick<Work, "lazy" | "guarded">) => void,
): readonly NodeImport[] {
  const imports: NodeImport[] = [];
  const awaited = new Set<Node | undefined>();
  const stack: Work[] = [{ node: root, lazy: false, guarded: false }];
  for (let work = stack.pop(); work !== undefined; work = stack.pop()) {
    const { node, lazy, guarded } = work;
    // Bundlers give modules a `require` of their own.
    if (list(node, "params").some((one) => one?.type === "Identifier" && text(one, "name") === "require")) continue;
    see(node, work);
    // Nobody goes on before these are there.
    for (const one of node.type === "AwaitExpression" ? awaitedImports(field(node, "argument")) : []) awaited.add(one);
    const found = importOf(node);
    if (found !== undefined) imports.push({ ...found, lazy: lazy || (found.lazy && !awaited.has(node)), guarded });
    // A function that is called where it is written runs at once.
    const called = node.type === "CallExpression" ? field(node, "callee") : undefined;
    const branches = branchesOf(node, globals);
    const isTry = node.type === "TryStatement";
    const isCaught = node.type === "CallExpression" && propertyName(called) === "catch";
    eachChild(node, (child, name) => {
      const runsNow = child === called && isFunction(child);
      const runs = branches[name] ?? "always";
      if (runs === "never") return;
      stack.push({
        node: child,
        lazy: lazy || runs === "perhaps" || (LAZY.has(child.type) && !runsNow),
        guarded: guarded || (isTry && name === "block") || isCaught,
      });
    });
  }
  return imports.reverse();
}

type Runs = "always" | "perhaps" | "never";

/** Whether the parts of a condition run, by their name. */
function branchesOf(node: Node, globals: ReadonlyMap<string, Value>): Readonly<Record<string, Runs>> {
  const is = (known: boolean | typeof UNKNOWN, wanted: boolean): Runs =>
    known === UNKNOWN ? "perhaps" : known === wanted ? "always" : "never";
  switch (node.type) {
    case "IfStatement":
    case "ConditionalExpression": {
      const holds = truth(processValue(field(node, "test"), globals));
      return { consequent: is(holds, true), alternate: is(holds, false) };
    }
    case "LogicalExpression": {
      const left = processValue(field(node, "left"), globals);
      const operator = text(node, "operator");
      const holds = operator === "??" && left !== UNKNOWN ? left !== null && left !== undefined : truth(left);
      return { right: is(holds, operator === "&&") };
    }
    default:
      return {};
  }
}

/** The `import()`s whose failure is that of a promise: itself, `import().then(f)`, and those in `Promise.all([…])`. */
function awaitedImports(promise: Node | undefined): readonly Node[] {
  if (promise?.type === "ImportExpression") return [promise];
  const callee = promise?.type === "CallExpression" ? field(promise, "callee") : undefined;
  const [first, second] = list(promise, "arguments");
  const object = field(callee, "object");
  if (propertyName(callee) === "then" && second === undefined) return awaitedImports(object);
  if (propertyName(callee) !== "all" || text(object, "name") !== "Promise" || first?.type !== "ArrayExpression") return [];
  return list(first, "elements").flatMap(awaitedImports);
}

function importOf(node: Node): Pick<NodeImport, "specifier" | "kind" | "lazy"> | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
      return literal(field(node, "source"), "import", false);
    case "ImportExpression":
      return literal(field(node, "source"), "import", true);
    case "CallExpression": {
      const callee = field(node, "callee");
      if (callee?.type !== "Identifier" || text(callee, "name") !== "require") return undefined;
      const [argument] = list(node, "arguments");
      return literal(argument, "require", false);
    }
    default:
      return undefined;
  }
}

function literal(
  node: Node | undefined,
  kind: NodeImport["kind"],
  lazy: boolean,
): Pick<NodeImport, "specifier" | "kind" | "lazy"> | undefined {
  const specifier = textOf(node);
  return specifier === undefined || specifier === "" ? undefined : { specifier, kind, lazy };
}

function isFunction(node: Node): boolean {
  return node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";
}

function propertyName(node: Node | undefined): string | undefined {
  const property = node?.type === "MemberExpression" ? field(node, "property") : undefined;
  return property === undefined ? undefined : text(property, "name");
}
