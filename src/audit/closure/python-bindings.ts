/** Which names a Python module may have at its end, by its text: to tell a missing submodule from a name that the package sets itself. */
import { pythonStatements, type PythonStatement } from "./python-statements.ts";

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
const MAKES_MODULES = /\bsys\.modules\b|\b__path__\b|\bextend_path\b/;
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
  const statements = pythonStatements(source);
  const top = new Set(statements);
  const stack: PythonStatement[] = [...statements];
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    switch (one.kind) {
      case "import":
        for (const { binds } of one.modules) names.add(binds);
        break;
      case "from":
        if (one.names === "*") stars.push({ level: one.level, module: one.module, isTop: top.has(one) });
        else bindImported(one.names, isOwn(one, ownName), names);
        break;
      case "block":
        for (const arm of one.arms) {
          stack.push(...arm.body);
          if (arm.keyword === "def" || arm.keyword === "class") names.add(/^\w+/.exec(arm.head)?.[0] ?? "");
          else for (const [name] of arm.head.matchAll(/[A-Za-z_]\w*/g)) names.add(name);
        }
        break;
      case "simple":
        for (const name of assigned(one.text)) names.add(name);
        if (one.text.startsWith("__all__"))
          all = /^__all__\s*=\s*[[(][\s",]*[\])]$/.test(one.text) && all === undefined ? new Set(one.strings) : new Set(ANY);
        break;
      default:
        one satisfies never;
    }
  }
  const makesModules = MAKES_MODULES.test(source);
  const known = all === undefined || all.has("*") ? {} : { all };
  return { names, stars, ...known, isOpen: makesModules || OPEN.test(source), makesModules };
}

function isOwn(one: PythonStatement & { readonly kind: "from" }, ownName: string): boolean {
  return (one.level === 1 && one.module === "") || (one.level === 0 && one.module === ownName);
}

/** `from . import sub` binds it only if it is a submodule: that is what is asked here. */
function bindImported(imported: readonly { readonly name: string; readonly as: string }[], own: boolean, names: Set<string>): void {
  for (const { name, as } of imported) if (!own || name !== as) names.add(as);
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
