/** Modules of a Java program (java.lang.module): what is in its module path, and what the modules that start require. */
import { absolutePath, entryAt, fileAt, lastPart } from "../../facts/index.ts";
import { fromText } from "../../paths.ts";
import type { Tree } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { openZip, readManifest } from "./java-classes.ts";
import { parseClassFile } from "./java-class-file.ts";
import type { JavaOption } from "./java-command.ts";
import type { JavaProgram } from "./java-program.ts";

/** A module of the module path. */
interface FoundModule {
  readonly name: string;
  /** Its jar or folder, absolute. */
  readonly place: string;
  readonly requires: readonly string[];
  readonly mainClass?: string | undefined;
}

/** What starting does with modules. */
interface JavaModules {
  readonly path: readonly string[];
  readonly found: ReadonlyMap<string, FoundModule>;
  /** A module that is nowhere; `by` requires it, and is absent for what options name. */
  readonly missing?: { readonly name: string; readonly by?: string };
}

const INFO = "module-info.class";
const MAX_INFO = 1024 * 1024;
const MAX_MODULES = 2000;
const DOUBT: ReadonlySet<string> = new Set(["--upgrade-module-path", "--limit-modules"]);

/** Where Java looks for modules, in the form of paths. */
function modulePath({ options, workingDirectory }: JavaProgram): readonly string[] {
  const value = lastValue(options, "-p", "--module-path");
  return (value ?? "").split(":").flatMap((one) => (one === "" ? [] : [absolutePath(one, workingDirectory)]));
}

/** The modules; undefined where it cannot be told which there are. `own` are those of the runtime. */
export async function javaModules(
  files: AuditFiles,
  tree: Tree,
  { program, own }: { readonly program: JavaProgram; readonly own: ReadonlySet<string> },
): Promise<JavaModules | undefined> {
  const { options, run } = program;
  if (options.some(({ name }) => DOUBT.has(name))) return undefined;
  const path = modulePath(program);
  const found = new Map<string, FoundModule>();
  for (const place of path.flatMap((one) => placesIn(files, tree, one)).slice(0, MAX_MODULES)) {
    const module = await moduleAt(files, place);
    if (module === undefined) return undefined;
    // The first of a name counts.
    if (!found.has(module.name)) found.set(module.name, module);
  }
  const added = options.flatMap(({ name, value }) => (name === "--add-modules" ? (value ?? "").split(",") : []));
  const todo: { readonly name: string; readonly by?: string }[] = [run?.module?.name ?? "", ...added]
    .filter((name) => name !== "" && !name.startsWith("ALL-"))
    .map((name) => ({ name }));
  const seen = new Set<string>();
  for (let one = todo.shift(); one !== undefined; one = todo.shift()) {
    const { name } = one;
    if (seen.has(name) || own.has(name)) continue;
    seen.add(name);
    const module = found.get(name);
    if (module === undefined) return { path, found, missing: one };
    todo.push(...module.requires.map((required) => ({ name: required, by: name })));
  }
  return { path, found };
}

function lastValue(options: readonly JavaOption[], ...names: readonly string[]): string | undefined {
  return options.findLast(({ name }) => names.includes(name))?.value;
}

/** The modules of one entry of the path: itself, or the jars and module folders in it. */
function placesIn(files: AuditFiles, tree: Tree, place: string): readonly string[] {
  const entry = entryAt(files, place);
  if (entry?.kind === "file") return [place];
  if (entry?.kind !== "dir") return [];
  if (fileAt(files, `${place}/${INFO}`) !== undefined) return [place];
  return tree.readdir(entry.path).flatMap((child) => {
    const path = `${place}/${lastPart(child.path)}`;
    const isModule = fileAt(files, `${path}/${INFO}`) !== undefined || (path.endsWith(".jar") && fileAt(files, path) !== undefined);
    return isModule ? [path] : [];
  });
}

async function moduleAt(files: AuditFiles, place: string): Promise<FoundModule | undefined> {
  const folderInfo = fileAt(files, `${place}/${INFO}`);
  if (folderInfo !== undefined) return explicit(place, await files.read(folderInfo, MAX_INFO));
  const entry = fileAt(files, place);
  const zip = entry === undefined ? undefined : await openZip(files, entry);
  if (zip === undefined) return undefined;
  if ([...zip.members.keys()].some((name) => name.startsWith("META-INF/versions/") && name.endsWith(`/${INFO}`))) return undefined;
  const info = zip.members.get(INFO);
  if (info !== undefined) return explicit(place, await info.read(MAX_INFO));
  const manifest = await readManifest(zip);
  const name = manifest.get("automatic-module-name");
  return {
    name: name === undefined ? automaticName(lastPart(place)) : fromText(name),
    place,
    requires: [],
    mainClass: manifest.get("main-class"),
  };
}

function explicit(place: string, bytes: Uint8Array | undefined): FoundModule | undefined {
  const module = bytes === undefined ? undefined : parseClassFile(bytes)?.module;
  return module === undefined ? undefined : { ...module, mainClass: module.mainClass?.replaceAll("/", "."), place };
}

/** The name of a module that only its file names: "guava-33.0.jar" is guava. */
function automaticName(file: string): string {
  const stem = file.replace(/\.jar$/, "");
  const version = /-\d+(?:\.|$)/.exec(stem);
  const name = version === null ? stem : stem.slice(0, version.index);
  return name
    .split(/[^A-Za-z0-9]+/)
    .filter((part) => part !== "")
    .join(".");
}
