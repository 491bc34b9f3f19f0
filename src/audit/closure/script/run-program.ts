/** Runs a Node.js program on paper, module by module as Node.js would, and says whether something that is missing ends it. */
import type { Node } from "acorn";
import { folderOf } from "../../../facts/index.ts";
import { given } from "../../../given.ts";
import { capturedNames } from "./effects.ts";
import { createInterpreter } from "./interpret.ts";
import { type Budget, newScope, Unsure } from "./machine.ts";
import { builtinModule, detectLibc, globalValues, nodeAbi, ProgramEnd, type ScriptProcess } from "./natives.ts";
import { field, list, text } from "./nodes.ts";
import { getMember } from "./operators.ts";
import {
  type Answer,
  arrayOf,
  loosen,
  type Missed,
  type ModuleState,
  type Need,
  objectOf,
  type Opened,
  plainFunction,
  type Scope,
  ScriptObject,
  ScriptThrow,
  UNKNOWN,
  type Value,
} from "./values.ts";

/** What came of it. */
export interface ProgramEndKnown {
  /** What could not be loaded, of which the program dies: the last one asked for last. Empty: it does not, as far as can be told. */
  readonly fatal: readonly Missed[];
  /** What could not be loaded, where the package asks a program over the network instead. */
  readonly doubtful: readonly Missed[];
  /** Native add-ons that are loaded, by path. */
  readonly addons: readonly string[];
}

type Running<T> = Generator<Need, T, Answer>;

/** Nodes of one module, and of all together. */
const MODULE_STEPS = 150_000;
const MAX_STEPS = 4_000_000;
const MAX_TOLD = 12;
/** Packages that choose among prebuilt add-ons for others. */
const FINDER = /\/node-gyp-build(?:-optional-packages)?$/;
/** Packages that install an add-on when it is missing. */
const INSTALLER = /^napi-postinstall(?:\/|$)/;
const MAX_VALUES = 5000;

/** Answers what the program asks. */
export type AnswerNeed = (need: Need) => Promise<Answer>;

/** Runs the program that begins with `main`, an absolute path. Never throws for what the program holds. */
export async function runProgram(main: string, process: ScriptProcess, answer: AnswerNeed): Promise<ProgramEndKnown> {
  const missed: Missed[] = [];
  const addons: string[] = [];
  const doubtful: Missed[] = [];
  const running = program(main, process, { missed, doubtful, addons });
  try {
    let step = running.next();
    while (step.done !== true) step = running.next(await answer(step.value));
  } catch (error) {
    if (error instanceof ScriptThrow) return { fatal: fatalOf(error, missed, { main, process }), doubtful, addons };
    // Nested without end, or stopped: nothing is known.
    if (error instanceof Unsure || error instanceof ProgramEnd || error instanceof RangeError) return { fatal: [], doubtful, addons };
    throw error;
  }
  return { fatal: [], doubtful, addons };
}

/** An error of the program's own counts when its package could not load something just before. */
function fatalOf(
  { missed: own, from }: ScriptThrow,
  missed: readonly Missed[],
  { main, process }: { readonly main: string; readonly process: ScriptProcess },
): readonly Missed[] {
  if (own !== undefined) return [own];
  // It looks through directories, and throws when nothing in them fits.
  if (from !== undefined && FINDER.test(packageOf(from)))
    return [{ specifier: `./prebuilds/linux-${process.arch}`, from: main, why: "missing" }, ...missed.slice(-1)];
  const last = missed.at(-1);
  if (last === undefined || from === undefined || packageOf(last.from) !== packageOf(from)) return [];
  return missed.filter((one) => packageOf(one.from) === packageOf(from)).slice(-MAX_TOLD);
}

function packageOf(path: string): string {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? "";
}

interface Told {
  readonly missed: Missed[];
  readonly doubtful: Missed[];
  readonly addons: string[];
}

