/**
 * What a program certainly loads where code chooses it, native add-ons above all. Packages that bring some, and the program's own code, are run on paper
 * (script/), with the platform, the C library and the files of the image. Where nothing fits, the package throws, and the program does not start.
 */
import { type ElfMachine, isForMachine } from "../../elf/index.ts";
import { environmentPath, fileAt, entryAt, folderOf, lastPart } from "../../facts/index.ts";
import { fromText, toText, type TreePath } from "../../paths.ts";
import type { Entry, Tree } from "../../tree/index.ts";
import { shutFor } from "../subject-user.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { closeOver } from "./close.ts";
import { execPlace, type StartedCommand } from "./commands.ts";
import { elfFiles } from "./elf-files.ts";
import { isMusl } from "./loader.ts";
import { folderOfPackage } from "./node-dependencies.ts";
import { manifestOf } from "./node-packages.ts";
import { isNodeModule, type MissingModule, type NodeTrace, type NodeTraceOptions, traceNode } from "./node-trace.ts";
import { programsOf } from "./programs.ts";
import type { AnswerNeed } from "./script/run-program.ts";
import type { ScriptProcess } from "./script/natives.ts";
import { sourceText } from "./source-text.ts";
import { arrayOf, type Missed, type Need, type Opened, type ScriptObject } from "./script/values.ts";

/** What comes on top of what the files' imports tell. */
interface ChosenAddons {
  readonly missing: readonly MissingModule[];
  /** Add-ons that are certainly loaded; those of which the program dies are among them. */
  readonly addons: readonly Entry[];
  /** Specifiers that lead nowhere, and that the packages were seen to ask for. */
  readonly asked: ReadonlySet<string>;
  /** What was read on the way: these add-ons, their libraries, and modules. */
  readonly opened: readonly Entry[];
}

/** What it is found out with. */
interface ChosenAddonsOptions extends NodeTraceOptions {
  readonly subject: AuditSubject;
  readonly machine: ElfMachine;
  readonly command: StartedCommand;
  readonly process: ScriptProcess;
  readonly trace: NodeTrace;
}

/** Packages that find add-ons for others. */
const HELPER =
  /^(?:node-gyp-build(?:-optional-packages)?|bindings|pkg-prebuilds|@mapbox\/node-pre-gyp|prebuild-install|@neon-rs\/load|detect-libc)$/;
const PLATFORM_NAME = /(?:linux|darwin|win32|android|freebsd|wasm32)/;
const PACKAGE = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const MAX_SOURCE = 4 * 1024 * 1024;
const MAX_TEXT = 256 * 1024;
const MAX_NAMES = 2000;
const MAX_RUNS = 200;
/** A program that takes errors which nobody else takes. */
const SURVIVES = /[uU]ncaughtException|unhandledRejection/;
const ARCHITECTURES: Readonly<Record<string, string>> = { amd64: "x64", "386": "ia32", ppc64le: "ppc64" };

/** Runs the packages on paper. */
export async function chosenAddons(options: ChosenAddonsOptions): Promise<ChosenAddons> {
  const { trace, packages, files, signal } = options;
  const native = nativeFolders(files);
  const isNative = async (path: string): Promise<boolean> => {
    const folder = PACKAGE.exec(path)?.[1];
    const one = folder === undefined ? undefined : await packages.at(folder);
    if (folder === undefined || one === undefined) return folder !== undefined && native.has(folder);
    const needs = [...one.dependencies, ...one.optionalDependencies];
    return (
      native.has(folder) ||
      HELPER.test(one.name ?? "") ||
      needs.some((name) => HELPER.test(name)) ||
      one.optionalDependencies.some((name) => PLATFORM_NAME.test(name))
    );
  };
  const roots: string[] = [];
  for (const entry of trace.opened) {
    const path = `/${entry.path}`;
    if (
      /\.[cm]?js$/.test(path) &&
      roots.length < MAX_RUNS &&
      (await isNative(path)) &&
      !HELPER.test(lastPart(PACKAGE.exec(path)?.[1] ?? ""))
    )
      roots.push(path);
  }
  const own = trace.opened.map(({ path }) => `/${path}`).filter((path) => packageFolder(path) === "" && /\.[cm]?js$/.test(path));
  if (roots.length + own.length === 0) return { missing: [], addons: [], asked: new Set(), opened: [] };
  const { runProgram } = await import("./script/run-program.ts");
  const world = await createWorld(options, isNative);
  const missing: MissingModule[] = [];
  const addons = new Map<TreePath, Entry>();
  const shut: Entry[] = [];
  const asked = new Set<string>();
  for (const root of roots) {
    signal?.throwIfAborted();
    if (world.ran.has(root)) continue;
    const { fatal, doubtful, missed, addons: loaded } = await runProgram(root, options.process, world.answer);
    for (const { specifier } of missed) asked.add(specifier);
    for (const path of [...loaded, ...fatal.flatMap((one) => one.path ?? [])]) {
      const entry = fileAt(files, path);
      if (entry?.path.endsWith(".node") === true) addons.set(entry.path, entry);
      else if (entry !== undefined) shut.push(entry);
    }
    for (const told of [missingOf(fatal, true), fatal.length === 0 ? missingOf(doubtful, false) : undefined])
      if (told !== undefined) missing.push(told);
  }
  // The program's own code chooses, too: by names that it puts together, in functions that it calls, in `try` and `catch`.
  for (const root of own.slice(0, MAX_RUNS)) {
    signal?.throwIfAborted();
    // What it dies of is told already.
    if (missing.length > 0) break;
    if (world.ran.has(root)) continue;
    const { fatal } = await runProgram(root, options.process, world.answer);
    const told = world.survives() ? undefined : missingOf(fatal, true);
    if (told !== undefined) missing.push(told);
    for (const { path } of fatal) {
      const entry = path === undefined || path.endsWith(".node") ? undefined : fileAt(files, path);
      if (entry !== undefined && !world.survives()) shut.push(entry);
    }
  }
  return {
    missing,
    addons: [...addons.values()],
    asked,
    opened: [...shut, ...[...addons.keys()].flatMap((path) => world.librariesOf(path))],
  };
}

