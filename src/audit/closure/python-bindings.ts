/** Which names a Python module may have at its end, by its text: to tell a missing submodule from a name that the package sets itself. */
import { pythonStatements, type PythonStatement } from "./python-statements.ts";

/** Names; "open" when code could set any. */
export type PythonBindings = ReadonlySet<string> | "open";

/** Code that sets names which no text shows, or imports in a way of its own. */
const OPEN =
  /\b__getattr__\b|\bglobals\(|\bvars\(|\blocals\(|\bexec\(|\bsetattr\(|\bsys\.modules\b|\b__path__\b|\b__import__\b|\bimport_module\b|\bpkgutil\b/;

/** What `import *` and code bind is not known. `own`: the statement of the module itself is no binding of a submodule. */
export function pythonBindings(source: string, ownName: string): PythonBindings {
  if (OPEN.test(source)) return "open";
  const names = new Set<string>();
  let isOpen = false;
  const stack: PythonStatement[] = [...pythonStatements(source)];
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    switch (one.kind) {
      case "import":
        for (const { binds, module } of one.modules) {
          names.add(binds);
          // `import pkg.sub` in pkg itself sets `sub`, if that is there.
          if (module.startsWith(`${ownName}.`)) continue;
        }
        break;
      case "from":
        if (one.names === "*") isOpen = true;
        else bindImported(one.names, isOwn(one, ownName), names);
        break;
      case "block":
        for (const arm of one.arms) {
          stack.push(...arm.body);
          if (arm.keyword === "def" || arm.keyword === "class") names.add(/^\w+/.exec(arm.head)?.[0] ?? "");
          else for (const [name] of arm.head.matchAll(/[A-Za-z_]\w*/g)) names.add(name);
        }
        break;
      default:
        for (const name of assigned(one.text)) names.add(name);
    }
  }
  return isOpen ? "open" : names;
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
