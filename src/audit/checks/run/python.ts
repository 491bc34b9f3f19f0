/** Whether a Python program finds its main file, its virtual environment and what the main file imports. */
import { elfMachineOf } from "../../../elf/index.ts";
import { absolutePath, entryAt, environmentPath, fileAt, folderOf, lastPart } from "../../../facts/index.ts";
import { toText } from "../../../paths.ts";
import { execPlace, type StartedCommand, startedCommands } from "../../closure/commands.ts";
import type { ClosureRoot } from "../../closure/close.ts";
import { applicationModule, isPythonName, parsePythonCommand, pythonImports } from "../../closure/python-command.ts";
import { PYTHON_STANDARD_LIBRARY } from "../../closure/python-names.ts";
import { hasPythonModule, pythonInstallation, type PythonInstallation } from "../../closure/python-program.ts";
import { similarPath } from "../../closure/similar-path.ts";
import type { AuditCheck, AuditContext, AuditSubject, Finding, Severity } from "../../types.ts";
import { RUN } from "./findings.ts";

const MAX_SOURCE = 4 * 1024 * 1024;

/** The check. */
export const pythonCheck: AuditCheck = {
  group: "run",
  async run(subject, context) {
    const machine = elfMachineOf(subject.platform);
    if (machine === undefined) return [];
    const command = (await startedCommands(subject, context.files, machine)).findLast(({ result }) => result.program !== undefined);
    const program = command?.result.program;
    if (command === undefined || program === undefined) return [];
    if (![program.path, program.entry.path].some((path) => isPythonName(lastPart(path)))) return [];
    const { workingDirectory } = execPlace(subject, context.files, machine);
    return await examine(subject, context, { command, program, workingDirectory });
  },
};

interface Started {
  readonly command: StartedCommand;
  readonly program: ClosureRoot;
  readonly workingDirectory: string;
}

async function examine(subject: AuditSubject, { files }: AuditContext, started: Started): Promise<readonly Finding[]> {
  const { command, program, workingDirectory } = started;
  const severity: { readonly severity?: Severity } = command.certain ? {} : { severity: "warning" };
  const installation = await pythonInstallation(subject.tree, files, program, environmentPath(subject.config.Env, "PYTHONPATH"));
  const broken = brokenVenv(installation, started, (path) => entryAt(files, path) !== undefined);
  if (broken !== undefined) return [RUN.found("python-venv-broken", { ...severity, ...broken })];
  if (installation.missingLibrary !== undefined && environmentPath(subject.config.Env, "PYTHONHOME") === undefined) {
    const library = toText(installation.missingLibrary);
    return [
      RUN.found("python-library-missing", {
        ...severity,
        path: library,
        message: `"${toText(program.path)}" is "/${toText(program.entry.path)}", and its standard library is not in "${library}"`,
        remedy: "Copy the library with the interpreter, or take a base with Python (python3-debian13)",
      }),
    ];
  }

  const run = parsePythonCommand(command.result.args);
  if (run.kind === "other") return [];
  if (run.kind === "module") {
    const top = run.name.split(".")[0] ?? run.name;
    const folders = [workingDirectory, ...installation.folders];
    if (installation.isOpen || PYTHON_STANDARD_LIBRARY.has(top) || hasPythonModule(subject.tree, files, top, folders)) return [];
    return [
      RUN.found("python-main-missing", {
        ...severity,
        message: `Python is started with the module "${run.name}", and there is no "${top}" in ${shownFolders(folders)}`,
        remedy: "Install it into the image for the Python of the image, or correct CMD or WORKDIR",
        details: { module: run.name, folders: folders.map(toText) },
      }),
    ];
  }
  const path = absolutePath(run.path, workingDirectory);
  const main = entryAt(files, path);
  if (main === undefined) {
    const similar = similarPath(files, [path]);
    const isPython = isPythonName(lastPart(run.path));
    return [
      RUN.found("python-main-missing", {
        ...severity,
        path: toText(path),
        message: `Python is started with "${toText(run.path)}", and there is no "${toText(path)}"${similar === undefined ? "" : `; there is "${toText(similar)}"`}`,
        remedy: isPython
          ? `Leave "${toText(run.path)}" out of CMD: the ENTRYPOINT of the image is Python already. CMD ["app.py"]`
          : similar === undefined
            ? "Copy it into the image, or correct CMD or WORKDIR"
            : `Correct the path: Linux tells upper and lower case apart; write "${toText(similar)}"`,
        details: { command: command.argv.map(toText) },
      }),
    ];
  }
  const file = main.kind === "dir" ? fileAt(files, `${path}/__main__.py`) : main;
  const bytes = file === undefined ? undefined : await files.read(file, MAX_SOURCE);
  if (bytes === undefined || file === undefined || installation.isOpen) return [];
  const source = Buffer.from(bytes).toString("utf8");
  // Scripts of packages have no ending; archives of Python are no text.
  if (!file.path.endsWith(".py") && !source.startsWith("#!")) return [];
  const folders = [folderOf(`/${file.path}`), ...installation.folders];
  const application = applicationModule(lastPart(path), command.result.args.slice(1).map(toText));
  if (application !== undefined && !hasPythonModule(subject.tree, files, application, [workingDirectory, ...folders])) {
    return [
      RUN.found("python-main-missing", {
        ...severity,
        message: `"${toText(run.path)}" is to load the module "${application}", which is in none of ${shownFolders([workingDirectory, ...folders])}`,
        remedy: "Copy it into the image, or correct CMD, WORKDIR or PYTHONPATH",
        details: { module: application, command: command.argv.map(toText) },
      }),
    ];
  }
  return pythonImports(source)
    .filter((name) => !PYTHON_STANDARD_LIBRARY.has(name) && !name.startsWith("_") && !hasPythonModule(subject.tree, files, name, folders))
    .map((name) =>
      RUN.found("python-module-missing", {
        path: `/${toText(file.path)}`,
        message: `"/${toText(file.path)}" imports "${name}", which is in none of the directories that Python ${installation.version ?? ""} looks into`,
        remedy: "Install it for the Python of the image, e.g. pip install --target in a stage with the same version, or correct PYTHONPATH",
        details: { module: name, folders: folders.map(toText) },
      }),
    );
}

function shownFolders(folders: readonly string[]): string {
  return folders.map((one) => `"${toText(one)}"`).join(", ");
}

function brokenVenv(
  { venv, version }: PythonInstallation,
  { program }: Started,
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
