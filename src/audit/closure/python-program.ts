/** Where a Python program of an image looks for modules: prefix, virtual environment, PYTHONPATH, .pth files (Python, "site" and "venv"). */
import { absolutePath, entryAt, fileAt, folderOf, lastPart } from "../../facts/index.ts";
import { given } from "../../given.ts";
import type { Entry, Tree } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** A virtual environment, by its pyvenv.cfg. */
interface PythonVenv {
  readonly folder: string;
  readonly home: string | undefined;
  /** "3.11" */
  readonly version: string | undefined;
  readonly systemSite: boolean;
}

/** One interpreter of an image. */
export interface PythonInstallation {
  /** "3.11"; undefined when neither its name nor its library tells. */
  readonly version: string | undefined;
  readonly venv?: PythonVenv;
  /** Where os.py should be, when it is not: Python does not start without its library. Absolute. */
  readonly missingLibrary?: string;
  /** Directories of the search path behind the first one, absolute. */
  readonly folders: readonly string[];
  /** Some .pth file runs code that may add more: nothing can be called missing. */
  readonly isOpen: boolean;
  /** Packages that .pth files of setuptools put together. */
  readonly openNames: ReadonlySet<string>;
  /** There is some .pth file, which Python reads when it starts. */
  readonly hasPathFiles: boolean;
  /** What lines of .pth files import. */
  readonly pathImports: ReadonlySet<string>;
}

/** What the environment and the command line say of where to look. */
export interface PythonSettings {
  readonly pythonPath?: string | undefined;
  readonly pythonHome?: string | undefined;
  readonly withoutSite: boolean;
  /** May the user not read it? */
  readonly isShut: (entry: Entry) => boolean;
}

