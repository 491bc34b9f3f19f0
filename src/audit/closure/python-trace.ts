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
import { extensionDoubts, type LoadedExtension } from "./python-doubts.ts";
import { pythonFinders } from "./python-finders.ts";
import { functionsOf } from "./python-functions.ts";
import { isStandard, type LoadedModule, type LoadedModules } from "./python-loaded.ts";
import type { PythonModule, PythonModules } from "./python-modules.ts";
import { PYTHON_STANDARD_LIBRARY } from "./python-names.ts";
import { takeNames, usesNameBeside } from "./python-names-taken.ts";
import { type PythonImports, runStatements } from "./python-run.ts";
import type { PythonEnd, PythonFailure, PythonProgress, RunningModule } from "./python-running.ts";
import { pythonText } from "./python-statements.ts";
import { sourceText } from "./source-text.ts";

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
const MAKES_MODULES: ReadonlySet<string> = new Set(["os", "typing"]);
const MAX_SOURCE = 8 * 1024 * 1024;

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
  const { files, modules, folders, shutBy } = options;
  const known = new Map<string, { end: PythonEnd; readonly found: LoadedModule }>();
  const loaded: LoadedModules = { get: (name) => known.get(name)?.found, isBuiltin: (name) => modules.isBuiltin(name) };
  const extensions: LoadedExtension[] = [];
  const hollow = new Set<string>();
  const finders = pythonFinders(options);
  const runner = sourceRunner(options, finders, { load, named, loaded });

  async function load(name: string, from: string | undefined): Promise<PythonEnd> {
    const dot = name.lastIndexOf(".");
    const parent = dot < 0 ? undefined : name.slice(0, dot);
    if (parent !== undefined) {
      const end = await load(parent, from);
      if (end !== undefined) return end;
    }
    const existing = known.get(name);
    if (existing !== undefined) return existing.end;
    const isFrozen = modules.isFrozen(name);
    if (modules.isBuiltin(name) && !isFrozen) return undefined;
    const above = parent === undefined ? undefined : loaded.get(parent);
    const places = parent === undefined ? folders : above !== undefined && "folders" in above.module ? above.module.folders : undefined;
    // What is no package may have put modules below its name itself; of the library only these do.
    if (places === undefined && isFrozen) return undefined;
    if (
      places === undefined &&
      parent !== undefined &&
      above?.module.kind === "source" &&
      isStandard(above.module) &&
      !MAKES_MODULES.has(parent)
    )
      return { kind: "missing", module: name, ...given({ from }) };
    if (places === undefined) return "unsure";
    const module = asSeen(modules.find(name.slice(dot + 1), places), shutBy);
    // Of what is in the interpreter the file only shows the imports.
    if (isFrozen && (module?.kind !== "source" || !isStandard(module) || shutBy(module.entry) !== undefined)) return undefined;
    // Without its __init__ it registers no codecs.
    if (module === undefined || (module.kind === "namespace" && name === "encodings")) {
      if (above === undefined ? finders.mayBeElsewhere(name, from) : finders.mayBeMade(above)) return "unsure";
      return { kind: "missing", module: name, ...given({ from }) };
    }
    if (known.size > MAX_MODULES) return "unsure";
    if (module.kind === "namespace" && PYTHON_STANDARD_LIBRARY.has(name)) hollow.add(name);
    // Whoever imports it in a circle gets it as it is.
    const state: { end: PythonEnd; readonly found: LoadedModule } = { end: undefined, found: await describe(files, module, name) };
    known.set(name, state);
    state.end = await run(state.found, from);
    return state.end;
  }

  /** A package without __init__ has no names but those of its modules. */
  function named(name: string, as: string, { source }: RunningModule): void {
    const module = loaded.get(name)?.module;
    if (module?.kind !== "namespace" || options.openNames.has(name)) return;
    const isThere = (one: string): boolean => known.has(`${name}.${one}`) || modules.find(one, module.folders) !== undefined;
    if (usesNameBeside(source, as, isThere)) hollow.add(name);
  }

  async function run({ module, name, source, progress, constants }: LoadedModule, from: string | undefined): Promise<PythonEnd> {
    if (!("entry" in module)) return undefined;
    const { entry } = module;
    const about = { module: name, entry, ...given({ from }) };
    const shut = shutBy(entry);
    if (shut !== undefined) return { kind: shut === entry ? "unreadable" : "hidden", ...about };
    if (module.kind === "extension") {
      extensions.push({ entry, name });
      return (await options.isBroken(entry)) ? { kind: "extension", ...about } : undefined;
    }
    if (module.kind === "bytecode" || source === undefined) return undefined;
    const packageName = module.folders !== undefined ? name : name.slice(0, Math.max(0, name.lastIndexOf(".")));
    const end = await runner(source, { name, file: entry, packageName, isMain: false, progress, constants });
    return end === "unsure" ? undefined : end;
  }

  async function runMain(file: Entry, packageName: string): Promise<PythonEnd> {
    const source = await sourceText(files, file, MAX_SOURCE);
    return source === undefined ? "unsure" : await runner(source, { ...mainSource(), file, packageName });
  }

  return {
    get extensions() {
      return extensions.map(({ entry }) => entry);
    },
    hollow,
    doubts: () => extensionDoubts(extensions, { ...options, loaded, load, mayBeMade: finders.mayBeMade }),
    load: (name) => certainEnd(load(name, undefined)),
    main: (file, packageName = "") => certainEnd(runMain(file, packageName)),
    code: (source) => certainEnd(runner(source, { ...mainSource(), packageName: "" })),
  };
}

