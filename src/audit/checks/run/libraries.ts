/** Whether what the image starts finds its loader, its libraries and their symbol versions. */
import { elfMachineOf } from "../../../elf/index.ts";
import { environmentPath, fileAt, ldConfFolders } from "../../../facts/index.ts";
import { displayPath, toText, type TreePath } from "../../../paths.ts";
import type { ClosureRoot } from "../../closure/close.ts";
import { startedCommands } from "../../closure/commands.ts";
import { imageLibraries } from "../../closure/library-names.ts";
import { findingsOf, type Gap } from "../../closure/packages.ts";
import { type ProgramClosure, programsOf } from "../../closure/programs.ts";
import type { AuditCheck, AuditContext, AuditSubject, Finding } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";
import { type LibraryContext, closureGaps, missingLoader, otherLoader } from "./library-gaps.ts";
import { openedGaps } from "./opened.ts";
import { unreachedGaps } from "./unreached.ts";

/** A program that runs, and what it loads. */
interface Reached {
  readonly program: ClosureRoot;
  readonly certain: boolean;
  readonly closure: ProgramClosure;
}

/** The check. */
export const librariesCheck: AuditCheck = {
  group: "run",
  async run(subject, context) {
    const machine = elfMachineOf(subject.platform);
    if (machine === undefined) return [];
    const { files } = context;
    const libraries = await imageLibraries(files, machine, context.signal);
    const programs = programsOf(subject, files, machine);
    const reached: Reached[] = [];
    for (const { result, certain } of await startedCommands(subject, files, machine)) {
      const { program } = result;
      if (program === undefined || reached.some((one) => one.program.entry.path === program.entry.path)) continue;
      reached.push({ program, certain, closure: await programs.close(program) });
    }
    const configured = await ldConfFolders(subject.tree);
    const words: LibraryContext = { libraries, configured, files };
    const gaps: Gap[] = [];
    for (const { program, certain, closure } of reached) {
      const severity = unlessCertain({ certain });
      if (closure.kind === "no-loader") {
        const other = otherLoader(files, machine);
        gaps.push(missingLoader(displayPath(program.entry.path), { ...closure, other }, severity));
      }
      if (closure.kind === "loaded") gaps.push(...closureGaps(closure.closure, { ...words, ...severity }));
    }
    const running = reached.flatMap(({ closure }) => (closure.kind === "loaded" ? closure.closure.objects : []));
    const opened = await openedGaps(subject, context, { machine, programs, words, running });
    gaps.push(...opened.gaps);
    gaps.push(...(await unreachedGaps(subject, context, { machine, programs, words, reached: loadedPaths(reached, opened.paths) })));
    return [...(await findingsOf(gaps, context)), ...preloads(subject, context)];
  },
};

function loadedPaths(reached: readonly Reached[], others: readonly TreePath[]): ReadonlySet<TreePath> {
  const paths = new Set<TreePath>(others);
  for (const { program, closure } of reached) {
    paths.add(program.entry.path);
    if (closure.kind === "loaded") for (const { entry } of closure.closure.objects) paths.add(entry.path);
  }
  return paths;
}

/** LD_PRELOAD: the loader says that it ignores what is missing, at every start of every program. */
function preloads({ config }: AuditSubject, { files }: AuditContext): readonly Finding[] {
  const names = (environmentPath(config.Env, "LD_PRELOAD") ?? "")
    .split(/[\s:]+/)
    .filter((name) => name.startsWith("/") && !name.includes("$"));
  return names
    .filter((name) => fileAt(files, name) === undefined)
    .map((name) =>
      RUN.found("preload-missing", {
        path: toText(name),
        message: `LD_PRELOAD names "${toText(name)}", which is not in the image`,
        remedy: "Copy the library into the image, or leave LD_PRELOAD out of ENV",
      }),
    );
}