/** One finding for all that would have done. The check of libraries reports those that lack something. */
function missingOf(fatal: readonly Missed[], certain: boolean): MissingModule | undefined {
  if (fatal.some(({ why }) => why === "broken")) return undefined;
  // Packages of their own come with an install; files beside are what a build leaves.
  const best =
    fatal.findLast(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("/") && !/wasm/.test(specifier)) ?? fatal.at(-1);
  if (best === undefined) return undefined;
  const alternatives = [...new Set(fatal.map(({ specifier }) => specifier))].filter((one) => one !== best.specifier);
  return { specifier: best.specifier, from: best.from, certain, ...(alternatives.length === 0 ? {} : { alternatives }) };
}

/** Packages with an add-on inside. */
function nativeFolders({ entries }: AuditFiles): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const { path } of entries) {
    const folder = path.endsWith(".node") ? PACKAGE.exec(`/${path}`)?.[1] : undefined;
    if (folder !== undefined) folders.add(folder);
  }
  return folders;
}

interface World {
  readonly answer: AnswerNeed;
  /** Scripts that were run. */
  readonly ran: ReadonlySet<string>;
  /** The program may go on after any error. */
  readonly survives: () => boolean;
  /** An add-on and what it loads. */
  readonly librariesOf: (addon: TreePath) => readonly Entry[];
}

