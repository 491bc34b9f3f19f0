/** All modules that a Node.js program loads as far as its files say so, and what of them is missing. */
import { posix } from "node:path";
import { absolutePath, folderOf } from "../../facts/index.ts";
import { given } from "../../given.ts";
import { fromText, toText, type TreePath } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import type { ParsedModule } from "./node-imports.ts";
import { isNewBuiltIn } from "./node-version.ts";
import type { NodePackages } from "./node-packages.ts";
import type { NodeResolver } from "./node-resolve.ts";
import type { NodeWorker } from "./node-workers.ts";
import { sourceText } from "./source-text.ts";

/** An import that leads nowhere. */
export interface MissingModule {
  readonly specifier: string;
  /** The file with the import, absolute, in the form of paths. */
  readonly from: string;
  /** The program cannot start without it: it is imported by what always runs. */
  readonly certain: boolean;
  /**
   * Not by an import: it would run as a thread or a process, or package.json names it, for all platforms or for this one.
   * "builtin": by an import of what only a later Node.js has.
   */
  readonly how?: NodeWorker["kind"] | "dependency" | "platform" | "builtin";
  /** Others that would have done, of which none is there either. */
  readonly alternatives?: readonly string[];
}

/** What was gone through. */
export interface NodeTrace {
  readonly modules: ReadonlySet<TreePath>;
  /** Files that are certainly read. */
  readonly opened: readonly Entry[];
  readonly missing: readonly MissingModule[];
  /** Imports of modules that old versions of Node.js do not have built in. */
  readonly newBuiltIns: readonly MissingModule[];
  /** Files that could not be read as JavaScript, and why. */
  readonly skipped: readonly { readonly entry: Entry; readonly why: string }[];
  /** Files that certainly run, and not as what their package says that they are. */
  readonly misfits: readonly { readonly entry: Entry; readonly isModule: boolean }[];
  /** Native add-ons that are loaded, with those in build/Release of packages that are. */
  readonly addons: readonly { readonly entry: Entry; readonly certain: boolean }[];
}

