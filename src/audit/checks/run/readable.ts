/** Whether the user of the image may read what its program certainly opens: programs and libraries, modules, archives. */
import { elfMachineOf } from "../../../elf/index.ts";
import { displayPath, type TreePath } from "../../../paths.ts";
import type { Entry } from "../../../tree/index.ts";
import { closeOver } from "../../closure/close.ts";
import { startedCommands } from "../../closure/commands.ts";
import { elfFiles } from "../../closure/elf-files.ts";
import { javaFiles, javaProgram } from "../../closure/java-program.ts";
import { javaRuntime } from "../../closure/java-runtime.ts";
import { nodeProgram } from "../../closure/node-program.ts";
import { programsOf } from "../../closure/programs.ts";
import { pythonStart } from "../../closure/python-start.ts";
import { shutFor } from "../../subject-user.ts";
import type { AuditCheck, AuditContext, AuditSubject, Finding } from "../../types.ts";
import { RUN } from "./findings.ts";

const MAX_PATHS = 50;

/** The check. */
export const readableCheck: AuditCheck = {
  group: "run",
  async run(subject, context) {
    const shutBy = await shutFor(subject);
    /** By what is in the way: a directory may hide a thousand files. */
    const shut = new Map<TreePath, { readonly by: Entry; readonly files: Set<string> }>();
    for (const entry of await openedFiles(subject, context)) {
      const by = shutBy(entry);
      if (by === undefined) continue;
      const group = shut.get(by.path) ?? { by, files: new Set<string>() };
      shut.set(by.path, group);
      if (group.files.size < MAX_PATHS) group.files.add(displayPath(entry.path));
    }
    const certain = [...shut.values()].map(({ by, files }) => finding(by, [...files]));
    return [...certain, ...perhapsNeeded(await loadable(subject, context), (entry) => (shut.has(entry.path) ? undefined : shutBy(entry)))];
  },
};

/** Code that a program of a kind may load by a name that no text shows, or anybody by dlopen. */
const LIBRARY = /\.so(?:\.\d+)*$/;
const CODE = { node: /\.(?:[cm]?js|node|wasm)$|(?:^|\/)package\.json$/, python: /\.py$/, java: /\.jar$/ };

/** Which files the programs that start may load. */
async function loadable(subject: AuditSubject, { files, signal }: AuditContext): Promise<readonly Entry[]> {
  const machine = elfMachineOf(subject.platform);
  if (machine === undefined || subject.isDirectory === true) return [];
  const kinds = [
    LIBRARY,
    ...((await nodeProgram(subject, files, machine, signal)) === undefined ? [] : [CODE.node]),
    ...((await pythonStart(subject, files, machine, signal)) === undefined ? [] : [CODE.python]),
    ...((await javaProgram(subject, files, machine)) === undefined ? [] : [CODE.java]),
  ];
  return files.entries.filter(({ kind, path }) => kind === "file" && kinds.some((one) => one.test(path)));
}

/** One finding for all: a umask of 077 shuts thousands. What is certainly needed is told apart, and so is not counted here. */
function perhapsNeeded(entries: readonly Entry[], shutBy: (entry: Entry) => Entry | undefined): readonly Finding[] {
  const shut = entries.flatMap((entry) => {
    const by = shutBy(entry);
    return by === undefined ? [] : [{ by, path: displayPath(entry.path) }];
  });
  const [first] = shut;
  if (first === undefined) return [];
  const more = shut.length === 1 ? "" : ` and ${shut.length - 1} more files with code`;
  return [
    RUN.found("file-not-readable", {
      severity: "warning",
      path: first.path,
      message: `The user may not read "${first.path}"${more}; whether the program needs ${more === "" ? "it" : "them"}, only running it tells`,
      remedy: remedyFor(first.by),
      details: { shut: displayPath(first.by.path), paths: shut.slice(0, MAX_PATHS).map(({ path }) => path) },
    }),
  ];
}

function remedyFor(by: Entry): string {
  return `Copy it with --chmod=${by.kind === "dir" ? "755" : "644"} or with --chown of the user, or run chmod -R a+rX before it is copied (a umask of 077 makes such files)`;
}

function finding(by: Entry, files: readonly string[]): Finding {
  const [first = ""] = files;
  const shown = displayPath(by.path);
  const isFolder = by.kind === "dir";
  return RUN.found("file-not-readable", {
    path: first,
    message: `The program needs "${first}"${files.length > 1 ? ` and ${files.length - 1} more files` : ""}, and its user may not ${isFolder ? `enter "${shown}"` : "read it"}: it has mode ${by.mode.toString(8)} and belongs to ${by.uid}:${by.gid}`,
    remedy: remedyFor(by),
    details: { shut: shown, paths: files },
  });
}

/** What is certainly opened to be read. */
async function openedFiles(subject: AuditSubject, { files, signal }: AuditContext): Promise<readonly Entry[]> {
  const machine = elfMachineOf(subject.platform);
  if (machine === undefined || subject.isDirectory === true) return [];
  const opened: Entry[] = [];
  const programs = programsOf(subject, files, machine);
  for (const { result, certain } of await startedCommands(subject, files, machine)) {
    const { program } = result;
    if (program === undefined || !certain) continue;
    const closure = await programs.close(program);
    // Of the program itself the kernel wants execute permission only.
    if (closure.kind === "loaded") opened.push(closure.loader.root.entry, ...closure.closure.objects.slice(1).map(({ entry }) => entry));
    const runtime = await javaRuntime(files, program);
    opened.push(...(runtime?.opened ?? []));
    for (const { path, entry } of runtime?.libraries ?? []) {
      const head = await elfFiles(files).head(entry);
      if (closure.kind !== "loaded" || head.kind !== "elf") continue;
      const { loader } = closure;
      const running = closure.closure.objects;
      const own = await closeOver({ path, entry, elf: head.elf }, loader.search, { loader: loader.root, running });
      opened.push(...own.objects.map((object) => object.entry));
    }
  }
  const node = await nodeProgram(subject, files, machine, signal);
  if (node?.command.certain === true) opened.push(...(node.trace?.opened ?? []));
  opened.push(...(await javaFiles(subject, files, machine)));
  const python = await pythonStart(subject, files, machine, signal);
  if (python?.command.certain === true) {
    if (python.main?.file !== undefined) opened.push(python.main.file);
    if (["unreadable", "hidden"].includes(python.failure?.kind ?? "") && python.failure?.entry !== undefined)
      opened.push(python.failure.entry);
    opened.push(...python.libraries);
  }
  return opened;
}
