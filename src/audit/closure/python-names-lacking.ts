/** Whether a Python module certainly lacks a name that is imported from it: its text does not have the word, and no code could set it in another way. */
import { absoluteName, isStandard, type LoadedModule, type LoadedModules, STANDARD_FILE } from "./python-loaded.ts";
import type { RunningModule } from "./python-running.ts";

const MAX_STARS = 5;
/** What sets names by other ways than `pythonBindings` knows: by the namespace, by a base class, or by a function that gets the module's own name. */
const SETS_NAMES = /__dict__|__getattr|_convert_\b|\b_getframe\b|\bf_globals\b|\bglobal_enum\b|\beval\(|\bexec\b/;
/** Functions that get the module's own name, and only keep it. */
const HARMLESS_OWN_NAME = /\b(?:get_?logger|Flask|Blueprint|Celery)\(\s*__name__|\.__name__|__name__\s*==|==\s*__name__/gi;
const TAKES_NAMES = /\bfrom\s+[\w.]+\s+import\b/g;
const SETS_OTHERS = /\bsetattr\(|__dict__|\bvars\(|\bexec\(/;

/** Does it certainly lack the name? `running`: all that ran so far. */
export function certainlyLacks(
  one: LoadedModule,
  wanted: string,
  all: LoadedModules,
  running: Iterable<Pick<RunningModule, "file" | "source">>,
): boolean {
  if (/^__\w+__$/.test(wanted) || !lacks(one, wanted, all, 0)) return false;
  const texts = [...running].flatMap(({ file, source }) =>
    file !== undefined && STANDARD_FILE.test(`/${file.path}`) ? [] : [source.replace(TAKES_NAMES, "")],
  );
  // Another module can set it: plainly, or with the module in a variable.
  const last = one.name.slice(one.name.lastIndexOf(".") + 1);
  const sets = new RegExp(`\\.${wanted}\\b`);
  const holds = new RegExp(`\\b${last}\\b|\\bsys\\.modules\\b|\\bimport_module\\b|\\b__import__\\b`);
  return (
    !texts.some((text) => sets.test(text)) && !(texts.some((text) => SETS_OTHERS.test(text)) && texts.some((text) => holds.test(text)))
  );
}

function lacks(one: LoadedModule, wanted: string, all: LoadedModules, depth: number): boolean {
  const { module, bindings, source, name } = one;
  // A package may have it as a module.
  if (module.kind !== "source" || source === undefined || (depth === 0 && "folders" in module)) return false;
  if (bindings.isOpen || depth > MAX_STARS || SETS_NAMES.test(source)) return false;
  if (!isStandard(module) && source.replace(HARMLESS_OWN_NAME, "").includes("__name__")) return false;
  // The word alone is enough for a doubt: the reader of statements need not understand all of them.
  if (new RegExp(`(?<!\\w)${wanted}(?!\\w)`).test(source)) return false;
  const packageName = "folders" in module ? name : name.slice(0, Math.max(0, name.lastIndexOf(".")));
  return bindings.stars.every((star) => {
    const base = absoluteName(star.level, star.module, packageName);
    const found = base === undefined ? undefined : all.get(base);
    return found !== undefined && lacks(found, wanted, all, depth + 1);
  });
}
