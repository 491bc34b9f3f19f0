/** Whether a Python program finds its main file, its virtual environment and what it imports before anything else. */
import { elfMachineOf } from "../../../elf/index.ts";
import { entryAt, lastPart } from "../../../facts/index.ts";
import { toText } from "../../../paths.ts";
import { isPythonName } from "../../closure/python-command.ts";
import type { PythonInstallation } from "../../closure/python-program.ts";
import { type PythonStart, pythonStart } from "../../closure/python-start.ts";
import { PYTHON_STANDARD_LIBRARY } from "../../closure/python-names.ts";
import type { PythonFailure } from "../../closure/python-running.ts";
import { similarPath } from "../../closure/similar-path.ts";
import type { FindingFacts } from "../../finding-kinds.ts";
import type { AuditCheck, AuditFiles, Finding, Severity } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";

const MAX_DOUBTS = 20;

/** The check. */
export const pythonCheck: AuditCheck = {
  group: "run",
  async run(subject, context) {
    const machine = elfMachineOf(subject.platform);
    const start = machine === undefined ? undefined : await pythonStart(subject, context.files, machine, context.signal);
    return start === undefined ? [] : examine(start, context.files);
  },
};

function examine(start: PythonStart, files: AuditFiles): readonly Finding[] {
  const { command, program, installation, failure } = start;
  const severity = unlessCertain(command);
  const broken = brokenVenv(installation, start, (path) => entryAt(files, path) !== undefined);
  if (broken !== undefined) return [RUN.found("python-venv-broken", { ...severity, ...broken })];
  if (installation.missingLibrary !== undefined) {
    const library = toText(installation.missingLibrary);
    return [
      RUN.found("python-library-missing", {
        ...severity,
        path: library,
        message: `"${toText(program.path)}" is "/${toText(program.entry.path)}", but "${library}" does not have its standard library`,
        remedy: "Copy the library with the interpreter, or take a base with Python (python3-debian13)",
      }),
    ];
  }
  const main = mainMissing(start, files);
  if (main !== undefined) return [RUN.found("python-main-missing", { ...severity, ...main })];
  // The checks of libraries and of readable files report what an extension lacks.
  const doubts = [...start.hollow.map((name) => hollowPackage(name, start)), ...start.doubts.slice(0, MAX_DOUBTS).map(doubtful)];
  if (failure?.kind === "name" || failure?.kind === "relative")
    return [RUN.found("python-import-fails", { ...severity, ...importFails(start, failure) }), ...doubts];
  if (failure === undefined || failure.kind !== "missing") return doubts;
  return [RUN.found(...moduleMissing(start, failure, severity)), ...doubts];
}

function hollowPackage(name: string, { installation }: PythonStart): Finding {
  return RUN.found("python-module-missing", {
    severity: "warning",
    message: `The package "${name}" ${PYTHON_STANDARD_LIBRARY.has(name.split(".")[0] ?? "") ? `of the standard library of Python ${installation.version ?? ""} ` : ""}has no __init__.py, so importing it gives an empty package`,
    remedy: "Copy the whole package, and the whole library with the interpreter",
    details: { module: name },
  });
}

/** What an extension asks for no text says for certain. */
function doubtful({ kind, module, from = "" }: PythonFailure): Finding {
  return RUN.found("python-module-missing", {
    severity: "warning",
    path: toText(from),
    message: `"${toText(from)}" leads to the module "${module}", which ${kind === "missing" ? "is not in the image" : "cannot be loaded"}; whether the program needs it, only running it tells`,
    remedy: "Copy the whole library with the interpreter, or take a base with Python (python3-debian13)",
    details: { module },
  });
}

function mainMissing({ run, main, command }: PythonStart, files: AuditFiles): FindingFacts | undefined {
  if (run.kind !== "file" || main === undefined) return undefined;
  const { path } = main;
  if (main.entry?.kind === "dir" && main.file === undefined) {
    return {
      path: `${toText(path)}/__main__.py`,
      message: `Python is started with the directory "${toText(path)}", which has no "__main__.py"`,
      remedy: "Start a file of it, or python -m with the name of its package",
      details: { command: command.argv.map(toText) },
    };
  }
  if (main.archive !== undefined && !["__main__.py", "__main__.pyc"].some((name) => main.archive?.members.has(name) === true)) {
    return {
      path: toText(path),
      message: `Python is started with the archive "${toText(path)}", which has no "__main__.py"`,
      remedy: "Make it with python -m zipapp --main, or start a module of it with PYTHONPATH and python -m",
      details: { command: command.argv.map(toText) },
    };
  }
  if (main.entry !== undefined) return undefined;
  const similar = similarPath(files, [path]);
  const isPython = isPythonName(lastPart(run.path));
  return {
    path: toText(path),
    message: `Python is started with "${toText(run.path)}", but the image has no "${toText(path)}"${similar === undefined ? "" : `; it has "${toText(similar)}"`}`,
    remedy: isPython
      ? `Leave "${toText(run.path)}" out of CMD: the ENTRYPOINT of the image is Python already. CMD ["app.py"]`
      : similar === undefined
        ? "Copy it into the image, or correct CMD or WORKDIR"
        : `Correct the path: Linux distinguishes upper and lower case; write "${toText(similar)}"`,
    details: { command: command.argv.map(toText) },
  };
}

