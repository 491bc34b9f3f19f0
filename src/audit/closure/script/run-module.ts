/** Runs the modules of a program, each once: CommonJS modules with `module` and `require`, ES modules with their imports and exports. */
import { folderOf } from "../../../facts/index.ts";
import { capturedNames } from "./effects.ts";
import { bindImports, exportNames, importedSpecifier } from "./es-names.ts";
import { createInterpreter } from "./interpret.ts";
import { type Budget, newScope, type Running, Unsure } from "./machine.ts";
import { list } from "./nodes.ts";
import { getMember } from "./operators.ts";
import { loosen, type ModuleState, objectOf, type Opened, type Scope, ScriptObject, ScriptThrow, UNKNOWN, type Value } from "./values.ts";

/** Nodes of one module, and of all together. */
const MODULE_STEPS = 150_000;
const MAX_STEPS = 4_000_000;
/** Says that an object is the `module` of a CommonJS module. No program can write this name. */
const IS_MODULE = " module";

/** What modules need of the program around them. */
interface ModuleSurroundings {
  /** Global variables of a file. */
  readonly globals: (path: string) => ReadonlyMap<string, Value>;
  readonly unhandled: (error: ScriptThrow) => void;
  /** What `import specifier` in a file gives. */
  readonly load: (specifier: Value, from: string) => Running<Value>;
  /** The function `require` of a file. */
  readonly requireFrom: (from: string) => ScriptObject;
  /** The file that the program begins with. */
  readonly main: string;
}

/** Runs a module, and gives its exports. Throws `ScriptThrow`. */
type RunModule = (opened: Opened & { readonly kind: "script" }) => Running<Value>;

/** Makes what runs the modules of one program. */
export function createModuleRunner({ globals, load, requireFrom, unhandled, main }: ModuleSurroundings): RunModule {
  const budget: Budget = { steps: MODULE_STEPS };
  let left = MAX_STEPS;
  const scopes = new Map<ReadonlyMap<string, Value>, Scope>();
  const modules = new Map<string, Value>();
  const interpreter = createInterpreter(budget, { importValue: (specifier, module) => load(specifier, module.path), unhandled });

  function* commonModule(module: ModuleState): Running<Value> {
    const { path, scope } = module;
    const held = objectOf({ exports: module.exports, [IS_MODULE]: true, id: path, filename: path });
    modules.set(path, held);
    const required = requireFrom(path);
    if (path === main) required.properties.set("main", held);
    const given: readonly (readonly [string, Value])[] = [
      ["module", held],
      ["exports", module.exports],
      ["require", required],
      ["__dirname", folderOf(path)],
      ["__filename", path],
      ["this", module.exports],
    ];
    for (const [name, value] of given) scope.names.set(name, { value });
    held.isOpen = true;
    yield* runBody(module, () => held.properties.get("exports"));
    return held.properties.get("exports");
  }

  function* esModule(module: ModuleState): Running<Value> {
    const { path, scope, root } = module;
    const namespace = objectOf({});
    module.exports = namespace;
    modules.set(path, namespace);
    scope.names.set("import.meta", {
      value: objectOf({ url: `file://${path}`, dirname: folderOf(path), filename: path }, { isOpen: true }),
    });
    // Modules that import each other see it half done.
    namespace.isOpen = true;
    const nodes = list(root, "body").filter((node) => node !== undefined);
    for (const node of nodes) {
      const specifier = importedSpecifier(node);
      if (specifier === undefined) continue;
      const exports = yield* load(specifier, path);
      bindImports(node, module, { exports, isNamespace: isNamespace(exports) });
    }
    if (yield* runBody(module, () => namespace)) namespace.isOpen = false;
    for (const node of nodes) exportNames(node, module, namespace);
    return namespace;
  }

  function isNamespace(exports: Value): boolean {
    return exports instanceof ScriptObject && [...modules.values()].includes(exports) && !exports.properties.has(IS_MODULE);
  }

  /** False where it is not known to its end. */
  function* runBody(module: ModuleState, exports: () => Value): Running<boolean> {
    try {
      yield* interpreter.run(module);
      return true;
    } catch (error) {
      if (!(error instanceof Unsure)) throw error;
      loosen(exports());
      for (const binding of module.scope.names.values()) {
        if (binding.read === undefined && !(binding.value instanceof ScriptObject && binding.value.call !== undefined))
          binding.value = UNKNOWN;
      }
      return false;
    }
  }

  /** Made once for all modules that see the same. */
  function scopeOf(values: ReadonlyMap<string, Value>): Scope {
    const existing = scopes.get(values);
    if (existing !== undefined) return existing;
    const made = newScope(undefined, true);
    for (const [name, value] of values) made.names.set(name, { value });
    scopes.set(values, made);
    return made;
  }

  return function* runModule({ path, isModule, root }) {
    const existing = modules.get(path);
    if (existing !== undefined)
      return existing instanceof ScriptObject && existing.properties.has(IS_MODULE) ? getMember(existing, "exports") : existing;
    if (left <= 0) return UNKNOWN;
    const scope = newScope(scopeOf(globals(path)), true);
    const module: ModuleState = { path, isModule, root, exports: objectOf({}), captured: capturedNames(root), scope };
    const saved = budget.steps;
    budget.steps = MODULE_STEPS;
    try {
      return yield* isModule ? esModule(module) : commonModule(module);
    } catch (error) {
      if (error instanceof ScriptThrow) modules.delete(path);
      throw error;
    } finally {
      left -= MODULE_STEPS - Math.max(0, budget.steps);
      budget.steps = saved;
    }
  };
}
