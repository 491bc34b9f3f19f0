/** The Node.js program that an image starts: its main module and all that it loads. Worked out once for all checks of an audit. */
import type { ElfMachine } from "../../elf/index.ts";
import { toText } from "../../paths.ts";
import { absolutePath, environmentPath, fileAt, folderOf, lastPart } from "../../facts/index.ts";
import { given } from "../../given.ts";
import type { Entry } from "../../tree/index.ts";
import { oncePerFiles } from "../once-per-files.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { execPlace, type StartedCommand, startedCommands } from "./commands.ts";
import { chosenAddons, packageFolder, scriptProcess } from "./node-addons.ts";
import { dependencyGaps } from "./node-dependencies.ts";
import { isNodeName, packageScript, parseNodeCommand } from "./node-command.ts";
import { manifestOf, nodePackages, type NodePackages } from "./node-packages.ts";
import { nodeResolver } from "./node-resolve.ts";
import { nodeVersionOf, tooNewFor } from "./node-version.ts";
import { type NodeTrace, traceNode } from "./node-trace.ts";

/** What is known of it. */
export interface NodeProgram {
  readonly command: StartedCommand;
  /** As written, in the form of paths, and absolute. */
  readonly main: { readonly name: string; readonly path: string; readonly found: boolean };
  /** --require and --import that lead nowhere. */
  readonly missingPreloads: readonly string[];
  /** Files of --env-file that are not there. */
  readonly missingEnvironment: readonly string[];
  readonly trace?: NodeTrace;
}

/** Programs that run others; what they load themselves came with them. */
const PACKAGE_MANAGERS = /(?:^|\/)(?:npm-cli|npx-cli|yarn|pnpm|corepack)\.[cm]?js$/;
const programOf = oncePerFiles<Promise<NodeProgram | undefined>>();

/** The program, or undefined when no command runs Node.js with a file. */
export function nodeProgram(
  subject: AuditSubject,
  files: AuditFiles,
  machine: ElfMachine,
  signal?: AbortSignal,
): Promise<NodeProgram | undefined> {
  return programOf(files, () => find(subject, files, machine, signal));
}

async function find(
  subject: AuditSubject,
  files: AuditFiles,
  machine: ElfMachine,
  signal: AbortSignal | undefined,
): Promise<NodeProgram | undefined> {
  const commands = await startedCommands(subject, files, machine);
  const command = commands.findLast(({ result }) => result.program !== undefined);
  const program = command?.result.program;
  if (command === undefined || program === undefined || packageScript(command.argv) !== undefined) return undefined;
  if (![program.path, program.entry.path].some((path) => isNodeName(lastPart(path)))) return undefined;
  const { Env } = subject.config;
  const { main, preloads, conditions, environmentFiles } = parseNodeCommand(command.result.args, environmentPath(Env, "NODE_OPTIONS"));
  if (main === undefined) return undefined;

  const { workingDirectory } = execPlace(subject, files, machine);
  const packages = nodePackages(files);
  const own = folderOf(folderOf(`/${program.entry.path}`));
  const nodePath = [
    ...(environmentPath(Env, "NODE_PATH") ?? "")
      .split(":")
      .flatMap((folder) => (folder === "" ? [] : absolutePath(folder, workingDirectory))),
    `${own === "/" ? "" : own}/lib/node`,
    // Debian's own build looks for Debian's packages.
    ...(own === "/usr" ? ["/usr/share/nodejs", "/usr/lib/nodejs", `/usr/lib/${machine.triplet}/nodejs`] : []),
  ];
  const resolver = nodeResolver(files, packages, { conditions, nodePath });
  const path = absolutePath(main, workingDirectory);
  const target = await resolver.main(path);
  const found = target.kind === "file";
  const roots: Entry[] = found ? [target.entry] : [];
  const missingPreloads: string[] = [];
  for (const { specifier, kind } of preloads) {
    const preload = await resolver.resolve(specifier, kind, absolutePath("main", workingDirectory));
    if (preload.kind === "file") roots.push(preload.entry);
    if (preload.kind === "missing") missingPreloads.push(specifier);
  }
  const environment = environmentFiles.map((name) => [name, fileAt(files, absolutePath(name, workingDirectory))] as const);
  const missingEnvironment = environment.flatMap(([name, file]) => (file === undefined ? [toText(name)] : []));
  const facts = { command, main: { name: main, path, found }, missingPreloads, missingEnvironment };
  if (!found || PACKAGE_MANAGERS.test(target.entry.path)) return facts;
  // The parser costs a start of the command some milliseconds: only where it is needed.
  const { nodeImportParser } = await import("./node-imports.ts");
  const version = await nodeVersionOf(subject, files, program.entry);
  const process = { ...scriptProcess({ subject, files, machine, command }), ...version };
  const options = { files, packages, resolver, parse: nodeImportParser(process), workingDirectory, ...given({ signal }) };
  const trace = await traceNode(roots, options);
  const chosen = await chosenAddons({ ...options, subject, machine, command, process, trace });
  // Where a package is known to choose one, its others are for other platforms.
  const decided = new Set(chosen.addons.map(({ path }) => packageFolder(path)));
  const perhaps = trace.addons.filter(({ entry, certain }) => certain || !decided.has(packageFolder(entry.path)));
  const addons = new Map(perhaps.map((one) => [one.entry.path, one]));
  for (const entry of chosen.addons) addons.set(entry.path, { entry, certain: true });
  const opened = [...trace.opened, ...chosen.opened, ...environment.flatMap(([, file]) => file ?? [])];
  const known = [...trace.missing, ...chosen.missing];
  // What is missing already is no second finding.
  const gaps = known.length > 0 ? [] : await dependencyGaps(trace.opened, { ...options, process, decided, asked: chosen.asked });
  const missing = [...known, ...gaps, ...(await tooNewFor(trace.newBuiltIns, subject, program.entry))];
  return {
    ...facts,
    trace: { ...trace, missing, addons: [...addons.values()], opened: [...opened, ...(await manifestsOf(files, packages, opened))] },
  };
}

/** The package.json files that say of what kind modules are: Node.js does not start what it may not read. */
async function manifestsOf(files: AuditFiles, packages: NodePackages, modules: readonly Entry[]): Promise<readonly Entry[]> {
  const found = new Set<Entry>();
  for (const { path } of modules) {
    const manifest = await manifestOf(files, packages, `/${path}`);
    if (manifest !== undefined) found.add(manifest);
  }
  return [...found];
}
