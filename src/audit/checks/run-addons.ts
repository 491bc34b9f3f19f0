/** Native add-ons that a Node.js program loads: for the right machine, and with their libraries. Node.js itself has loaded its own already. */
import { type ElfMachine, isForMachine, machineName } from "../../elf/index.ts";
import { displayPath, type TreePath } from "../../paths.ts";
import { closeOver } from "../closure/close.ts";
import { elfFiles } from "../closure/elf-files.ts";
import { nodeProgram } from "../closure/node-program.ts";
import type { Gap } from "../closure/packages.ts";
import type { Programs } from "../closure/programs.ts";
import type { LoadedObject } from "../closure/types.ts";
import type { AuditContext, AuditSubject, Severity } from "../types.ts";
import { RUN } from "./run-findings.ts";
import { closureGaps, type LibraryContext } from "./run-library-findings.ts";

/** What the check of libraries knows already. */
export interface AddonOptions {
  readonly machine: ElfMachine;
  readonly programs: Programs;
  readonly words: LibraryContext;
  /** What the program that opens them has loaded, itself first. */
  readonly running: readonly LoadedObject[];
}

/** Their gaps, and the files that were looked at: add-ons and what they load. */
export async function addonGaps(
  subject: AuditSubject,
  { files, signal }: AuditContext,
  { machine, programs, words, running }: AddonOptions,
): Promise<{ readonly gaps: readonly Gap[]; readonly paths: readonly TreePath[] }> {
  const program = await nodeProgram(subject, files, machine, signal);
  const node = program?.command.result.program;
  const loader = node?.elf.interpreter === undefined ? undefined : await programs.loaderAt(node.elf.interpreter);
  const gaps: Gap[] = [];
  const paths: TreePath[] = [];
  for (const { entry, certain } of program?.trace?.addons ?? []) {
    paths.push(entry.path);
    const severity: { readonly severity?: Severity } = certain && program?.command.certain === true ? {} : { severity: "warning" };
    const head = await elfFiles(files).head(entry);
    const problem =
      head.kind === "damaged"
        ? head.problem
        : head.kind === "other"
          ? "it is no ELF file"
          : isForMachine(head.elf, machine)
            ? undefined
            : `it is for ${machineName(head.elf)}`;
    if (head.kind !== "elf" || problem !== undefined) {
      gaps.push({
        finding: () =>
          RUN.found(head.kind === "damaged" ? "elf-damaged" : "elf-wrong-architecture", {
            ...severity,
            path: displayPath(entry.path),
            message: `The native add-on "${displayPath(entry.path)}" cannot be loaded: ${problem ?? ""}`,
            remedy:
              "Run npm ci in a stage for the platform of the image; do not copy node_modules from the host (name it in .dockerignore)",
          }),
      });
      continue;
    }
    if (loader === undefined || "why" in loader) continue;
    const closure = await closeOver({ path: `/${entry.path}`, entry, elf: head.elf }, loader.search, {
      loader: loader.root,
      running,
    });
    paths.push(...closure.objects.map((object) => object.entry.path));
    gaps.push(...closureGaps(closure, { ...words, ...severity }));
  }
  return { gaps, paths };
}
