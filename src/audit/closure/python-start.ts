/** The Python program that an image starts: where it looks, and what it imports before anything else. Worked out once for all checks of an audit. */
import { type ElfMachine, isForMachine } from "../../elf/index.ts";
import { absolutePath, entryAt, environmentPath, fileAt, folderOf, lastPart } from "../../facts/index.ts";
import { given } from "../../given.ts";
import { toText } from "../../paths.ts";
import type { Entry, ZipFile } from "../../tree/index.ts";
import { oncePerFiles } from "../once-per-files.ts";
import { shutFor, unlistedFor } from "../subject-user.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { type ClosureRoot, closeOver } from "./close.ts";
import { execPlace, type StartedCommand, startedCommands } from "./commands.ts";
import { elfFiles } from "./elf-files.ts";
import { openZip } from "./java-classes.ts";
import { programsOf } from "./programs.ts";
import { isPythonName, parsePythonCommand, type PythonCommand, servedApplication } from "./python-command.ts";
import { builtinModules, type PythonModules, pythonModules } from "./python-modules.ts";
import { type PythonInstallation, pythonInstallation, type PythonSettings } from "./python-program.ts";
import type { PythonFailure } from "./python-running.ts";
import { type PythonTracer, pythonTracer } from "./python-trace.ts";
import type { LoadedObject } from "./types.ts";

/** What is known of it. */
export interface PythonStart {
  readonly command: StartedCommand;
  readonly program: ClosureRoot;
  readonly installation: PythonInstallation;
  readonly run: PythonCommand;
  /** The main file of `python FILE`, which may be an archive (zipapp); `file` is absent when there is none that Python could run. */
  readonly main?: { readonly path: string; readonly entry: Entry | undefined; readonly file?: Entry; readonly archive?: ZipFile };
  /** The search path, its first directory included. */
  readonly folders: readonly string[];
  /** What fails when Python itself starts, then when the program does, then when a server loads the application. */
  readonly failure?: PythonFailure & { readonly stage: "start" | "main" | "application" };
  /** What a server's command line names, and where else to look for it. */
  readonly application?: string;
  /** Those of them that the user may enter, and not list: Python finds nothing there. */
  readonly unlisted: readonly string[];
  readonly workingDirectory: string;
  readonly extensions: readonly Entry[];
  /** Packages that lack their __init__. */
  readonly hollow: readonly string[];
  /** What extensions may import, and the image does not have; empty when something else fails. */
  readonly doubts: readonly PythonFailure[];
  /** What the extension that fails would load. */
  readonly libraries: readonly Entry[];
}

/** What Python imports before it looks at the program. */
const START_MODULES = ["encodings", "encodings.aliases", "encodings.utf_8"] as const;
const MAX_MAIN = 1024 * 1024;
/** Since 3.13 .pth files are read with it. */
const PATH_FILE_CODEC = "encodings.utf_8_sig";

const startOf = oncePerFiles<Promise<PythonStart | undefined>>();

/** The program, or undefined when no command runs Python. */
export function pythonStart(
  subject: AuditSubject,
  files: AuditFiles,
  machine: ElfMachine,
  signal?: AbortSignal,
): Promise<PythonStart | undefined> {
  return startOf(files, () => find(subject, files, machine, signal));
}

