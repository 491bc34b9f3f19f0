/**
 * What a Python program imports before it does anything else, in the order of Python: from module to module, as far as the text of the files says what always
 * runs. An exception goes up as it would: to the `except` that takes it, or to the end of the program.
 */
import { given } from "../../given.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { NO_BINDINGS, OPEN_BINDINGS, type PythonBindings, pythonBindings } from "./python-bindings.ts";
import { type PythonFacts, pythonCondition } from "./python-conditions.ts";
import type { PythonModule, PythonModules } from "./python-modules.ts";
import { PYTHON_STANDARD_LIBRARY } from "./python-names.ts";
import { type PythonArm, type PythonStatement, pythonStatements } from "./python-statements.ts";

/** Why an import fails. */
export interface PythonFailure {
  /** "hidden": in a directory that the user may not enter, so that Python finds nothing. */
  readonly kind: "missing" | "extension" | "unreadable" | "hidden";
  /** The dotted name that is missing, or was found and cannot be loaded. */
  readonly module: string;
  /** The file with the import, absolute, in the form of paths; absent for what Python itself imports. */
  readonly from?: string;
  /** The file that cannot be loaded. */
  readonly entry?: Entry;
}

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

/** What running statements comes to. "unsure": the program may have ended well, or who knows. */
type End = PythonFailure | "unsure" | undefined;

interface Module {
  readonly name: string;
  readonly file: Entry | undefined;
  readonly facts: PythonFacts;
  /** The dotted name of its package, for dots in front. */
  readonly package: string;
  readonly functions: ReadonlyMap<string, readonly PythonStatement[]>;
}

interface Loaded {
  readonly module: PythonModule;
  readonly name: string;
  readonly bindings: PythonBindings;
}