async function createWorld(options: ChosenAddonsOptions, isNative: (path: string) => Promise<boolean>): Promise<World> {
  const { subject, files, packages, resolver, trace } = options;
  const { parseNodeModule } = await import("./node-imports.ts");
  const ran = new Set<string>();
  let survives = false;
  const failures = new Map<Entry, Opened>();
  const { isBroken, librariesOf } = await addonTest(options);
  const shutBy = await shutFor(subject);

  /** Of what another package has, which is not run, the imports tell whether it fails. */
  async function failureOf(entry: Entry): Promise<Opened> {
    const existing = failures.get(entry);
    if (existing !== undefined) return existing;
    // What the program certainly loads anyway has its findings already.
    const part = trace.opened.includes(entry) ? undefined : await traceNode([entry], { ...options, isPart: true });
    const shut = part?.opened.find((one) => shutBy(one) !== undefined);
    const missing = part?.missing.find(({ certain, how }) => certain && how === undefined);
    const made: Opened =
      shut !== undefined
        ? { kind: "shut", path: `/${shut.path}` }
        : missing === undefined
          ? { kind: "unknown" }
          : { kind: "failing", specifier: missing.specifier, from: missing.from };
    failures.set(entry, made);
    return made;
  }

  async function open({ specifier, how, from }: Need & { readonly kind: "open" }): Promise<Opened> {
    const target =
      specifier === from ? { kind: "file" as const, entry: fileAt(files, from) } : await resolver.resolve(fromText(specifier), how, from);
    if (target.kind === "builtin") return { kind: "builtin" };
    if (target.kind === "missing") {
      const name = /^(?:@[^/]+\/)?[^./@#][^/]*/.exec(specifier)?.[0];
      return { kind: "missing", isPart: name !== undefined && folderOfPackage(files, name, folderOf(from)) !== undefined };
    }
    const entry = target.kind === "file" ? target.entry : undefined;
    if (entry === undefined) return { kind: "unknown" };
    const path = `/${entry.path}`;
    const manifest = await manifestOf(files, packages, path);
    if (manifest !== undefined && shutBy(manifest) !== undefined) return { kind: "shut", path: `/${manifest.path}` };
    if (path.endsWith(".node")) return { kind: "addon", path, isBroken: await isBroken(entry) };
    if (!(await isNative(path)) && packageFolder(path) !== packageFolder(from)) return await failureOf(entry);
    if (shutBy(entry) !== undefined) return { kind: "addon", path, isBroken: true };
    const source = await sourceText(files, entry, MAX_SOURCE);
    if (source === undefined) return { kind: "unknown" };
    if (path.endsWith(".json")) return jsonOf(path, source);
    survives ||= packageFolder(path) === "" && SURVIVES.test(source);
    const parsed = /\.(?:[cm]?ts|wasm)$/.test(path) ? undefined : parseNodeModule(source, await isNodeModule(packages, entry));
    ran.add(path);
    return parsed === undefined ? { kind: "unknown" } : { kind: "script", path, ...parsed };
  }

  return {
    ran,
    survives: () => survives,
    librariesOf,
    async answer(need) {
      if (need.kind === "open") return { opened: await open(need) };
      const entry = entryAt(files, need.path);
      if (need.kind === "exists") return { value: entry !== undefined };
      if (need.kind === "list") return { value: namesIn(subject.tree, entry) };
      const bytes = entry?.kind === "file" ? await files.read(entry, MAX_TEXT) : undefined;
      return { value: bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8") };
    },
  };
}

/** The package that a file lies in; "" for the program's own. */
export function packageFolder(path: string): string {
  return PACKAGE.exec(path)?.[1] ?? "";
}

function jsonOf(path: string, source: string): Opened {
  try {
    const value: unknown = JSON.parse(source);
    return { kind: "json", path, value };
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: "unknown" };
    throw error;
  }
}

/** The process that a command would start. */
export function scriptProcess({
  subject,
  files,
  machine,
  command,
}: Pick<ChosenAddonsOptions, "subject" | "files" | "machine" | "command">): ScriptProcess {
  return {
    arch: ARCHITECTURES[subject.platform.architecture] ?? subject.platform.architecture,
    libc: command.result.program !== undefined && isMuslProgram(command) ? "musl" : "glibc",
    env: environmentOf(subject),
    workingDirectory: toText(execPlace(subject, files, machine).workingDirectory),
    execPath: `/${command.result.program?.entry.path ?? ""}`,
  };
}

function isMuslProgram({ result }: StartedCommand): boolean {
  const interpreter = result.program?.elf.interpreter;
  return interpreter !== undefined && result.program !== undefined && isMusl(interpreter, result.program.entry);
}

function environmentOf({ config }: AuditSubject): ReadonlyMap<string, string> {
  const names = (config.Env ?? []).map((line) => line.split("=")[0] ?? "");
  return new Map(
    names.flatMap((name) => {
      const value = environmentPath(config.Env, name);
      return value === undefined ? [] : [[name, toText(value)] as const];
    }),
  );
}

/** Does an add-on lack something, or may the user not read it or what it needs? */
async function addonTest({
  subject,
  files,
  machine,
  command,
}: ChosenAddonsOptions): Promise<Pick<World, "librariesOf"> & { readonly isBroken: (entry: Entry) => Promise<boolean> }> {
  const shutBy = await shutFor(subject);
  const libraries = new Map<TreePath, readonly Entry[]>();
  const programs = programsOf(subject, files, machine);
  const program = command.result.program;
  const closed = program === undefined ? undefined : await programs.close(program);
  const isBroken = async (entry: Entry): Promise<boolean> => {
    const head = await elfFiles(files).head(entry);
    libraries.set(entry.path, [entry]);
    if (head.kind !== "elf" || !isForMachine(head.elf, machine)) return true;
    if (closed?.kind !== "loaded") return false;
    const { loader, closure } = closed;
    const own = await closeOver({ path: `/${entry.path}`, entry, elf: head.elf }, loader.search, {
      loader: loader.root,
      running: closure.objects,
    });
    const loaded = own.objects.map((object) => object.entry);
    libraries.set(entry.path, loaded);
    return own.missing.length + own.versions.length > 0 || loaded.some((one) => shutBy(one) !== undefined);
  };
  return { isBroken, librariesOf: (addon) => libraries.get(addon) ?? [] };
}

function namesIn(tree: Tree, entry: Entry | undefined): ScriptObject | undefined {
  if (entry?.kind !== "dir") return undefined;
  return arrayOf(
    tree
      .readdir(entry.path)
      .slice(0, MAX_NAMES)
      .map(({ path }) => toText(lastPart(path))),
  );
}
