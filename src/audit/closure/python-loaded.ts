/** A Python module that was imported, while it runs and after: which names and submodules it may have. */
import { type PythonBindings, pythonBindings } from "./python-bindings.ts";
import type { PythonConstants } from "./python-conditions.ts";
import type { PythonModule } from "./python-modules.ts";
import type { PythonProgress } from "./python-running.ts";

/** One of them. */
export interface LoadedModule {
  readonly module: PythonModule;
  readonly name: string;
  readonly bindings: PythonBindings;
  /** Of a text: the text, how far it has run, and the names whose values are known. */
  readonly source?: string;
  readonly progress: PythonProgress;
  readonly constants: PythonConstants;
}

/** All of them. */
export interface LoadedModules {
  get(name: string): LoadedModule | undefined;
  isBuiltin(name: string): boolean;
}

const MAX_STARS = 10;
/** A file of the standard library. */
export const STANDARD_FILE: RegExp = /\/python3\.\d+\/(?!site-|dist-)/;

/** May a module have this name at its end, though no submodule is called so? */
export function mayHave(one: LoadedModule, wanted: string, all: LoadedModules, depth = 0): boolean {
  const { module, name } = one;
  const bindings = soFar(one);
  if (depth > 0 && bindings.all !== undefined) return bindings.all.has(wanted);
  if (bindings.isOpen || bindings.names.has(wanted) || depth > MAX_STARS) return true;
  const packageName = "folders" in module ? name : name.slice(0, Math.max(0, name.lastIndexOf(".")));
  return bindings.stars.some((star) => {
    const base = absoluteName(star.level, star.module, packageName);
    const found = base === undefined ? undefined : all.get(base);
    // What runs later in the file has set nothing yet.
    if (found === undefined) return !star.isTop || base === undefined || all.isBuiltin(base);
    if (found.source !== undefined && found.progress.at < found.source.length) return false;
    return mayHave(found, wanted, all, depth + 1);
  });
}

/** Has a module set a name that a submodule of it has, too? */
export function hasSet({ bindings, source, progress, name }: LoadedModule, wanted: string): boolean {
  if (!bindings.names.has(wanted)) return false;
  return source === undefined || progress.at >= source.length || pythonBindings(source.slice(0, progress.at), name).names.has(wanted);
}

/** While a module runs, only what stands above counts of what sets names that no text shows. */
export function soFar({ bindings, source, progress, name }: LoadedModule): PythonBindings {
  if (source === undefined || progress.at >= source.length) return bindings;
  const { isOpen, makesModules, stars } = pythonBindings(source.slice(0, progress.at), name);
  return { ...bindings, isOpen, makesModules, stars };
}

/** Does a module belong to the standard library? */
export function isStandard(module: PythonModule): boolean {
  return "entry" in module && STANDARD_FILE.test(`/${module.entry.path}`);
}

/** "a.b" of level 1 and "b" in the package "a"; undefined beyond the top. */
export function absoluteName(level: number, module: string, packageName: string): string | undefined {
  if (level === 0) return module;
  const parts = packageName === "" ? [] : packageName.split(".");
  if (level > parts.length) return undefined;
  return [...parts.slice(0, parts.length - level + 1), ...(module === "" ? [] : [module])].join(".");
}