const MAX_MODULES = 5000;
const MAX_SOURCE = 8 * 1024 * 1024;
const MAX_CALLS = 20;
const MAX_STARS = 10;
/** From here on other modules may be found than the search path has: at the top, or anywhere. */
const OWN_PATH = /\bsys\.path\s*(?:[[=+]|\.(?:insert|append|extend|remove)\b)|\bsite\.addsitedir\b|\bsys\.modules\s*\[/;
const OWN_FINDER = /\bsys\.(?:meta_path|path_hooks)\b/;
const STANDARD_FILE = /\/python3\.\d+\/(?!site-|dist-)/;
const CATCHES_IMPORT = /\b(?:ImportError|ModuleNotFoundError|Exception|BaseException|Import\w*)\b/;
const CATCHES_ACCESS = /\b(?:OSError|IOError|EnvironmentError|PermissionError|Exception|BaseException)\b/;
/** Those that take neither. A name of the program's own may stand for anything. */
const CATCHES_OTHERS =
  /^(?:(?:Attribute|Key|Value|Type|Runtime|Name|Index|Lookup|Syntax|Assertion|NotImplemented|Unicode\w*|FileNotFound|Arithmetic|ZeroDivision|Overflow|OS|IO|Permission|Environment)Error|SystemExit|KeyboardInterrupt|StopIteration)$/;
const SUPPRESSES = /suppress|raises|ignor|catch_|skip|optional/i;

/** A tracer: roots are run one after the other, as one program. */
export interface PythonTracer {
  /** Imports a module. */
  load(name: string): Promise<PythonFailure | undefined>;
  /** Runs a file as the main program; `package`: that of `python -m`. */
  main(file: Entry, packageName?: string): Promise<PythonFailure | undefined>;
  /** The source behind -c. */
  code(source: string): Promise<PythonFailure | undefined>;
  readonly extensions: readonly Entry[];
  /** Packages of the standard library whose __init__ is missing: an import finds them, and nothing in them. */
  readonly hollow: ReadonlySet<string>;
}

/** Makes a tracer. */
export function pythonTracer(options: PythonTraceOptions): PythonTracer {
  const { files, modules, version, folders, shutBy, isBroken, signal } = options;
  const loaded = new Map<string, { end: End; readonly found: Loaded | undefined }>();
  const extensions: Entry[] = [];
  const hollow = new Set<string>();
  let ownPath = false;
  /** Packages that bring finders of their own, for what they vendor. */
  const finders = new Set<string>();

  async function load(name: string, from: string | undefined): Promise<End> {
    const dot = name.lastIndexOf(".");
    const parent = dot < 0 ? undefined : name.slice(0, dot);
    if (parent !== undefined) {
      const end = await load(parent, from);
      if (end !== undefined) return end;
    }
    const known = loaded.get(name);
    if (known !== undefined) return known.end;
    if (modules.isBuiltin(name)) return undefined;
    const above = parent === undefined ? undefined : loaded.get(parent)?.found;
    const places = parent === undefined ? folders : above !== undefined && "folders" in above.module ? above.module.folders : undefined;
    // What is no package may have put modules below its name itself.
    if (places === undefined) return "unsure";
    const module = modules.find(name.slice(dot + 1), places);
    // Without its __init__ it registers no codecs.
    if (module === undefined || (module.kind === "namespace" && name === "encodings")) {
      if (above === undefined ? mayBeElsewhere(name) : mayBeMade(above)) return "unsure";
      return { kind: "missing", module: name, ...given({ from }) };
    }
    if (loaded.size > MAX_MODULES) return "unsure";
    if (module.kind === "namespace" && PYTHON_STANDARD_LIBRARY.has(name)) hollow.add(name);
    // Whoever imports it in a circle gets it as it is.
    const state: { end: End; readonly found: Loaded } = { end: undefined, found: await describe(module, name) };
    loaded.set(name, state);
    state.end = await run(module, name, from);
    return state.end;
  }

  function mayBeElsewhere(name: string): boolean {
    return !PYTHON_STANDARD_LIBRARY.has(name) && (ownPath || options.isOpen || finders.size > 0 || options.openNames.has(name));
  }

  /** May a package have a submodule that none of its folders has? */
  function mayBeMade({ module, name, bindings }: Loaded): boolean {
    const isStandard = "entry" in module && STANDARD_FILE.test(`/${module.entry.path}`);
    return (
      !isStandard && (bindings.makesModules || options.isOpen || [...finders].some((one) => name === one || name.startsWith(`${one}.`)))
    );
  }

  /** May a module have this name at its end, though no submodule is called so? */
  function mayHave({ module, name, bindings }: Loaded, wanted: string, depth = 0): boolean {
    if (depth > 0 && bindings.all !== undefined) return bindings.all.has(wanted);
    if (bindings.isOpen || bindings.names.has(wanted) || depth > MAX_STARS) return true;
    const packageName = "folders" in module ? name : name.slice(0, Math.max(0, name.lastIndexOf(".")));
    return bindings.stars.some((star) => {
      const base = absoluteName(star.level, star.module, packageName);
      const found = base === undefined ? undefined : loaded.get(base)?.found;
      // What runs later in the file has set nothing yet.
      if (found === undefined) return !star.isTop || base === undefined || modules.isBuiltin(base);
      return mayHave(found, wanted, depth + 1);
    });
  }

  async function describe(module: PythonModule, name: string): Promise<Loaded> {
    if (module.kind === "namespace") return { module, name, bindings: NO_BINDINGS };
    const source = module.kind === "source" ? await sourceOf(module.entry) : undefined;
    return { module, name, bindings: source === undefined ? OPEN_BINDINGS : pythonBindings(source, name) };
  }

  async function run(module: PythonModule, name: string, from: string | undefined): Promise<End> {
    if (!("entry" in module)) return undefined;
    const { entry } = module;
    const about = { module: name, entry, ...given({ from }) };
    const shut = shutBy(entry);
    if (shut !== undefined) return { kind: shut === entry ? "unreadable" : "hidden", ...about };
    if (module.kind === "extension") {
      extensions.push(entry);
      return (await isBroken(entry)) ? { kind: "extension", ...about } : undefined;
    }
    if (module.kind === "bytecode") return undefined;
    const isPackage = module.folders !== undefined;
    return await runFile(entry, name, isPackage ? name : name.slice(0, Math.max(0, name.lastIndexOf("."))), false);
  }

  async function sourceOf(entry: Entry): Promise<string | undefined> {
    const bytes = await files.read(entry, MAX_SOURCE);
    return bytes === undefined
      ? undefined
      : Buffer.from(bytes)
          .toString("utf8")
          .replace(/^\uFEFF/, "");
  }

  async function runFile(file: Entry, name: string, packageName: string, isMain: boolean): Promise<End> {
    const source = await sourceOf(file);
    return source === undefined ? "unsure" : await runSource(source, { name, file, packageName, isMain });
  }

  async function runSource(
    source: string,
    {
      name,
      file,
      packageName,
      isMain,
    }: { readonly name: string; readonly file?: Entry; readonly packageName: string; readonly isMain: boolean },
  ): Promise<End> {
    signal?.throwIfAborted();
    const statements = pythonStatements(source);
    // The library itself is known to leave the search path alone.
    if (file === undefined || !STANDARD_FILE.test(`/${file.path}`)) {
      ownPath ||= OWN_PATH.test(source);
      if (OWN_FINDER.test(source)) finders.add(packageName === "" ? name : packageName);
    }
    const functions = new Map<string, readonly PythonStatement[]>();
    for (const one of statements) {
      const arm = one.kind === "block" && !one.decorated ? one.arms[0] : undefined;
      const called = arm?.keyword === "def" ? /^(\w+)\s*\(/.exec(arm.head)?.[1] : undefined;
      if (arm !== undefined && called !== undefined) functions.set(called, arm.body);
    }
    const module: Module = { name, file, facts: { version, isMain }, package: packageName, functions };
    const end = await walk(statements, module, 0);
    return end === "unsure" && !isMain ? undefined : end;
  }

  async function walk(statements: readonly PythonStatement[], module: Module, calls: number): Promise<End> {
    for (const one of statements) {
      const end = await step(one, module, calls);
      if (end !== undefined) return end;
    }
    return undefined;
  }

  async function step(one: PythonStatement, module: Module, calls: number): Promise<End> {
    const from = module.file === undefined ? undefined : `/${module.file.path}`;
    switch (one.kind) {
      case "import":
        for (const { module: name } of one.modules) {
          const end = await load(name, from);
          if (end !== undefined) return certain(end);
        }
        return undefined;
      case "from":
        return certain(await fromImport(one, module, from));
      case "block":
        return await block(one.arms, module, calls);
      case "simple":
        return await simple(one.text, one.strings, module, calls);
      default:
        return one satisfies never;
    }
  }

  /** Of an import about which nothing is known the rest of the file is taken to run. */
  function certain(end: End): End {
    return end === "unsure" ? undefined : end;
  }

  async function fromImport(one: PythonStatement & { readonly kind: "from" }, module: Module, from: string | undefined): Promise<End> {
    const base = absoluteName(one.level, one.module, module.package);
    if (base === undefined) return "unsure";
    const end = await load(base, from);
    if (end !== undefined) return end;
    const found = loaded.get(base)?.found;
    if (found === undefined || !("folders" in found.module) || one.names === "*") return undefined;
    for (const { name } of one.names) {
      if (/^__\w+__$/.test(name) || found.bindings.names.has(name)) continue;
      const isSubmodule = modules.find(name, found.module.folders ?? []) !== undefined;
      if (!isSubmodule && mayHave(found, name)) continue;
      const ended = await load(`${base}.${name}`, from);
      if (ended !== undefined && ended !== "unsure") return ended;
    }
    return undefined;
  }

  async function block(arms: readonly PythonArm[], module: Module, calls: number): Promise<End> {
    const [first] = arms;
    if (first === undefined) return undefined;
    switch (first.keyword) {
      case "if":
        return await conditional(arms, module, calls);
      case "try":
        return await attempt(arms, module, calls);
      case "class":
        return await walk(first.body, module, calls);
      case "with": {
        const end = await walk(first.body, module, calls);
        return end !== undefined && SUPPRESSES.test(first.head) ? undefined : end;
      }
      default:
        return first.keyword !== "def" && mayEnd(arms) ? "unsure" : undefined;
    }
  }

  async function conditional(arms: readonly PythonArm[], module: Module, calls: number): Promise<End> {
    for (const { keyword, head, strings, body } of arms) {
      const holds = keyword === "else" ? true : pythonCondition(head, strings, module.facts);
      if (holds === true) return await walk(body, module, calls);
      if (holds === undefined) return mayEnd(arms) ? "unsure" : undefined;
    }
    return undefined;
  }

  async function attempt(arms: readonly PythonArm[], module: Module, calls: number): Promise<End> {
    const bodyOf = (keyword: string): readonly PythonStatement[] => arms.find((arm) => arm.keyword === keyword)?.body ?? [];
    let end = await walk(bodyOf("try"), module, calls);
    if (end === undefined) end = await walk(bodyOf("else"), module, calls);
    else if (end !== "unsure") end = await handled(end, arms, module, calls);
    return (await walk(bodyOf("finally"), module, calls)) ?? end;
  }

  async function handled(failure: PythonFailure, arms: readonly PythonArm[], module: Module, calls: number): Promise<End> {
    for (const { keyword, head, body } of arms) {
      if (keyword !== "except") continue;
      const catches = head === "" || (failure.kind === "unreadable" ? CATCHES_ACCESS : CATCHES_IMPORT).test(head);
      if (!catches) {
        const names = head.replace(/\bas\s+\w+$/, "").match(/[\w.]+/g) ?? [];
        if (names.every((name) => CATCHES_OTHERS.test(name) || CATCHES_IMPORT.test(name))) continue;
        return undefined;
      }
      const leaves = body.find(
        (one) => one.kind === "simple" && /^(?:raise\b|(?:sys\.)?exit\(\s*(?:""|[1-9])|raise SystemExit\()/.test(one.text),
      );
      const before = leaves === undefined ? body : body.slice(0, body.indexOf(leaves));
      const end = await walk(before, module, calls);
      return end ?? (leaves === undefined ? undefined : failure);
    }
    return failure;
  }

  async function simple(text: string, strings: readonly string[], module: Module, calls: number): Promise<End> {
    if (/^(?:raise|return|continue|break)\b|^(?:sys\.exit|exit|quit|os\._exit)\((?!\w+\()/.test(text)) return "unsure";
    const imported = /^(?:\w+\s*=\s*)?(?:importlib\.)?(?:import_module|__import__)\(\s*""\s*\)/.test(text) ? strings[0] : undefined;
    if (imported !== undefined && /^[A-Za-z_][\w.]*$/.test(imported)) return certain(await load(imported, `/${module.file?.path ?? ""}`));
    const called = /^(?:(?:sys\.exit|exit|raise SystemExit)\(|\w+\s*=\s*)?(\w+)\(/.exec(text)?.[1];
    const body = called === undefined || calls >= MAX_CALLS ? undefined : module.functions.get(called);
    if (body === undefined) return undefined;
    const end = await walk(body, module, calls + 1);
    // It returned.
    return end === "unsure" ? (mayExit(body) ? "unsure" : undefined) : end;
  }

  async function finish(end: Promise<End>): Promise<PythonFailure | undefined> {
    const done = await end;
    return done === "unsure" ? undefined : done;
  }

  return {
    extensions,
    hollow,
    load: (name) => finish(load(name, undefined)),
    main: (file, packageName = "") => finish(runFile(file, "__main__", packageName, true)),
    code: (source) => finish(runSource(source, { name: "__main__", packageName: "", isMain: true })),
  };
}

/** "a.b" of level 1 and "b" in the package "a"; undefined beyond the top. */
function absoluteName(level: number, module: string, packageName: string): string | undefined {
  if (level === 0) return module;
  const parts = packageName === "" ? [] : packageName.split(".");
  if (level > parts.length) return undefined;
  return [...parts.slice(0, parts.length - level + 1), ...(module === "" ? [] : [module])].join(".");
}

/** May a part of it end the program, or the function that it is in? */
function mayEnd(arms: readonly PythonArm[]): boolean {
  return arms.some(
    ({ keyword, body }) =>
      keyword !== "def" &&
      body.some((one) =>
        one.kind === "block" ? mayEnd(one.arms) : one.kind === "simple" && /\bexit\(|^return\b|\bSystemExit\b/.test(one.text),
      ),
  );
}

function mayExit(body: readonly PythonStatement[]): boolean {
  return body.some((one) =>
    one.kind === "block" ? one.arms.some((arm) => mayExit(arm.body)) : one.kind === "simple" && /\bexit\(|\bSystemExit\b/.test(one.text),
  );
}