function moduleMissing(
  { run, command, folders, application, installation, main, workingDirectory, unlisted }: PythonStart,
  { module, from, stage }: NonNullable<PythonStart["failure"]>,
  severity: { readonly severity?: Severity },
): readonly ["python-main-missing" | "python-module-missing" | "python-library-missing", FindingFacts] {
  if (stage === "start") {
    return [
      "python-library-missing",
      {
        ...severity,
        ...(from === undefined ? {} : { path: toText(from) }),
        message: `Python ${installation.version ?? ""} imports "${module}" when it starts, which is in none of ${shownFolders(installation.folders)}`,
        remedy: "Copy the whole library with the interpreter, or take a base with Python (python3-debian13)",
        details: { module },
      },
    ];
  }
  if (from === undefined && run.kind === "module" && stage === "main") {
    return [
      "python-main-missing",
      {
        ...severity,
        message: `Python is started with the module "${run.name}", but there is no such module in ${shownFolders(folders)}`,
        remedy: "Install it into the image for the Python of the image, or correct CMD or WORKDIR",
        details: { module: run.name, folders: folders.map(toText) },
      },
    ];
  }
  if (from === undefined && stage === "application") {
    const server = run.kind === "module" ? run.name : toText(main?.path ?? "");
    return [
      "python-main-missing",
      {
        ...severity,
        message: `"${server}" must load the module "${application ?? module}", which is in none of ${shownFolders([workingDirectory, ...folders])}`,
        remedy: "Copy it into the image, or correct CMD, WORKDIR or PYTHONPATH",
        details: { module, command: command.argv.map(toText) },
      },
    ];
  }
  const place = from === undefined ? "The program" : `"${toText(from)}"`;
  return [
    "python-module-missing",
    {
      ...severity,
      ...(from === undefined ? {} : { path: toText(from) }),
      message: `${place} imports "${module}", which is in none of the directories that Python ${installation.version ?? ""} looks into${unlisted.length === 0 ? "" : `; its user may not list ${shownFolders(unlisted)}`}`,
      remedy:
        unlisted.length > 0
          ? "Make directories readable where they are made (chmod -R a+rX), and install it for the Python of the image if it is not there"
          : "Install it for the Python of the image, e.g. pip install --target in a stage with the same version, or correct PYTHONPATH",
      details: { module, folders: folders.map(toText) },
    },
  ];
}

function importFails({ command, main, run }: PythonStart, { kind, module, name = "", from }: PythonFailure): FindingFacts {
  const server = run.kind === "module" ? run.name : toText(main?.path ?? "");
  const place = from === undefined ? (run.kind === "code" ? "The program" : `"${server}"`) : `"${toText(from)}"`;
  const details = { module, command: command.argv.map(toText) };
  const path = from === undefined ? {} : { path: toText(from) };
  if (kind === "relative") {
    return {
      ...path,
      message: `${place} imports "${module}", and is in no package that the dots could start from`,
      remedy: 'Start it as a part of its package, as in CMD ["python3", "-m", "package.module"], or import by the full name',
      details,
    };
  }
  return {
    ...path,
    message: `${place} imports "${name}" from "${module}", and that module does not have it`,
    remedy: "Copy or install the version of the module that has the name, or correct the name",
    details: { ...details, name },
  };
}

function shownFolders(folders: readonly string[]): string {
  return folders.map((one) => `"${toText(one)}"`).join(", ");
}

function brokenVenv(
  { venv, version }: PythonInstallation,
  { program }: PythonStart,
  isThere: (path: string) => boolean,
): Pick<Finding, "path" | "message" | "remedy" | "details"> | undefined {
  if (venv === undefined) return undefined;
  const path = `${toText(venv.folder)}/pyvenv.cfg`;
  const remedy =
    "Create the environment in a stage whose Python has the same path and version as that of the image, at the path that it has in the image";
  if (venv.home !== undefined && !isThere(venv.home)) {
    return {
      path,
      message: `The virtual environment "${toText(venv.folder)}" was made for the Python in "${toText(venv.home)}", which is not in the image; "${toText(program.path)}" is "/${toText(program.entry.path)}"`,
      remedy,
      details: { home: toText(venv.home) },
    };
  }
  if (venv.version !== undefined && version !== undefined && venv.version !== version) {
    return {
      path,
      message: `The virtual environment "${toText(venv.folder)}" was made for Python ${venv.version}, and "${toText(program.path)}" is Python ${version}: it does not find the packages`,
      remedy,
      details: { wanted: venv.version, found: version },
    };
  }
  return undefined;
}
