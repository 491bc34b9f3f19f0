/**
 * Which files a JavaScript file starts as threads or as processes of Node.js ("Worker threads", `new Worker()`; "Child process", `fork()`), by its syntax tree. A path that code puts together
 * is known as far as it begins at the file or at the working directory, and goes on with plain text.
 */
import type { Node } from "acorn";
import { field, list, text } from "./script/nodes.ts";

/** One `new Worker(path)`, or `fork(path)`. */
export interface NodeWorker {
  /** A thread, or a process of its own: whether the program dies with that, its own code says. */
  readonly kind: "worker" | "child";
  /** Relative to `base`, or absolute. */
  readonly path: string;
  /** The folder of the file, the working directory, or what `require.resolve` makes of it. */
  readonly base: Place["base"];
  /** It may not run, or the program may go on when it fails. */
  readonly lazy: boolean;
}

interface Place {
  /** "" is the file itself. */
  readonly path: string;
  readonly base: "file" | "directory" | "module";
}

/** Looks at all nodes of a file, in any order. */
interface WorkerFinder {
  readonly see: (node: Node, lazy: boolean) => void;
  /** After all were seen. */
  readonly found: (source: string) => readonly NodeWorker[];
}

type PlaceOf = (node: Node | undefined) => Place | undefined;

