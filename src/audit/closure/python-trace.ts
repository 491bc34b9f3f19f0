/**
 * What a Python program imports before it does anything else, in the order of Python: from module to module, as far as the text of the files says what always
 * runs. An exception goes up as it would: to the `except` that takes it, or to the end of the program.
 */
import { given } from "../../given.ts";
import { parentOf } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { NO_BINDINGS, OPEN_BINDINGS, pythonBindings } from "./python-bindings.ts";
import type { PythonConstants } from "./python-conditions.ts";
import { namesInExtension } from "./python-extension.ts";
import { absoluteName, hasSet, isStandard, type LoadedModule, type LoadedModules, mayHave, soFar, STANDARD_FILE } from "./python-loaded.ts";
import type { PythonModule, PythonModules } from "./python-modules.ts";
import { PYTHON_STANDARD_LIBRARY } from "./python-names.ts";
import { type PythonEnd, type PythonFailure, type PythonProgress, functionsOf, runStatements, type RunningModule } from "./python-run.ts";
import { type PythonStatement, pythonText } from "./python-statements.ts";

/** How to go through. */
interface PythonTraceOptions {
  readonly files: AuditFiles;
  readonly modules: PythonModules;
  readonly version: string | undefined;
  /** Directories of the search path, the first one included. */
  readonly folders: readonly string[];
  /** Code of a .pth file may change how modules are found: then nothing is certain. */
  readonly isOpen: boolean;
  /** Top-level packages that .pth files put together. */
  readonly openNames: ReadonlySet<string>;
  /** What keeps the user from reading a file: itself, or a directory. */
  readonly shutBy: (entry: Entry) => Entry | undefined;
  /** Does an extension module lack something? */
  readonly isBroken: (entry: Entry) => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

const MAX_MODULES = 5000;
const MAX_SOURCE = 8 * 1024 * 1024;
/** From here on other modules may be found than the search path has: at the top, or anywhere. */
const OWN_PATH =
  /\bsys\.path\s*(?:[[=+]|\.(?:insert|append|extend|remove)\b)|\bsite\.addsitedir\b|\bsys\.modules(?:\s*\[[^\]\n]*\]\s*=(?!=)|\.(?:update|setdefault)\b)/;
const OWN_FINDER = /\bsys\.(?:meta_path|path_hooks)\b/;
/** A tracer: roots are run one after the other, as one program. */
export interface PythonTracer {
  /** Imports a module. */
  load(name: string): Promise<PythonFailure | undefined>;
  /** Runs a file as the main program; `package`: that of `python -m`. */
  main(file: Entry, packageName?: string): Promise<PythonFailure | undefined>;
  /** The source behind -c. */
  code(source: string): Promise<PythonFailure | undefined>;
  /** What the extensions that were loaded may import, and the image does not have. Asked last. */
  doubts(): Promise<readonly PythonFailure[]>;
  readonly extensions: readonly Entry[];
  /** Packages without an __init__ of which names are wanted: nothing is in them. */
  readonly hollow: ReadonlySet<string>;
}

/** Makes a tracer. */
export function pythonTracer(options: PythonTraceOptions): PythonTracer {
  const { files, modules, version, folders, shutBy, isBroken, signal } = options;
  const loaded = new Map<string, { end: PythonEnd; readonly found: LoadedModule | undefined }>();
  const running = new Map<string, RunningModule>();
  const extensions: { readonly entry: Entry; readonly name: string }[] = [];
  const hollow = new Set<string>();
  const all: LoadedModules = { get: (name) => loaded.get(name)?.found, isBuiltin: (name) => modules.isBuiltin(name) };
  let ownPath = false;
  /** Packages that bring finders of their own, for what they vendor. */
  const finders = new Set<string>();

  async function load(name: string, from: string | undefined): Promise<PythonEnd> {
    const dot = name.lastIndexOf(".");
    const parent = dot < 0 ? undefined : name.slice(0, dot);
    if (parent !== undefined) {
      const end = await load(parent, from);
      if (end !== undefined) return end;
    }
    const known = loaded.get(name);
    if (known !== undefined) return known.end;
    const isFrozen = modules.isFrozen(name);
    if (modules.isBuiltin(name) && !isFrozen) return undefined;
    const above = parent === undefined ? undefined : loaded.get(parent)?.found;
    const places = parent === undefined ? folders : above !== undefined && "folders" in above.module ? above.module.folders : undefined;
    // What is no package may have put modules below its name itself.
    if (places === undefined) return isFrozen ? undefined : "unsure";
    const module = asSeen(modules.find(name.slice(dot + 1), places));
    // Of what is in the interpreter the file only shows the imports.
    if (isFrozen && (module?.kind !== "source" || !isStandard(module) || shutBy(module.entry) !== undefined)) return undefined;
    // Without its __init__ it registers no codecs.
    if (module === undefined || (module.kind === "namespace" && name === "encodings")) {
      if (above === undefined ? mayBeElsewhere(name, from) : mayBeMade(above)) return "unsure";
      return { kind: "missing", module: name, ...given({ from }) };
    }
    if (loaded.size > MAX_MODULES) return "unsure";
    if (module.kind === "namespace" && PYTHON_STANDARD_LIBRARY.has(name)) hollow.add(name);
    // Whoever imports it in a circle gets it as it is.
    const state: { end: PythonEnd; readonly found: LoadedModule } = { end: undefined, found: await describe(module, name) };
    loaded.set(name, state);
    state.end = await run(state.found, from);
    return state.end;
  }

  /** Of a package whose folder may not be entered Python sees the folder alone. */
  function asSeen(module: PythonModule | undefined): PythonModule | undefined {
    if (module === undefined || !("entry" in module) || !("folders" in module) || module.folders === undefined) return module;
    return shutBy(module.entry)?.path === parentOf(module.entry.path) ? { kind: "namespace", folders: module.folders } : module;
  }

  /** A package without __init__ has no names but those of its modules. */
  function named(name: string, as: string, { source }: RunningModule): void {
    const module = loaded.get(name)?.found?.module;
    if (module?.kind !== "namespace" || options.openNames.has(name)) return;
    const isIn = (one: string): boolean => loaded.has(`${name}.${one}`) || modules.find(one, module.folders) !== undefined;
    const pattern = new RegExp(`(?<![\\w.])${as.replaceAll(".", "\\.")}\\.(\\w+)`, "g");
    for (const [, one = ""] of source.matchAll(pattern)) if (!/^__(?:path|name|file|spec|doc)__$/.test(one) && !isIn(one)) hollow.add(name);
  }

  function mayBeElsewhere(name: string, from: string | undefined): boolean {
    // The library itself asks for what belongs to it.
    if (PYTHON_STANDARD_LIBRARY.has(name) || (from !== undefined && STANDARD_FILE.test(from))) return false;
    return ownPath || options.isOpen || finders.size > 0 || options.openNames.has(name);
  }

  /** May a package have a submodule that none of its folders has? */
  function mayBeMade(one: LoadedModule): boolean {
    const { module, name } = one;
    return (
      !isStandard(module) &&
      (soFar(one).makesModules || options.isOpen || [...finders].some((one) => name === one || name.startsWith(`${one}.`)))
    );
  }

  async function describe(module: PythonModule, name: string): Promise<LoadedModule> {
    const made = { module, name, progress: { at: 0, unsure: 0 }, constants: new Map() };
    if (module.kind === "namespace") return { ...made, bindings: NO_BINDINGS };
    const source = module.kind === "source" ? await sourceOf(module.entry) : undefined;
    return { ...made, ...given({ source }), bindings: source === undefined ? OPEN_BINDINGS : pythonBindings(source, name) };
  }

  async function run({ module, name, source, progress, constants }: LoadedModule, from: string | undefined): Promise<PythonEnd> {
    if (!("entry" in module)) return undefined;
    const { entry } = module;
    const about = { module: name, entry, ...given({ from }) };
    const shut = shutBy(entry);
    if (shut !== undefined) return { kind: shut === entry ? "unreadable" : "hidden", ...about };
    if (module.kind === "extension") {
      extensions.push({ entry, name });
      return (await isBroken(entry)) ? { kind: "extension", ...about } : undefined;
    }
    if (module.kind === "bytecode") return undefined;
    if (source === undefined) return undefined;
    const packageName = module.folders !== undefined ? name : name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const end = await runSource(source, { name, file: entry, packageName, isMain: false, progress, constants });
    return end === "unsure" ? undefined : end;
  }

  async function sourceOf(entry: Entry): Promise<string | undefined> {
    const bytes = await files.read(entry, MAX_SOURCE);
    return bytes === undefined
      ? undefined
      : Buffer.from(bytes)
          .toString("utf8")
          .replace(/^\uFEFF/, "");
  }

  async function runMain(file: Entry, packageName: string): Promise<PythonEnd> {
    const source = await sourceOf(file);
    return source === undefined ? "unsure" : await runSource(source, { ...mainSource(), file, packageName });
  }

  async function runSource(source: string, { name, file, packageName, isMain, progress, constants }: Source): Promise<PythonEnd> {
    signal?.throwIfAborted();
    const { statements, code } = pythonText(source);
    // The library itself is known to leave the search path alone.
    if (file === undefined || !STANDARD_FILE.test(`/${file.path}`)) {
      ownPath ||= OWN_PATH.test(code);
      if (OWN_FINDER.test(code)) finders.add(packageName === "" ? name : packageName);
    }
    const facts = { version, isMain, constants };
    const module: RunningModule = {
      file,
      source,
      facts,
      package: packageName,
      functions: functionsOf(statements),
      imported: new Map(),
      progress,
    };
    running.set(name, module);
    try {
      return await runStatements(statements, module, { load, named, fromImport });
    } finally {
      progress.at = Infinity;
    }
  }

  async function fromImport(
    one: PythonStatement & { readonly kind: "from" },
    module: RunningModule,
    from: string | undefined,
  ): Promise<PythonEnd> {
    const base = absoluteName(one.level, one.module, module.package);
    if (base === undefined) return "unsure";
    const end = await load(base, from);
    if (end !== undefined) return end;
    const found = loaded.get(base)?.found;
    if (found === undefined || one.names === "*") return undefined;
    for (const { name, as } of one.names) {
      const constant = found.constants.get(name);
      if (constant !== undefined) module.facts.constants.set(as, constant);
      const home = running.get(base);
      const body = home?.functions.get(name);
      if (home === undefined || body === undefined) module.imported.delete(as);
      else module.imported.set(as, { home, body });
    }
    if (!("folders" in found.module)) return undefined;
    for (const { name } of one.names) {
      if (/^__\w+__$/.test(name)) continue;
      const isSubmodule = modules.find(name, found.module.folders ?? []) !== undefined;
      if (isSubmodule ? hasSet(found, name) : found.bindings.names.has(name) || mayHave(found, name, all)) continue;
      const ended = await load(`${base}.${name}`, from);
      if (ended !== undefined && ended !== "unsure") return ended;
    }
    return undefined;
  }

  async function finish(end: Promise<PythonEnd>): Promise<PythonFailure | undefined> {
    const done = await end;
    return done === "unsure" ? undefined : done;
  }

  /** A name of the library is followed; one of the extension's own package must be there. */
  async function doubts(): Promise<readonly PythonFailure[]> {
    const told = new Map<string, PythonFailure>();
    // Those that are met on the way follow.
    for (const { entry, name: own } of extensions) {
      const from = `/${entry.path}`;
      for (const name of await namesInExtension(files, entry)) {
        const end = PYTHON_STANDARD_LIBRARY.has(name) ? await load(name, from) : await lacking(name, own, from);
        if (end !== undefined && end !== "unsure") told.set(end.module, end);
      }
    }
    return [...told.values()];
  }

  /** What is wrong with a module of the package of an extension; nothing where the name may be one of what the package sets. */
  async function lacking(written: string, extension: string, from: string): Promise<PythonFailure | undefined> {
    const [top = ""] = extension.split(".", 1);
    const isDotted = written.startsWith(`${top}.`);
    const name = isDotted ? written : `${extension.slice(0, extension.lastIndexOf("."))}.${written}`;
    if (!extension.includes(".") || (!isDotted && written.includes(".")) || loaded.has(name)) return undefined;
    const above = loaded.get(name.slice(0, name.lastIndexOf(".")))?.found;
    const last = name.slice(name.lastIndexOf(".") + 1);
    if (above === undefined || !("folders" in above.module)) return undefined;
    const module = modules.find(last, above.module.folders ?? []);
    if (module === undefined)
      return !isDotted || mayHave(above, last, all) || mayBeMade(above) ? undefined : { kind: "missing", module: name, from };
    if (!("entry" in module)) return undefined;
    const about = { module: name, from, entry: module.entry };
    if (shutBy(module.entry) !== undefined) return { kind: "unreadable", ...about };
    return module.kind === "extension" && (await isBroken(module.entry)) ? { kind: "extension", ...about } : undefined;
  }

  return {
    get extensions() {
      return extensions.map(({ entry }) => entry);
    },
    hollow,
    doubts,
    load: (name) => finish(load(name, undefined)),
    main: (file, packageName = "") => finish(runMain(file, packageName)),
    code: (source) => finish(runSource(source, { ...mainSource(), packageName: "" })),
  };
}

interface Source {
  readonly name: string;
  readonly file?: Entry;
  readonly packageName: string;
  readonly isMain: boolean;
  readonly progress: PythonProgress;
  readonly constants: PythonConstants;
}

function mainSource(): Omit<Source, "file" | "packageName"> {
  return { name: "__main__", isMain: true, progress: { at: 0, unsure: 0 }, constants: new Map() };
}