async function find(
  subject: AuditSubject,
  files: AuditFiles,
  machine: ElfMachine,
  signal: AbortSignal | undefined,
): Promise<PythonStart | undefined> {
  const command = (await startedCommands(subject, files, machine)).findLast(({ result }) => result.program !== undefined);
  const program = command?.result.program;
  if (command === undefined || program === undefined) return undefined;
  if (![program.path, program.entry.path].some((path) => isPythonName(lastPart(path)))) return undefined;
  const { workingDirectory } = execPlace(subject, files, machine);
  const run = parsePythonCommand(command.result.args);
  const shutBy = await shutFor(subject);
  const isUnlisted = await unlistedFor(subject);
  const isShut = (entry: Entry): boolean => shutBy(entry) !== undefined;
  const installation = await pythonInstallation(subject.tree, files, program, { ...settingsOf(subject, run), isShut });
  const main = run.kind === "file" ? await mainOf(files, absolutePath(run.path, workingDirectory)) : undefined;
  const isSafePath = run.isSafePath || (!run.ignoresEnvironment && (environmentPath(subject.config.Env, "PYTHONSAFEPATH") ?? "") !== "");
  const first = main?.file === undefined || run.kind !== "file" ? workingDirectory : folderOf(`/${main.file.path}`);
  const folders = [...(isSafePath && main?.entry?.kind !== "dir" ? [] : [first]), ...installation.folders];
  const isUnlistedAt = (folder: string): boolean => {
    const entry = entryAt(files, folder);
    return entry?.kind === "dir" && isUnlisted(entry);
  };
  const facts = {
    command,
    program,
    installation,
    run,
    ...given({ main }),
    folders,
    workingDirectory,
    unlisted: folders.filter(isUnlistedAt),
  };
  if (installation.missingLibrary !== undefined) return { ...facts, extensions: [], libraries: [], hollow: [], doubts: [] };

  const objects = await loadedObjects(subject, files, machine, program);
  const builtin = await builtinModules(files, [
    program.entry,
    ...objects.flatMap(({ entry }) => (/\/libpython/.test(entry.path) ? [entry] : [])),
  ]);
  const modules = pythonModules(subject.tree, files, { version: installation.version, triplet: machine.triplet, builtin, isUnlisted });
  const test = extensionTest(subject, files, machine, { objects, program, isShut });
  const tracerFor = (where: readonly string[]): PythonTracer =>
    pythonTracer({
      files,
      modules,
      version: installation.version,
      folders: where,
      // An archive on the search path has modules that no folder shows.
      isOpen: installation.isOpen || main?.archive !== undefined || where.some((one) => entryAt(files, one)?.kind === "file"),
      openNames: installation.openNames,
      shutBy,
      isBroken: test.isBroken,
      signal,
    });
  const tracers: PythonTracer[] = [];
  const kept = (where: readonly string[]): PythonTracer => {
    const made = tracerFor(where);
    tracers.push(made);
    return made;
  };
  const ran = await runThrough({ facts, modules, tracerFor: kept, workingDirectory });
  const doubts: PythonFailure[] = [];
  if (ran.failure === undefined) for (const one of tracers) doubts.push(...(await one.doubts()));
  const hollow = [...new Set(tracers.flatMap((one) => [...one.hollow]))];
  return { ...facts, ...ran, hollow, doubts, libraries: test.librariesOf(ran.failure?.entry) };
}

interface Trying {
  readonly facts: Pick<PythonStart, "installation" | "run" | "main" | "folders">;
  readonly modules: PythonModules;
  readonly tracerFor: (folders: readonly string[]) => PythonTracer;
  readonly workingDirectory: string;
}

/** Runs Python, the program, and what a server loads, until something fails. */
async function runThrough({
  facts,
  modules,
  tracerFor,
  workingDirectory,
}: Trying): Promise<Pick<PythonStart, "failure" | "application" | "extensions">> {
  const { run, installation, main, folders } = facts;
  const tracer = tracerFor(folders);
  const starts = [...START_MODULES, ...(installation.hasPathFiles && isFrom(installation.version, 13) ? [PATH_FILE_CODEC] : [])];
  for (const name of starts) {
    const failure = await tracer.load(name);
    if (failure !== undefined) return { failure: { ...failure, stage: "start" }, extensions: tracer.extensions };
  }
  const stuck = await pathFailure(tracer, installation);
  if (stuck !== undefined) return { failure: { ...stuck, stage: "start" }, extensions: tracer.extensions };
  const failure = await runMain(tracer, run, main, modules, folders);
  const args = run.kind === "file" || run.kind === "module" ? run.args.map(toText) : [];
  const server = run.kind === "module" ? run.name : lastPart(main?.path ?? "");
  const served = servedApplication(server, args);
  const application = served?.module;
  const told = given({ application });
  if (failure !== undefined) return { failure: { ...failure, stage: "main" }, extensions: tracer.extensions, ...told };
  if (served === undefined || application === undefined) return { extensions: tracer.extensions };
  const second = tracerFor([workingDirectory, ...folders]);
  const failed = (await second.load(application)) ?? (await serve(second, served));
  const extensions = [...tracer.extensions, ...second.extensions];
  return { extensions, ...told, ...(failed === undefined ? {} : { failure: { ...failed, stage: "application" } }) };
}

/** The server takes an object of the application's module, and calls it if that makes the application. */
async function serve(
  tracer: PythonTracer,
  { module, name, isFactory }: NonNullable<ReturnType<typeof servedApplication>>,
): Promise<PythonFailure | undefined> {
  const failed = await tracer.code(`from ${module} import ${name}${isFactory ? `\n${name}()` : ""}\n`);
  // Of a package it is no module that is wanted.
  return failed?.from === undefined && failed?.module === `${module}.${name}` ? { kind: "name", module, name } : failed;
}

/** Of a .pth file that fails Python tells with the module traceback, and goes on; without that it does not. */
async function pathFailure(tracer: PythonTracer, { pathImports }: PythonInstallation): Promise<PythonFailure | undefined> {
  for (const name of pathImports) if ((await tracer.load(name)) !== undefined) return await tracer.load("traceback");
  return undefined;
}