const MAX_BYTES = 1024 * 1024;
const NAMESPACE = /sys\.modules\.setdefault\('(\w+)/g;

/** The installation that belongs to an interpreter: `path` as it is started, `entry` the file. */
export async function pythonInstallation(
  tree: Tree,
  files: AuditFiles,
  interpreter: { readonly path: string; readonly entry: Entry },
  { pythonPath, pythonHome, withoutSite, isShut }: PythonSettings,
): Promise<PythonInstallation> {
  const venv = pythonHome === undefined ? await venvOf(files, folderOf(interpreter.path)) : undefined;
  const prefix = pythonHome?.split(":")[0]?.replace(/(?!^)\/+$/, "") ?? folderOf(folderOf(`/${interpreter.entry.path}`));
  const version = /^python(\d\.\d+)$/.exec(lastPart(`/${interpreter.entry.path}`))?.[1] ?? libraryVersion(tree, files, prefix);
  const folders = (pythonPath ?? "").split(":").filter((one) => one !== "");
  const root = prefix === "/" ? "" : prefix;
  const libraries = ["lib", "lib64"].map((lib) => `${root}/${lib}/python${version ?? ""}`);
  folders.push(...libraries, ...libraries.map((library) => `${library}/lib-dynload`));
  const debian = [`/usr/local/lib/python${version ?? ""}/dist-packages`, "/usr/lib/python3/dist-packages"];
  const system = [
    ...libraries.map((library) => `${library}/site-packages`),
    ...debian,
    ...libraries.map((library) => `${library}/dist-packages`),
  ];
  const sites = venv === undefined ? system : ["lib", "lib64"].map((lib) => `${venv.folder}/${lib}/python${version ?? ""}/site-packages`);
  if (venv?.systemSite === true) sites.push(...system);
  let isOpen = false;
  let hasPathFiles = false;
  const openNames = new Set<string>();
  const pathImports = new Set<string>();
  for (const site of withoutSite ? [] : sites) {
    folders.push(site);
    const more = await pathFiles(tree, files, { site, isShut });
    folders.push(...more.folders);
    isOpen ||= more.runsCode;
    hasPathFiles ||= more.hasAny;
    for (const name of more.names) openNames.add(name);
    for (const name of more.imports) pathImports.add(name);
  }
  const isWhole =
    // Without os.py, its landmark, Python goes on with the prefix that it was built for.
    ["os.py", "os.pyc", "encodings/__init__.py", "encodings/__init__.pyc"].some((name) =>
      libraries.some((library) => fileAt(files, `${library}/${name}`) !== undefined),
    ) || fileAt(files, `${root}/lib/python${(version ?? "").replace(".", "")}.zip`) !== undefined;
  return {
    version,
    ...(isWhole ? {} : { missingLibrary: libraries[0] ?? root }),
    ...given({ venv }),
    folders,
    isOpen,
    hasPathFiles,
    openNames,
    pathImports,
  };
}

async function venvOf(files: AuditFiles, bin: string): Promise<PythonVenv | undefined> {
  for (const folder of [bin, folderOf(bin)]) {
    const entry = fileAt(files, `${folder === "/" ? "" : folder}/pyvenv.cfg`);
    const bytes = entry === undefined ? undefined : await files.read(entry, MAX_BYTES);
    if (bytes === undefined) continue;
    const values = new Map(
      Buffer.from(bytes)
        .toString("latin1")
        .split("\n")
        .map((line) => [line.split("=")[0]?.trim().toLowerCase() ?? "", line.slice(line.indexOf("=") + 1).trim()]),
    );
    const version = /^\d\.\d+/.exec(values.get("version") ?? values.get("version_info") ?? "")?.[0];
    return { folder, home: values.get("home"), version, systemSite: values.get("include-system-site-packages")?.toLowerCase() === "true" };
  }
  return undefined;
}

function libraryVersion(tree: Tree, files: AuditFiles, prefix: string): string | undefined {
  const lib = entryAt(files, `${prefix === "/" ? "" : prefix}/lib`);
  const names = lib?.kind === "dir" ? tree.readdir(lib.path).map(({ path }) => lastPart(path)) : [];
  const versions = names.flatMap((name) => /^python(3\.\d+)$/.exec(name)?.[1] ?? []);
  return versions.find((version) => fileAt(files, `${prefix === "/" ? "" : prefix}/lib/python${version}/os.py`) !== undefined);
}

interface PathFiles {
  readonly folders: readonly string[];
  readonly runsCode: boolean;
  readonly hasAny: boolean;
  readonly names: readonly string[];
  readonly imports: readonly string[];
}

/** Lines of .pth files are directories, or code. */
async function pathFiles(
  tree: Tree,
  files: AuditFiles,
  { site, isShut }: { readonly site: string } & Pick<PythonSettings, "isShut">,
): Promise<PathFiles> {
  const folder = entryAt(files, site);
  if (folder?.kind !== "dir") return { folders: [], runsCode: false, hasAny: false, names: [], imports: [] };
  const folders: string[] = [];
  let runsCode = false;
  let hasAny = false;
  const names: string[] = [];
  const imports: string[] = [];
  for (const entry of tree.readdir(folder.path)) {
    // Python passes over those that it may not read.
    if (!entry.path.endsWith(".pth") || entry.kind !== "file" || isShut(entry)) continue;
    hasAny = true;
    const bytes = await files.read(entry, MAX_BYTES);
    for (const line of (bytes === undefined ? "" : Buffer.from(bytes).toString("latin1")).split("\n")) {
      // Of what setuptools puts there one adds no directories, and the other says which package it makes.
      const made = entry.path.endsWith("-nspkg.pth") ? [...line.matchAll(NAMESPACE)] : [];
      for (const [, name = ""] of made) names.push(name);
      imports.push(
        ...(
          /^import[ \t]+([\w., ]+)/
            .exec(line)?.[1]
            ?.split(",")
            .map((one) => one.trim()) ?? []
        ).filter((one) => /^[\w.]+$/.test(one)),
      );
      if (/^import[ \t]/.test(line)) runsCode ||= made.length === 0 && !entry.path.endsWith("/distutils-precedence.pth");
      else if (line.trim() !== "" && !line.startsWith("#")) folders.push(absolutePath(line.trim(), site));
    }
  }
  return { folders, runsCode, hasAny, names, imports };
}