async function certainEnd(end: Promise<PythonEnd>): Promise<PythonFailure | undefined> {
  const done = await end;
  return done === "unsure" ? undefined : done;
}

/** Of a package whose folder may not be entered Python sees the folder alone. */
function asSeen(module: PythonModule | undefined, shutBy: PythonTraceOptions["shutBy"]): PythonModule | undefined {
  if (module === undefined || !("entry" in module) || !("folders" in module) || module.folders === undefined) return module;
  return shutBy(module.entry)?.path === parentOf(module.entry.path) ? { kind: "namespace", folders: module.folders } : module;
}

async function describe(files: AuditFiles, module: PythonModule, name: string): Promise<LoadedModule> {
  const made = { module, name, progress: { at: 0, unsure: 0 }, constants: new Map() };
  if (module.kind === "namespace") return { ...made, bindings: NO_BINDINGS };
  const source = module.kind === "source" ? await sourceText(files, module.entry, MAX_SOURCE) : undefined;
  return { ...made, ...given({ source }), bindings: source === undefined ? OPEN_BINDINGS : pythonBindings(source, name) };
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

/** Makes what runs the texts of one program, by the imports of a tracer. */
function sourceRunner(
  { modules, version, signal }: PythonTraceOptions,
  finders: ReturnType<typeof pythonFinders>,
  { load, named, loaded }: Pick<PythonImports, "load" | "named"> & { readonly loaded: LoadedModules },
): (source: string, one: Source) => Promise<PythonEnd> {
  const running = new Map<string, RunningModule>();
  const mayBeElsewhere = (name: string, from: string | undefined): boolean => finders.mayBeElsewhere(name, from);
  const sources = { modules, loaded, load, running, mayBeElsewhere };
  const imports: PythonImports = { load, named, fromImport: (one, module, from) => takeNames(one, { module, from }, sources) };
  return async (source, { name, file, packageName, isMain, progress, constants }) => {
    signal?.throwIfAborted();
    const { statements, code } = pythonText(source);
    finders.note(code, file, packageName === "" ? name : packageName);
    const functions = functionsOf(statements);
    const facts = { version, isMain, constants };
    const module: RunningModule = { file, source, facts, package: packageName, functions, imported: new Map(), progress };
    running.set(name, module);
    try {
      return await runStatements(statements, module, imports);
    } finally {
      progress.at = Infinity;
    }
  };
}