function* program(main: string, process: ScriptProcess, told: Told): Running<void> {
  const budget: Budget = { steps: MODULE_STEPS };
  let left = MAX_STEPS;
  const globals = globalValues(process);
  const globalScope: Scope = newScope(undefined, true);
  for (const [name, value] of globals) globalScope.names.set(name, { value });
  const modules = new Map<string, Value>();
  const interpreter = createInterpreter(budget, (specifier, module) => load(specifier, "import", module.path));

  function miss(specifier: string, from: string, why: Missed["why"], path?: string): ScriptThrow {
    const one: Missed = { specifier, from, why, ...given({ path }) };
    told.missed.push(one);
    const code = why === "missing" ? "MODULE_NOT_FOUND" : "ERR_DLOPEN_FAILED";
    return new ScriptThrow(objectOf({ code }, { isOpen: true }), { missed: one });
  }

  function* load(specifier: Value, how: "import" | "require", from: string): Running<Value> {
    if (typeof specifier !== "string") return UNKNOWN;
    const answer: Answer = yield { kind: "open", specifier, how, from };
    const opened: Opened = "opened" in answer ? answer.opened : { kind: "unknown" };
    switch (opened.kind) {
      case "builtin":
        return builtin(specifier.replace(/^node:/, ""), from);
      case "missing":
        throw miss(specifier, from, "missing");
      case "shut":
        throw miss(specifier, from, "broken", opened.path);
      case "failing":
        throw miss(opened.specifier, opened.from, "missing");
      case "unknown":
        if (INSTALLER.test(specifier))
          told.doubtful.push(...told.missed.filter((one) => packageOf(one.from) === packageOf(from)).slice(-MAX_TOLD));
        return specifier === "node-abi" ? nodeAbi(process) : UNKNOWN;
      case "json":
        return valueOf(opened.value, { left: MAX_VALUES });
      case "addon":
        if (opened.isBroken) throw miss(specifier, from, "broken", opened.path);
        told.addons.push(opened.path);
        return new ScriptObject({ isOpen: true });
      case "script":
        if (specifier !== "detect-libc") return yield* runModule(opened);
        yield* runModule(opened);
        return detectLibc(process);
      default:
        return opened satisfies never;
    }
  }

  function builtin(name: string, from: string): Value {
    if (name !== "module") return builtinModule(name, process, globals);
    const createRequire = plainFunction(([base]) => {
      const path = base instanceof ScriptObject ? base.properties.get("href") : base;
      return requireFrom(typeof path === "string" ? path.replace(/^file:\/\//, "") : from);
    });
    return objectOf({ createRequire }, { isOpen: true });
  }

  function requireFrom(from: string): ScriptObject {
    const made = new ScriptObject({
      call: function* call([specifier]) {
        return yield* load(specifier, "require", from);
      },
    });
    const resolve = new ScriptObject({
      call: function* call([specifier, ...more]) {
        if (typeof specifier !== "string" || more.length > 0) return UNKNOWN;
        const answer: Answer = yield { kind: "open", specifier, how: "require", from };
        const opened = "opened" in answer ? answer.opened : undefined;
        if (opened?.kind === "missing") throw miss(specifier, from, "missing");
        if (opened?.kind === "shut") throw miss(specifier, from, "broken", opened.path);
        return opened !== undefined && "path" in opened ? opened.path : UNKNOWN;
      },
    });
    for (const [name, value] of [
      ["resolve", resolve],
      ["cache", new ScriptObject({ isOpen: true })],
      ["extensions", UNKNOWN],
      ["main", UNKNOWN],
      ["addon", undefined],
    ] as const)
      made.properties.set(name, value);
    return made;
  }

  function* runModule({ path, isModule, root }: Opened & { readonly kind: "script" }): Running<Value> {
    const existing = modules.get(path);
    if (existing !== undefined)
      return existing instanceof ScriptObject && existing.properties.has(" module") ? getMember(existing, "exports") : existing;
    if (left <= 0) return UNKNOWN;
    const scope = newScope(globalScope, true);
    const module: ModuleState = { path, isModule, root, exports: objectOf({}), captured: capturedNames(root), scope };
    const saved = budget.steps;
    budget.steps = MODULE_STEPS;
    try {
      return yield* isModule ? runEsModule(module) : runCommonModule(module);
    } catch (error) {
      if (error instanceof ScriptThrow) modules.delete(path);
      throw error;
    } finally {
      left -= MODULE_STEPS - Math.max(0, budget.steps);
      budget.steps = saved;
    }
  }

  function* runCommonModule(module: ModuleState): Running<Value> {
    const { path, scope } = module;
    const held = objectOf({ exports: module.exports, " module": true, id: path, filename: path });
    modules.set(path, held);
    const folder = folderOf(path);
    const given: readonly (readonly [string, Value])[] = [
      ["module", held],
      ["exports", module.exports],
      ["require", requireFrom(path)],
      ["__dirname", folder],
      ["__filename", path],
      ["this", module.exports],
    ];
    for (const [name, value] of given) scope.names.set(name, { value });
    held.isOpen = true;
    yield* runBody(module, () => held.properties.get("exports"));
    return held.properties.get("exports");
  }

  function* runBody(module: ModuleState, exports: () => Value): Running<void> {
    try {
      yield* interpreter.run(module);
    } catch (error) {
      if (!(error instanceof Unsure)) throw error;
      loosen(exports());
      for (const binding of module.scope.names.values()) {
        if (binding.read === undefined && !(binding.value instanceof ScriptObject && binding.value.call !== undefined))
          binding.value = UNKNOWN;
      }
    }
  }

  function* runEsModule(module: ModuleState): Running<Value> {
    const { path, scope, root } = module;
    const namespace = objectOf({});
    module.exports = namespace;
    modules.set(path, namespace);
    scope.names.set("import.meta", {
      value: objectOf({ url: `file://${path}`, dirname: folderOf(path), filename: path }, { isOpen: true }),
    });
    for (const node of list(root, "body")) if (node !== undefined) yield* importInto(node, module);
    yield* runBody(module, () => namespace);
    for (const node of list(root, "body")) if (node !== undefined) exportFrom(node, module, namespace);
    return namespace;
  }

  function* importInto(node: Node, { path, scope }: ModuleState): Running<void> {
    const source = field(node, "source");
    const specifier = source === undefined ? undefined : text(source, "value");
    if (specifier === undefined || !/^(?:ImportDeclaration|ExportNamedDeclaration|ExportAllDeclaration)$/.test(node.type)) return;
    const exports = yield* load(specifier, "import", path);
    const isNamespace = exports instanceof ScriptObject && [...modules.values()].includes(exports) && !exports.properties.has(" module");
    const member = (name: string): Value => {
      if (name === "default" && !isNamespace) return exports;
      const found = getMember(exports, name);
      // What is not set yet, or is there in a way that we do not see.
      return found === undefined ? UNKNOWN : found;
    };
    for (const one of list(node, "specifiers")) {
      const local = text(field(one, "local"), "name");
      if (one === undefined || local === undefined || node.type !== "ImportDeclaration") continue;
      const imported = one.type === "ImportDefaultSpecifier" ? "default" : text(field(one, "imported"), "name");
      scope.names.set(local, {
        value: UNKNOWN,
        read: () =>
          one.type === "ImportNamespaceSpecifier" ? (isNamespace ? exports : UNKNOWN) : imported === undefined ? UNKNOWN : member(imported),
      });
    }
  }

  function exportFrom(node: Node, { scope }: ModuleState, namespace: ScriptObject): void {
    if (node.type === "ExportAllDeclaration") namespace.isOpen = true;
    if (node.type !== "ExportNamedDeclaration") return;
    const declaration = field(node, "declaration");
    const names: (readonly [string, string])[] = [];
    const own = text(field(declaration, "id"), "name");
    if (own !== undefined) names.push([own, own]);
    for (const one of list(declaration, "declarations")) {
      const name = text(field(one, "id"), "name");
      if (name === undefined) namespace.isOpen = true;
      else names.push([name, name]);
    }
    for (const one of list(node, "specifiers")) {
      const [local, exported] = [text(field(one, "local"), "name"), text(field(one, "exported"), "name")];
      if (local === undefined || exported === undefined || field(node, "source") !== undefined) namespace.isOpen = true;
      else names.push([local, exported]);
    }
    for (const [local, exported] of names) {
      const binding = scope.names.get(local);
      namespace.properties.set(exported, binding === undefined ? UNKNOWN : (binding.read?.() ?? binding.value));
    }
  }

  yield* load(main, "require", main);
}

/** A value of JSON. */
function valueOf(value: unknown, budget: { left: number }): Value {
  budget.left -= 1;
  if (budget.left < 0) return UNKNOWN;
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return arrayOf(value.map((one: unknown) => valueOf(one, budget)));
  if (typeof value !== "object") return UNKNOWN;
  return objectOf(Object.fromEntries(Object.entries(value).map(([name, one]) => [name, valueOf(one, budget)])));
}
