/** Gives a program what it imports: modules of its files, which run, those of Node.js, JSON, and native add-ons. */
import type { LoadFailures } from "./load-failures.ts";
import type { Running } from "./machine.ts";
import { builtinModule, detectLibc, globalValues, nodeAbi, type ScriptProcess } from "./natives.ts";
import { createModuleRunner } from "./run-module.ts";
import { type Answer, arrayOf, objectOf, type Opened, plainFunction, ScriptObject, UNKNOWN, type Value } from "./values.ts";

/** Loads what a specifier leads to. Throws `ScriptThrow` for what cannot be loaded. */
type LoadModule = (specifier: Value, how: "import" | "require", from: string) => Running<Value>;

/** Packages that install an add-on when it is missing. */
const INSTALLER = /^napi-postinstall(?:\/|$)/;
const MAX_VALUES = 5000;

/** Makes a loader for one program. `addons`: takes the paths of native add-ons that are loaded. */
export function createModuleLoader(process: ScriptProcess, failures: LoadFailures, addons: string[], main: string): LoadModule {
  const packages = globalValues(process);
  const own = globalValues(process, { isOwn: true });
  const globals = (path: string): ReadonlyMap<string, Value> => (isOwn(path) ? own : packages);
  const runModule = createModuleRunner({
    globals,
    load: (specifier, from) => load(specifier, "import", from),
    requireFrom,
    main,
    unhandled: (error) => failures.unhandled(error),
  });

  function* load(specifier: Value, how: "import" | "require", from: string): Running<Value> {
    if (typeof specifier !== "string") return UNKNOWN;
    const opened: Opened = (yield* open(specifier, how, from)) ?? { kind: "unknown" };
    switch (opened.kind) {
      case "builtin":
        return builtin(specifier.replace(/^node:/, ""), from);
      case "missing":
        throw failures.miss({ specifier, from, why: "missing" }, opened.isPart === true ? undefined : how);
      case "shut":
        throw failures.miss({ specifier, from, why: "broken", path: opened.path });
      case "failing":
        throw failures.miss({ specifier: opened.specifier, from: opened.from, why: "missing" });
      case "unknown":
        if (INSTALLER.test(specifier)) failures.doubt(from);
        return specifier === "node-abi" ? nodeAbi(process) : UNKNOWN;
      case "json":
        return valueOf(opened.value, { left: MAX_VALUES });
      case "addon":
        if (opened.isBroken) throw failures.miss({ specifier, from, why: "broken", path: opened.path });
        addons.push(opened.path);
        return new ScriptObject({ isOpen: true });
      case "script": {
        const exports = yield* runModule(opened);
        return specifier === "detect-libc" ? detectLibc(process) : exports;
      }
      default:
        return opened satisfies never;
    }
  }

  function builtin(name: string, from: string): Value {
    // What lies beside the program when it runs, nobody knows: volumes, files that it made.
    if (name === "fs" && isOwn(from)) return new ScriptObject({ isOpen: true });
    if (name !== "module") return builtinModule(name, process, globals(from));
    const createRequire = plainFunction(([base]) => {
      const path = base instanceof ScriptObject ? base.properties.get("href") : base;
      // From another place, other modules are found.
      return typeof path === "string" ? requireFrom(path.replace(/^file:\/\//, "")) : UNKNOWN;
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
        const opened = yield* open(specifier, "require", from);
        if (opened?.kind === "missing")
          throw failures.miss({ specifier, from, why: "missing" }, opened.isPart === true ? undefined : "require");
        if (opened?.kind === "shut") throw failures.miss({ specifier, from, why: "broken", path: opened.path });
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

  return load;
}

/** Is it the program's own code, and not a package's? */
function isOwn(path: string): boolean {
  return !path.includes("/node_modules/");
}

/** Asks who has the files. */
function* open(specifier: string, how: "import" | "require", from: string): Running<Opened | undefined> {
  const answer: Answer = yield { kind: "open", specifier, how, from };
  return "opened" in answer ? answer.opened : undefined;
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
