/** Names that a Python module takes from another: `from x import a`, and `x.a` after `import x`. */
import { given } from "../../given.ts";
import { absoluteName, hasSet, type LoadedModule, type LoadedModules, mayHave } from "./python-loaded.ts";
import { certainlyLacks } from "./python-names-lacking.ts";
import type { PythonModules } from "./python-modules.ts";
import type { PythonEnd, RunningModule } from "./python-running.ts";
import type { PythonStatement } from "./python-statements.ts";

const OWN_PACKAGE = /__package__|__path__|__spec__/;

/** What there is to take from. */
interface NameSources {
  readonly modules: PythonModules;
  readonly loaded: LoadedModules;
  /** Modules that run, or ran. */
  readonly running: ReadonlyMap<string, RunningModule>;
  /** May another file than the one that was found be taken for a module? */
  readonly mayBeElsewhere: (name: string, from: string | undefined) => boolean;
  readonly load: (name: string, from: string | undefined) => Promise<PythonEnd>;
}

/** Runs `from x import a, b`: loads x and those of its names that can only be modules. `from`: the file. */
export async function takeNames(
  one: PythonStatement & { readonly kind: "from" },
  { module, from }: { readonly module: RunningModule; readonly from: string | undefined },
  { modules, loaded, running, mayBeElsewhere, load }: NameSources,
): Promise<PythonEnd> {
  const base = absoluteName(one.level, one.module, module.package);
  // A program can say itself what its package is.
  if (base === undefined)
    return OWN_PACKAGE.test(module.source)
      ? "unsure"
      : { kind: "relative", module: `${".".repeat(one.level)}${one.module}`, ...given({ from }) };
  const end = await load(base, from);
  if (end !== undefined) return end;
  const found = loaded.get(base);
  if (found === undefined || one.names === "*") return undefined;
  for (const name of one.names) bindKnown(name, { module, found, home: running.get(base) });
  if (!("folders" in found.module)) {
    if (mayBeElsewhere(base.split(".")[0] ?? base, from)) return undefined;
    const lacking = one.names.find(({ name }) => certainlyLacks(found, name, loaded, running.values()));
    return lacking === undefined ? undefined : { kind: "name", module: base, name: lacking.name, ...given({ from }) };
  }
  for (const { name } of one.names) {
    if (/^__\w+__$/.test(name)) continue;
    const isSubmodule = modules.find(name, found.module.folders ?? []) !== undefined;
    if (isSubmodule ? hasSet(found, name) : found.bindings.names.has(name) || mayHave(found, name, loaded)) continue;
    const ended = await load(`${base}.${name}`, from);
    if (ended !== undefined && ended !== "unsure") return ended;
  }
  return undefined;
}

interface Binding {
  readonly module: RunningModule;
  readonly found: LoadedModule;
  readonly home: RunningModule | undefined;
}

/** Takes over what is known of a name: its value, and its function. */
function bindKnown({ name, as }: { readonly name: string; readonly as: string }, { module, found, home }: Binding): void {
  const constant = found.constants.get(name);
  if (constant !== undefined) module.facts.constants.set(as, constant);
  const body = home?.functions.get(name);
  if (home === undefined || body === undefined) module.imported.delete(as);
  else module.imported.set(as, { home, body });
}

/** Does a text use a name of a module that `isThere` does not know? `as`: what the text calls the module. */
export function usesNameBeside(source: string, as: string, isThere: (name: string) => boolean): boolean {
  const pattern = new RegExp(`(?<![\\w.])${as.replaceAll(".", "\\.")}\\.(\\w+)`, "g");
  for (const [, name = ""] of source.matchAll(pattern)) if (!/^__(?:path|name|file|spec|doc)__$/.test(name) && !isThere(name)) return true;
  return false;
}
