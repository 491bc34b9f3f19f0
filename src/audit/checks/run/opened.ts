/**
 * Libraries that a program opens by name: native add-ons of Node.js, the virtual machine of Java. They must be for the right machine and find what
 * they need; what the program has loaded itself is there already.
 */
import { type ElfMachine, isForMachine, machineName } from "../../../elf/index.ts";
import { displayPath, type TreePath } from "../../../paths.ts";
import type { Entry } from "../../../tree/index.ts";
import { type ClosureRoot, closeOver } from "../../closure/close.ts";
import { startedCommands } from "../../closure/commands.ts";
import { elfFiles } from "../../closure/elf-files.ts";
import { javaLoaded } from "../../closure/java-loaded.ts";
import { javaProgram } from "../../closure/java-program.ts";
import { javaRuntime } from "../../closure/java-runtime.ts";
import { nodeProgram } from "../../closure/node-program.ts";
import type { Gap } from "../../closure/packages.ts";
import type { Programs } from "../../closure/programs.ts";
import { pythonStart } from "../../closure/python-start.ts";
import type { LoadedObject } from "../../closure/types.ts";
import type { AuditContext, AuditSubject } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";
import { closureGaps, type LibraryContext } from "./library-gaps.ts";

/** What the check of libraries knows already. */
interface OpenedOptions {
  readonly machine: ElfMachine;
  readonly programs: Programs;
  readonly words: LibraryContext;
  /** What the programs that run have loaded. */
  readonly running: readonly LoadedObject[];
}

/** A library that is opened, under the path that it is opened by. */
interface Opened {
  readonly path: string;
  readonly entry: Entry;
  readonly certain: boolean;
  readonly by: ClosureRoot;
  readonly remedy: string;
}

/** Their gaps, and the files that were looked at: these libraries and what they load. */
export async function openedGaps(
  subject: AuditSubject,
  context: AuditContext,
  { machine, programs, words, running }: OpenedOptions,
): Promise<{ readonly gaps: readonly Gap[]; readonly paths: readonly TreePath[] }> {
  const gaps: Gap[] = [];
  const paths: TreePath[] = [];
  // What was opened before is there for what comes later: libjava.so finds libjvm.so so.
  const loaded = [...running];
  for (const one of await openedLibraries(subject, context, machine)) {
    const { entry, by } = one;
    paths.push(entry.path);
    const severity = unlessCertain(one);
    const head = await elfFiles(context.files).head(entry);
    const isFitting = head.kind === "elf" && isForMachine(head.elf, machine);
    if (head.kind !== "elf" || !isFitting) {
      const problem =
        head.kind === "damaged" ? head.problem : head.kind === "other" ? "it is no ELF file" : `it is for ${machineName(head.elf)}`;
      gaps.push({
        finding: () =>
          RUN.found(head.kind === "elf" ? "elf-wrong-architecture" : "elf-damaged", {
            ...severity,
            path: displayPath(entry.path),
            message: `"${displayPath(by.entry.path)}" cannot load "${displayPath(entry.path)}": ${problem}`,
            remedy: one.remedy,
          }),
      });
      continue;
    }
    const loader = by.elf.interpreter === undefined ? undefined : await programs.loaderAt(by.elf.interpreter);
    if (loader === undefined || "why" in loader) continue;
    const closure = await closeOver({ path: one.path, entry, elf: head.elf }, loader.search, { loader: loader.root, running: loaded });
    loaded.push(...closure.objects);
    paths.push(...closure.objects.map((object) => object.entry.path));
    gaps.push(...closureGaps(closure, { ...words, ...severity }));
  }
  return { gaps, paths };
}

async function openedLibraries(subject: AuditSubject, { files, signal }: AuditContext, machine: ElfMachine): Promise<readonly Opened[]> {
  const opened: Opened[] = [];
  const node = await nodeProgram(subject, files, machine, signal);
  const nodeRoot = node?.command.result.program;
  for (const { entry, certain } of node?.trace?.addons ?? []) {
    if (nodeRoot === undefined) break;
    const remedy = "Run npm ci in a stage for the platform of the image; do not copy node_modules from the host (name it in .dockerignore)";
    opened.push({ path: `/${entry.path}`, entry, certain: certain && node?.command.certain === true, by: nodeRoot, remedy });
  }
  const python = await pythonStart(subject, files, machine, signal);
  for (const entry of python?.extensions ?? []) {
    if (python === undefined) break;
    const certain = python.command.certain && python.failure?.entry === entry;
    const remedy = "Install it in a stage with the same Python and for the platform of the image";
    opened.push({ path: `/${entry.path}`, entry, certain, by: python.program, remedy });
  }
  for (const { result, certain } of await startedCommands(subject, files, machine)) {
    const { program } = result;
    const runtime = program === undefined ? undefined : await javaRuntime(files, program);
    if (program === undefined || runtime === undefined) continue;
    const remedy = "Take the whole Java runtime for the platform of the image";
    opened.push(...runtime.libraries.map(({ path, entry }) => ({ path, entry, certain, by: program, remedy })));
  }
  const java = await javaProgram(subject, files, machine);
  if (java === undefined) return opened;
  const remedy = "Take the library for the platform of the image, and with what it needs";
  const { libraries } = await javaLoaded(subject, files, machine);
  return [...opened, ...libraries.map((one) => ({ ...one, by: java.program, remedy }))];
}