async function runMain(
  tracer: PythonTracer,
  run: PythonCommand,
  main: PythonStart["main"],
  modules: PythonModules,
  folders: readonly string[],
): Promise<PythonFailure | undefined> {
  if (run.kind === "code") return await tracer.code(run.source);
  if (main?.archive !== undefined) {
    const text = await main.archive.members.get("__main__.py")?.read(MAX_MAIN);
    return text === undefined ? undefined : await tracer.code(text.toString("utf8"));
  }
  if (run.kind === "file") return main?.file === undefined ? undefined : await tracer.main(main.file);
  if (run.kind === "other") return undefined;
  // runpy imports the packages above, then runs the module, or __main__ of a package.
  const parts = run.name.split(".");
  let places = folders;
  for (const [depth, part] of parts.entries()) {
    const found = modules.find(part, places);
    const name = parts.slice(0, depth + 1).join(".");
    if (found === undefined) return modules.isBuiltin(name) ? undefined : await tracer.load(name);
    const inside = "folders" in found ? found.folders : undefined;
    if (inside === undefined && depth < parts.length - 1) return undefined;
    if (inside === undefined) return found.kind === "source" ? await tracer.main(found.entry, parts.slice(0, depth).join(".")) : undefined;
    const failure = await tracer.load(name);
    if (failure !== undefined) return failure;
    places = inside;
  }
  const last = modules.find("__main__", places);
  if (last === undefined) return await tracer.load(`${run.name}.__main__`);
  return last.kind === "source" ? await tracer.main(last.entry, run.name) : undefined;
}

function settingsOf({ config }: AuditSubject, run: PythonCommand): Omit<PythonSettings, "isShut"> {
  const value = (name: string): string | undefined => {
    const found = run.ignoresEnvironment ? undefined : environmentPath(config.Env, name);
    return found === "" ? undefined : found;
  };
  const [pythonPath, pythonHome] = [value("PYTHONPATH"), value("PYTHONHOME")];
  return {
    withoutSite: run.withoutSite,
    pythonPath,
    pythonHome,
  };
}

async function mainOf(files: AuditFiles, path: string): Promise<NonNullable<PythonStart["main"]>> {
  const entry = entryAt(files, path);
  const file =
    entry?.kind === "dir" ? (fileAt(files, `${path}/__main__.py`) ?? fileAt(files, `${path}/__main__.pyc`)) : fileAt(files, path);
  const archive = file === undefined || entry?.kind === "dir" ? undefined : await openZip(files, file);
  return { path, entry, ...given({ file, archive }) };
}

function isFrom(version: string | undefined, minor: number): boolean {
  return Number(/^3\.(\d+)$/.exec(version ?? "")?.[1] ?? 0) >= minor;
}

async function loadedObjects(
  subject: AuditSubject,
  files: AuditFiles,
  machine: ElfMachine,
  program: ClosureRoot,
): Promise<readonly LoadedObject[]> {
  const closure = await programsOf(subject, files, machine).close(program);
  return closure.kind === "loaded" ? closure.closure.objects : [];
}

/** Does an extension lack a library or a version, given what the interpreter has loaded? */
function extensionTest(
  subject: AuditSubject,
  files: AuditFiles,
  machine: ElfMachine,
  {
    objects,
    program,
    isShut,
  }: { readonly objects: readonly LoadedObject[]; readonly program: ClosureRoot; readonly isShut: (entry: Entry) => boolean },
): { readonly isBroken: (entry: Entry) => Promise<boolean>; readonly librariesOf: (entry: Entry | undefined) => readonly Entry[] } {
  const programs = programsOf(subject, files, machine);
  const running = [...objects];
  const closures = new Map<Entry, readonly Entry[]>();
  const isBroken = async (entry: Entry): Promise<boolean> => {
    const head = await elfFiles(files).head(entry);
    if (head.kind !== "elf" || !isForMachine(head.elf, machine)) return true;
    const loader = program.elf.interpreter === undefined ? undefined : await programs.loaderAt(program.elf.interpreter);
    if (loader === undefined || "why" in loader) return false;
    const closure = await closeOver({ path: `/${entry.path}`, entry, elf: head.elf }, loader.search, { loader: loader.root, running });
    running.push(...closure.objects);
    const entries = closure.objects.map((object) => object.entry);
    closures.set(entry, entries);
    return closure.missing.length + closure.versions.length > 0 || entries.some(isShut);
  };
  return { isBroken, librariesOf: (entry) => (entry === undefined ? [] : (closures.get(entry) ?? [])) };
}
