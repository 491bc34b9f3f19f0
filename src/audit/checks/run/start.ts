/** Whether ENTRYPOINT and CMD lead to something that can be started. */
import { elfMachineOf } from "../../../elf/index.ts";
import { formatPlatform } from "../../../oci/index.ts";
import { displayPath, toText, treePath } from "../../../paths.ts";
import type { Tree } from "../../../tree/index.ts";
import { blockedAt, type Identity, mayExecute, mayRead } from "../../access.ts";
import { startedCommands, type StartedCommand, startLine } from "../../closure/commands.ts";
import type { ExecProblem } from "../../closure/exec.ts";
import { addPackage, findingsOf, type Gap, packageDetails } from "../../closure/packages.ts";
import type { AuditCheck, Finding } from "../../types.ts";
import { subjectUser } from "../../subject-user.ts";
import { RUN, type RunId, unlessCertain } from "./findings.ts";

const IDS: Readonly<Record<ExecProblem["kind"], RunId>> = {
  missing: "program-missing",
  "not-executable": "program-not-executable",
  format: "program-format",
  architecture: "elf-wrong-architecture",
  damaged: "elf-damaged",
  "script-interpreter": "script-interpreter-missing",
  "script-carriage-return": "script-carriage-return",
  "script-line": "script-line",
};
/** Where packages put programs. */
const SYSTEM = /^\/(?:usr\/)?s?bin\//;

/** The check. */
export const startCheck: AuditCheck = {
  group: "run",
  async run(subject, context) {
    const machine = elfMachineOf(subject.platform);
    if (machine === undefined) {
      const message = `The audit did not check whether programs for ${formatPlatform(subject.platform)} run: it does not know their format`;
      return [
        RUN.found("platform-not-examined", {
          message,
          remedy: "You need not do anything; the audit does not check whether the image runs",
        }),
      ];
    }
    if (subject.isDirectory === true) return [];
    if (startLine(subject).length === 0) {
      const remedy = "Set ENTRYPOINT or CMD in the last stage; a base image needs none";
      return [RUN.found("command-missing", { message: "The image does not say what it starts", remedy })];
    }
    const gaps: Gap[] = [];
    const user = await subjectUser(subject);
    const who = "problem" in user ? undefined : { uid: user.uid, gids: [user.gid, ...user.additionalGids] };
    for (const command of await startedCommands(subject, context.files, machine)) {
      const { problem } = command.result;
      if (problem !== undefined) gaps.push(gapOf(command, problem));
      else if (command.certain && who !== undefined) gaps.push(...refusedGaps(subject.tree, command, who));
    }
    return await findingsOf(gaps, context);
  },
};

function gapOf(command: StartedCommand, problem: ExecProblem): Gap {
  const severity = unlessCertain(command);
  const name = toText(problem.name);
  if (command.isShellForm && problem.kind === "missing") {
    return { finding: () => RUN.found("shell-form-without-shell", { ...severity, path: name, ...shellForm(command, name) }) };
  }
  const interpreter = /^its interpreter "([^"]+)"/.exec(problem.why)?.[1];
  const wanted = problem.kind === "script-interpreter" ? interpreter : problem.kind === "missing" ? name : undefined;
  const query = wanted === undefined ? undefined : wanted.includes("/") ? wanted : `/usr/bin/${wanted}`;
  return {
    ...(query === undefined || !SYSTEM.test(query) ? {} : { query }),
    finding: (packages) =>
      RUN.found(IDS[problem.kind], {
        ...severity,
        ...(name.startsWith("/") ? { path: name } : {}),
        message: `${command.certain ? "The image starts" : "The image may start"} "${name}", and ${toText(problem.why)}${alternative(problem)}`,
        remedy: remedy(problem, packages, interpreter),
        details: { command: command.argv.map(toText), ...packageDetails(packages) },
      }),
  };
}

/** What is there, and the user of the image may not start: a program, a script or its interpreter, or a directory on the way. */
function refusedGaps(tree: Tree, { result }: StartedCommand, who: Identity): readonly Gap[] {
  for (const { path, entry } of result.steps) {
    const shut = blockedAt(tree, treePath(toText(path)), who);
    const isScript = entry.path !== result.program?.entry.path;
    const allowed = shut === undefined && mayExecute(entry, who) && (!isScript || mayRead(entry, who));
    if (allowed) continue;
    const refused = shut ?? entry;
    const shown = displayPath(refused.path);
    const remedy = `Give others the permission (chmod o+${isScript ? "r" : ""}x ${shown}, or COPY --chmod=755), or copy it with --chown of the user`;
    return [
      {
        finding: () =>
          RUN.found("program-not-executable", {
            path: displayPath(entry.path),
            message: `The user with uid ${who.uid} may not start "${displayPath(entry.path)}": "${shown}" has mode ${refused.mode.toString(8)} and belongs to ${refused.uid}:${refused.gid}`,
            remedy,
          }),
      },
    ];
  }
  return [];
}

function shellForm({ argv }: StartedCommand, shell: string): Pick<Finding, "message" | "remedy"> {
  const line = toText(argv.slice(2).join(" "));
  return {
    message: `The command "${line}" is in shell form, and the shell "${shell}" is not in the image`,
    remedy: `Write the command as a list, e.g. CMD ${JSON.stringify(line.split(/\s+/).filter((word) => word !== ""))}, or take a base with a shell (the debug variant)`,
  };
}

function alternative({ similar }: ExecProblem): string {
  return similar === undefined ? "" : `; it has "${toText(similar)}"`;
}

/** Python in a folder of its own. */
const VENV = /^\/(?!usr\/bin\/|usr\/local\/bin\/|bin\/).*\/bin\/python[\d.]*$/;

function remedy(problem: ExecProblem, packages: readonly string[], interpreter: string | undefined): string {
  const { kind, name, similar } = problem;
  switch (kind) {
    case "missing":
      return similar === undefined
        ? addPackage(packages, "Copy the program into the image, or correct ENTRYPOINT, CMD, WORKDIR or PATH")
        : `Correct the path: Linux distinguishes upper and lower case; write "${toText(similar)}"`;
    case "not-executable":
      return "Give it execute permission: COPY --chmod=755, or chmod +x before it is copied";
    case "format":
      return problem.why.includes("#!")
        ? "Put the interpreter into its first line (#!/bin/sh), or name the interpreter in ENTRYPOINT"
        : "Copy the program itself, built for Linux, or name the program that runs this file in ENTRYPOINT";
    case "architecture":
      return "Build it for the platform of the image: check GOARCH, --platform, and files copied from the host";
    case "damaged":
      return "Build or copy it again";
    case "script-interpreter":
      if (problem.why.includes("env -S")) return "Write #!/usr/bin/env -S NAME ARGUMENT, or leave the argument out";
      return interpreter !== undefined && VENV.test(interpreter)
        ? `A virtual environment cannot be moved: create it at the path that it has in the image, or start it with CMD ["python", "-m", "${name.slice(name.lastIndexOf("/") + 1)}"]`
        : addPackage(packages, `Take a base that has "${interpreter ?? "the interpreter"}", or correct the first line of the script`);
    case "script-carriage-return":
      return "Save the script with LF line ends: git config core.autocrlf input, *.sh text eol=lf in .gitattributes, or dos2unix";
    case "script-line":
      return "Write one absolute path of an interpreter, and at most one argument, behind #!";
    default:
      return kind satisfies never;
  }
}