/** How to go through. */
export interface NodeTraceOptions {
  readonly files: AuditFiles;
  readonly packages: NodePackages;
  readonly resolver: NodeResolver;
  readonly parse: (source: string, isModule: boolean | undefined) => ParsedModule | undefined;
  /** Of the process: threads are looked for there. */
  readonly workingDirectory: string;
  /** Only a part of a program: built add-ons are not looked for. */
  readonly isPart?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const MAX_MODULES = 20_000;
const MAX_BYTES = 16 * 1024 * 1024;
/** Of all modules together. */
const MAX_TOTAL_BYTES = 256 * 1024 * 1024;
const TYPESCRIPT = /\.[cm]?ts$/;
const IN_PACKAGE = /(?:^|\/)node_modules\//;
/** Where node-gyp leaves what it builds: loaded by `bindings` and its like, by a name that no parser sees. */
const BUILT_ADDON = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\/build\/(?:Release|Debug)\/[^/]+\.node$/;

interface Work {
  readonly entry: Entry;
  readonly certain: boolean;
}

/** Who asks for a module. */
interface Asking {
  readonly by: Work;
  readonly isCertain: boolean;
  /** The program expects that it may be missing. */
  readonly isGuarded?: boolean;
  readonly how?: NodeWorker["kind"];
}

/** Goes through everything from `roots` on. */
export async function traceNode(roots: readonly Entry[], options: NodeTraceOptions): Promise<NodeTrace> {
  const { files, resolver, signal } = options;
  const read = moduleReader(options);
  const seen = new Map<TreePath, boolean>();
  const missing = new Map<string, MissingModule>();
  const newBuiltIns: MissingModule[] = [];
  const skipped: { readonly entry: Entry; readonly why: string }[] = [];
  const addons = new Map<TreePath, Work>();
  // What always runs first, so that a module which is also imported elsewhere is known to be certain.
  const certain: Work[] = roots.map((entry) => ({ entry, certain: true }));
  const maybe: Work[] = [];
  const workers: { readonly worker: NodeWorker; readonly by: Work }[] = [];
  const opened: Entry[] = [];
  const misfits: { readonly entry: Entry; readonly isModule: boolean }[] = [];
  let outlives = false;

  for (let work = await next(); work !== undefined; work = await next()) {
    const { entry } = work;
    if (seen.has(entry.path)) continue;
    seen.set(entry.path, work.certain);
    signal?.throwIfAborted();
    if (work.certain) opened.push(entry);
    if (entry.path.endsWith(".node")) addons.set(entry.path, work);
    if (/\.(?:json|node|wasm)$/.test(entry.path)) continue;
    // Nothing is reported of what a package may load some day, so nothing is read.
    if (!work.certain && IN_PACKAGE.test(entry.path)) continue;
    if (seen.size > MAX_MODULES) {
      skipped.push({ entry, why: `only the first ${MAX_MODULES} modules are looked at` });
      break;
    }
    const parsed = await read(entry);
    if (typeof parsed === "string") {
      skipped.push({ entry, why: parsed });
      continue;
    }
    if (work.certain && parsed.isMisfit === true) misfits.push({ entry, isModule: parsed.isModule });
    outlives ||= parsed.outlives && !IN_PACKAGE.test(entry.path);
    for (const worker of parsed.workers) workers.push({ worker, by: work });
    for (const one of parsed.imports) {
      const target = await resolver.resolve(one.specifier, one.kind, `/${entry.path}`);
      take(target, one.specifier, { by: work, isCertain: work.certain && !one.lazy && !one.guarded, isGuarded: one.guarded });
    }
  }
  if (options.isPart !== true) addBuiltAddons(addons, seen, files);
  return {
    modules: new Set(seen.keys()),
    opened,
    missing: [...missing.values()],
    newBuiltIns,
    skipped,
    misfits,
    addons: [...addons.values()],
  };

  /** Threads come after all that the program certainly loads: then it is known whether it may outlive them. */
  async function next(): Promise<Work | undefined> {
    for (let work = certain.pop(); ; work = certain.pop()) {
      const started = work === undefined ? workers.pop() : undefined;
      if (started === undefined) return work ?? maybe.pop();
      await startWorker(started.worker, started.by);
    }
  }

  async function startWorker({ kind, path, base, lazy }: NodeWorker, by: Work): Promise<void> {
    const from = `/${by.entry.path}`;
    const absolute = posix.normalize(absolutePath(fromText(path), base === "file" ? folderOf(from) : options.workingDirectory));
    const target = base === "module" ? await resolver.resolve(path, "require", from) : await resolver.main(absolute);
    take(target, base === "module" ? path : toText(absolute), { by, isCertain: by.certain && !lazy && !outlives, how: kind });
  }

  function take(target: Awaited<ReturnType<NodeResolver["main"]>>, specifier: string, { by, isCertain, isGuarded, how }: Asking): void {
    if (target.kind === "file") (isCertain ? certain : maybe).push({ entry: target.entry, certain: isCertain });
    const isNew = target.kind === "builtin" && isNewBuiltIn(specifier);
    if ((target.kind !== "missing" && !isNew) || isGuarded === true) return;
    // Packages ask for much that they can do without, as soon as it is not the first thing they do.
    if (!isCertain && IN_PACKAGE.test(by.entry.path)) return;
    const from = `/${by.entry.path}`;
    if (isNew) newBuiltIns.push({ specifier, from, certain: isCertain, how: "builtin" });
    if (isNew) return;
    const key = `${from}\0${specifier}`;
    if (missing.get(key)?.certain !== true) missing.set(key, { specifier, from, certain: isCertain, ...given({ how }) });
  }
}

/** Those that packages load by a name which no parser sees. */
function addBuiltAddons(addons: Map<TreePath, Work>, seen: ReadonlyMap<TreePath, boolean>, files: AuditFiles): void {
  const loaded = packagesOf(seen);
  for (const entry of files.entries) {
    const folder = entry.kind === "file" ? BUILT_ADDON.exec(entry.path)?.[1] : undefined;
    const isCertain = folder === undefined ? undefined : loaded.get(folder);
    if (isCertain !== undefined && !addons.has(entry.path)) addons.set(entry.path, { entry, certain: isCertain });
  }
}

/** Reads modules within bounds; a text says why one was not read. */
function moduleReader({ files, packages, parse }: NodeTraceOptions): (entry: Entry) => Promise<ParsedModule | string> {
  let totalBytes = 0;
  return async (entry) => {
    if (TYPESCRIPT.test(entry.path)) return "TypeScript is not read";
    if (entry.size > MAX_BYTES) return `it has more than ${MAX_BYTES} bytes`;
    totalBytes += entry.size;
    if (totalBytes > MAX_TOTAL_BYTES) return `the program has more than ${MAX_TOTAL_BYTES} bytes of modules`;
    const isModule = await isNodeModule(packages, entry);
    const source = await sourceText(files, entry, MAX_BYTES);
    const parsed = source === undefined ? undefined : parse(source, isModule);
    if (parsed === undefined) return `it cannot be parsed as JavaScript`;
    // `require` in a module is made by createRequire: for what, and whether at all, is not certain.
    return parsed.isModule
      ? { ...parsed, imports: parsed.imports.map((one) => (one.kind === "require" ? { ...one, lazy: true } : one)) }
      : parsed;
  };
}

/** Is a file an ECMAScript module? Undefined when Node.js would find out by the syntax. */
export async function isNodeModule(packages: NodePackages, entry: Entry): Promise<boolean | undefined> {
  if (/\.[cm]js$/.test(entry.path)) return entry.path.endsWith(".mjs");
  const type = (await packages.around(`/${entry.path}`))?.type;
  return type === "module" ? true : type === "commonjs" ? false : undefined;
}

/** Folders of packages that are loaded → always, or perhaps. */
function packagesOf(modules: ReadonlyMap<TreePath, boolean>): ReadonlyMap<string, boolean> {
  const folders = new Map<string, boolean>();
  for (const [path, certain] of modules) {
    const folder = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(toText(path))?.[1];
    if (folder !== undefined && folders.get(folder) !== true) folders.set(folder, certain);
  }
  return folders;
}
