/** Modules that may be found though no folder of the search path has them: the program can change the path, bring finders, or make modules. */
import type { Entry } from "../../tree/index.ts";
import { isStandard, type LoadedModule, soFar, STANDARD_FILE } from "./python-loaded.ts";
import { PYTHON_STANDARD_LIBRARY } from "./python-names.ts";

/** From here on other modules may be found than the search path has: at the top, or anywhere. */
const OWN_PATH =
  /\bsys\.path\s*(?:[[=+]|\.(?:insert|append|extend|remove)\b)|\bsite\.addsitedir\b|\bsys\.modules(?:\s*\[[^\]\n]*\]\s*=(?!=)|\.(?:update|setdefault)\b)/;
const OWN_FINDER = /\bsys\.(?:meta_path|path_hooks)\b/;

/** What is known before the program runs. */
interface GivenFinders {
  /** Code of a .pth file may change how modules are found: then nothing is certain. */
  readonly isOpen: boolean;
  /** Top-level packages that .pth files put together. */
  readonly openNames: ReadonlySet<string>;
}

/** What is known of them while a program runs. */
interface PythonFinders {
  /** A file runs whose code, without comments and strings, may bring some. `owner`: its package, or itself. */
  note(code: string, file: Entry | undefined, owner: string): void;
  /** May a top-level module be found elsewhere? `from`: the importing file. */
  mayBeElsewhere(name: string, from: string | undefined): boolean;
  /** May a package have a submodule that none of its folders has? */
  readonly mayBeMade: (one: LoadedModule) => boolean;
}

/** For one program. */
export function pythonFinders({ isOpen, openNames }: GivenFinders): PythonFinders {
  let ownPath = false;
  /** Packages that bring finders of their own, for what they vendor. */
  const owners = new Set<string>();
  return {
    note(code, file, owner) {
      // The library itself is known to leave the search path alone.
      if (file !== undefined && STANDARD_FILE.test(`/${file.path}`)) return;
      ownPath ||= OWN_PATH.test(code);
      if (OWN_FINDER.test(code)) owners.add(owner);
    },
    mayBeElsewhere(name, from) {
      // The library itself asks for what belongs to it.
      if (PYTHON_STANDARD_LIBRARY.has(name) || (from !== undefined && STANDARD_FILE.test(from))) return false;
      return ownPath || isOpen || owners.size > 0 || openNames.has(name);
    },
    mayBeMade(one) {
      const isOwned = [...owners].some((owner) => one.name === owner || one.name.startsWith(`${owner}.`));
      return !isStandard(one.module) && (soFar(one).makesModules || isOpen || isOwned);
    },
  };
}