const STARTS = {
  worker: { module: /^(?:node:)?worker_threads$/, name: "Worker" },
  child: { module: /^(?:node:)?child_process$/, name: "fork" },
} as const;
const KINDS = ["worker", "child"] as const;
const MAX_DEPTH = 8;
/** The program goes on without the thread, ends it, or hears of its error: then it need not die with it. */
const OUTLIVES = /\b(?:unref|terminate|onerror)\b|["'`]error["'`]/;
const HERE: Place = { path: ".", base: "file" };
const SELF: Place = { path: "", base: "file" };

/** Makes a finder for one file. */
export function workerFinder(): WorkerFinder {
  /** Local names: of what starts something, and of the modules that have it. */
  const names = { worker: new Set<string>(), child: new Set<string>() };
  const modules = { worker: new Set<string>(), child: new Set<string>() };
  /** What variables hold; undefined when that is not certain. */
  const values = new Map<string, Node | undefined>();
  const started: { readonly node: Node; readonly lazy: boolean }[] = [];

  return {
    see(node, lazy) {
      if (node.type === "NewExpression" || node.type === "CallExpression") started.push({ node, lazy });
      if (node.type === "ImportDeclaration")
        for (const kind of KINDS) if (isModuleName(field(node, "source"), kind)) imported(list(node, "specifiers"), kind);
      if (node.type === "VariableDeclarator") declared(field(node, "id"), field(node, "init"));
      if (node.type === "AssignmentExpression") values.set(text(field(node, "left"), "name") ?? "", undefined);
    },
    found(source) {
      const outlives = OUTLIVES.test(source);
      return started.flatMap(({ node, lazy }) => {
        const kind = node.type === "NewExpression" ? "worker" : "child";
        const [first, ...more] = list(node, "arguments");
        if (!isStart(field(node, "callee"), kind)) return [];
        const certainty = kind === "worker" ? firstArgument(more[0]) : "unsure";
        const plain = kind === "child" ? textOf(first) : undefined;
        const place = plain === undefined ? placeOf(first, values, 0) : ({ path: plain, base: "directory" } as const);
        if (certainty === "other" || place === undefined || place.path === "") return [];
        // Another directory or program for the child.
        if (kind === "child" && !more.every(isPlainOption)) return [];
        return [{ ...place, kind, lazy: lazy || outlives || certainty === "unsure" }];
      });
    },
  };

  function imported(specifiers: readonly (Node | undefined)[], kind: NodeWorker["kind"]): void {
    for (const one of specifiers) {
      const local = text(field(one, "local"), "name") ?? "";
      if (one?.type !== "ImportSpecifier") modules[kind].add(local);
      else if (text(field(one, "imported"), "name") === STARTS[kind].name) names[kind].add(local);
    }
  }

  function declared(id: Node | undefined, init: Node | undefined): void {
    const name = text(id, "name");
    if (name !== undefined) values.set(name, values.has(name) ? undefined : init);
    for (const kind of KINDS) {
      const wanted = STARTS[kind].name;
      if (name === undefined) {
        if (!isModule(init, kind)) continue;
        for (const one of list(id, "properties"))
          if (text(field(one, "key"), "name") === wanted) names[kind].add(text(field(one, "value"), "name") ?? "");
      } else if (isModule(init, kind)) modules[kind].add(name);
      else if (isMember(init, wanted) && isModule(field(init, "object"), kind)) names[kind].add(name);
    }
  }

  function isStart(callee: Node | undefined, kind: NodeWorker["kind"]): boolean {
    if (callee?.type === "Identifier") return names[kind].has(text(callee, "name") ?? "");
    const object = field(callee, "object");
    return isMember(callee, STARTS[kind].name) && (modules[kind].has(text(object, "name") ?? "") || isModule(object, kind));
  }
}

/** Arguments of the child, or options that do not say where and by what it starts. */
function isPlainOption(node: Node | undefined): boolean {
  if (node?.type === "ArrayExpression") return true;
  if (node?.type !== "ObjectExpression") return false;
  return list(node, "properties").every((one) => /^(?!cwd$|exec|$)/.test(text(field(one, "key"), "name") ?? ""));
}

/** Where an expression leads, as far as it is text. */
function placeOf(node: Node | undefined, values: ReadonlyMap<string, Node | undefined>, depth: number): Place | undefined {
  if (node === undefined || depth > MAX_DEPTH) return undefined;
  const plain = textOf(node);
  if (plain !== undefined) return /^\.{0,2}\//.test(plain) ? { path: plain, base: "directory" } : undefined;
  const inner: PlaceOf = (one) => placeOf(one, values, depth + 1);
  switch (node.type) {
    case "Identifier": {
      const name = text(node, "name") ?? "";
      if (values.has(name)) return inner(values.get(name));
      return name === "__dirname" ? HERE : name === "__filename" ? SELF : undefined;
    }
    case "MemberExpression":
      if (field(node, "object")?.type !== "MetaProperty") return isMember(node, "pathname") ? inner(field(node, "object")) : undefined;
      return isMember(node, "dirname") ? HERE : isMember(node, "url") || isMember(node, "filename") ? SELF : undefined;
    case "NewExpression":
      return text(field(node, "callee"), "name") === "URL" ? urlPlace(list(node, "arguments"), inner) : undefined;
    case "CallExpression":
      return calledPlace(field(node, "callee"), list(node, "arguments"), inner);
    case "BinaryExpression":
      return text(node, "operator") === "+" ? followedBy(inner(field(node, "left")), textOf(field(node, "right"))) : undefined;
    case "TemplateLiteral": {
      const [start, end, more] = list(node, "quasis").map(cooked);
      return start === "" && more === undefined ? followedBy(inner(list(node, "expressions")[0]), end) : undefined;
    }
    default:
      return undefined;
  }
}

function calledPlace(callee: Node | undefined, args: readonly (Node | undefined)[], inner: PlaceOf): Place | undefined {
  const [first, ...more] = args;
  const owner = text(field(callee, "object"), "name");
  const name = text(callee, "name") ?? text(field(callee, "property"), "name") ?? "";
  switch (owner === "require" || owner === "process" ? `${owner}.${name}` : name) {
    case "process.cwd":
      return { path: ".", base: "directory" };
    case "require.resolve": {
      const path = more.length === 0 ? textOf(first) : undefined;
      return path === undefined ? undefined : { path, base: "module" };
    }
    case "fileURLToPath":
    case "pathToFileURL":
      return inner(first);
    case "dirname": {
      const place = inner(first);
      return place === undefined ? undefined : place.path === "" ? HERE : { ...place, path: `${place.path}/..` };
    }
    case "resolve": {
      const path = textOf(first);
      return joined(path === undefined ? inner(first) : { path, base: "directory" }, more);
    }
    case "join":
      return joined(textOf(first) === undefined ? inner(first) : undefined, more);
    default:
      return undefined;
  }
}

function joined(first: Place | undefined, more: readonly (Node | undefined)[]): Place | undefined {
  const texts = more.map(textOf);
  if (first === undefined || first.path === "" || first.base === "module") return undefined;
  if (texts.some((one) => one === undefined || one.startsWith("/"))) return undefined;
  return { ...first, path: [first.path, ...texts].join("/") };
}

function followedBy(place: Place | undefined, end: string | undefined): Place | undefined {
  if (place === undefined || place.path === "" || place.base === "module" || end === undefined) return undefined;
  return end.startsWith("/") || place.path.endsWith("/") ? { ...place, path: place.path + end } : undefined;
}

/** `new URL("./x", import.meta.url)`. */
function urlPlace([first, base]: readonly (Node | undefined)[], inner: PlaceOf): Place | undefined {
  const relative = textOf(first)?.replace(/[?#].*$/s, "");
  if (relative === undefined || relative === "" || inner(base)?.path !== "") return undefined;
  return /^[a-z][a-z0-9+.-]*:|^\/|[%\\]/i.test(relative) ? undefined : { path: relative, base: "file" };
}

/** Is the first argument a path? "unsure": only running the program tells. */
function firstArgument(options: Node | undefined): "path" | "unsure" | "other" {
  if (options === undefined) return "path";
  if (options.type !== "ObjectExpression") return "unsure";
  const names = list(options, "properties").map((one) => text(field(one, "key"), "name") ?? "");
  return names.includes("eval") ? "other" : names.includes("") || names.includes("execArgv") ? "unsure" : "path";
}

/** `require("worker_threads")`, `await import(…)`, or one of them that a compiler put into a function of its own. */
function isModule(node: Node | undefined, kind: NodeWorker["kind"]): boolean {
  const one = node?.type === "AwaitExpression" ? field(node, "argument") : node;
  if (one?.type === "ImportExpression") return isModuleName(field(one, "source"), kind);
  if (one?.type !== "CallExpression") return false;
  const [first] = list(one, "arguments");
  return isRequire(one) ? isModuleName(first, kind) : isRequire(first) && isModuleName(list(first, "arguments")[0], kind);
}

function isRequire(node: Node | undefined): boolean {
  return node?.type === "CallExpression" && text(field(node, "callee"), "name") === "require";
}

function isModuleName(node: Node | undefined, kind: NodeWorker["kind"]): boolean {
  return STARTS[kind].module.test(textOf(node) ?? "");
}

function isMember(node: Node | undefined, name: string): boolean {
  return node?.type === "MemberExpression" && text(field(node, "property"), "name") === name;
}

/** The text of a literal, or of a template without expressions. */
export function textOf(node: Node | undefined): string | undefined {
  if (node?.type === "Literal") return text(node, "value");
  const [quasi, more] = node?.type === "TemplateLiteral" ? list(node, "quasis") : [];
  return more === undefined ? cooked(quasi) : undefined;
}

function cooked(quasi: Node | undefined): string | undefined {
  const value: unknown = quasi === undefined ? undefined : Reflect.get(quasi, "value");
  const own: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "cooked") : undefined;
  return typeof own === "string" ? own : undefined;
}
