/** Which names a Python module may have at its end, by its text: to tell a missing submodule from a name that the package sets itself. */
import { allStatements, pythonText, type PythonStatement } from "./python-statements.ts";

/** What the text tells. */
export interface PythonBindings {
  readonly names: ReadonlySet<string>;
  /** Modules whose names `import *` takes. */
  readonly stars: readonly { readonly level: number; readonly module: string; readonly isTop: boolean }[];
  /** What `import *` takes of it, where a plain list says so. */
  readonly all?: ReadonlySet<string>;
  /** Code could set any name. */
  readonly isOpen: boolean;
  /** Code could make submodules that have no file. */
  readonly makesModules: boolean;
}

/** Code that sets names which no text shows, or imports in a way of its own. */
const OPEN = /\b__getattr__\b|\bglobals\(|\bvars\(|\blocals\(|\bexec\(|\bsetattr\(|\b__import__\b|\bimport_module\b|\bpkgutil\b/;
/** Of `sys.modules["other"]` it only reads. */
const MAKES_MODULES = /\bsys\.modules\b(?!\s*\[""\](?!\s*=(?!=)))|(?<!\.)\b__path__\b|\bextend_path\b/;
const ANY = ["*"];
/** Of what is no text. */
export const OPEN_BINDINGS: PythonBindings = { names: new Set(), stars: [], isOpen: true, makesModules: true };
/** Of a package without __init__. */
export const NO_BINDINGS: PythonBindings = { names: new Set(), stars: [], isOpen: false, makesModules: false };

/** The bindings of a module; `ownName` is its dotted name: `from . import sub` in it binds `sub` only if that is a submodule. */
export function pythonBindings(source: string, ownName: string): PythonBindings {
  const names = new Set<string>();
  const stars: { level: number; module: string; isTop: boolean }[] = [];
  let all: ReadonlySet<string> | undefined;
  const { statements, code } = pythonText(source);
  const top = new Set(statements);
  for (const one of allStatements(statements)) {
    for (const name of boundBy(one, isOwn(one, ownName))) names.add(name);
    if (one.kind === "from" && one.names === "*") stars.push({ level: one.level, module: one.module, isTop: top.has(one) });
    if (one.kind === "simple" && one.text.startsWith("__all__"))
      all = /^__all__\s*=\s*(?:[[(][\s",]*[\])]|""[\s",]*)$/.test(one.text) && all === undefined ? new Set(one.strings) : new Set(ANY);
  }
  const makesModules = MAKES_MODULES.test(code);
  const known = all === undefined || all.has("*") ? {} : { all };
  return { names, stars, ...known, isOpen: makesModules || OPEN.test(code), makesModules };
}

function isOwn(one: PythonStatement, ownName: string): boolean {
  return one.kind === "from" && ((one.level === 1 && one.module === "") || (one.level === 0 && one.module === ownName));
}

/** Names that one statement sets, without those of statements in it. `from . import sub` (`own`) binds it only if it is a submodule: that is what is asked. */
export function boundBy(one: PythonStatement, own = false): readonly string[] {
  switch (one.kind) {
    case "import":
      return one.modules.map(({ binds }) => binds);
    case "from":
      return one.names === "*" ? [] : one.names.flatMap(({ name, as }) => (!own || name !== as ? [as] : []));
    case "block":
      return one.arms.flatMap(({ keyword, head }) => boundByHead(keyword, head));
    case "simple":
      return assigned(one.text);
    default:
      return one satisfies never;
  }
}

function boundByHead(keyword: string, head: string): readonly string[] {
  const names = (text: string | undefined): readonly string[] => text?.match(/[A-Za-z_]\w*/g) ?? [];
  const walrus = [...head.matchAll(/([A-Za-z_]\w*)\s*:=/g)].map(([, name = ""]) => name);
  switch (keyword) {
    case "def":
    case "class":
      return names(/^\w+/.exec(head)?.[0]);
    case "for":
      return [...walrus, ...names(/^(.*?)\sin\s/.exec(head)?.[1])];
    case "with":
    case "except":
      return [
        ...walrus,
        ...head
          .split(/\sas\s/)
          .slice(1)
          .flatMap(names),
      ];
    case "case":
      return names(head);
    default:
      return walrus;
  }
}

function assigned(text: string): readonly string[] {
  if (/^(?:global|nonlocal)\b/.test(text)) return text.match(/[A-Za-z_]\w*/g) ?? [];
  const walrus = [...text.matchAll(/([A-Za-z_]\w*)\s*:=/g)].map(([, name = ""]) => name);
  const before = /^(.*?)(?<![=!<>])=(?!=)/.exec(text)?.[1] ?? (/^[A-Za-z_]\w*\s*:/.test(text) ? text : "");
  // `a = b = c`: each is taken; a name too many only makes us say less.
  const rest = text
    .split(/(?<![=!<>])=(?!=)/)
    .slice(0, -1)
    .join(" ");
  return [...walrus, ...(`${before} ${rest}`.match(/[A-Za-z_]\w*/g) ?? [])];
}
