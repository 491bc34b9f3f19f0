/** What a Java program certainly or possibly loads from its start on, and what of that is missing. */
import type { ElfMachine } from "../../elf/index.ts";
import { absolutePath, environmentPath, fileAt } from "../../facts/index.ts";
import type { Entry } from "../../tree/index.ts";
import { oncePerFiles } from "../once-per-files.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { allPlaces, classLoader, classPlaces, openZip, readManifest } from "./java-classes.ts";
import { javaModules } from "./java-modules.ts";
import { type JavaProgram, javaProgram } from "./java-program.ts";
import { type JavaRuntime, javaRuntime } from "./java-runtime.ts";
import { type JavaNeed, walkMain } from "./java-walk.ts";

/** What was found of it. */
interface JavaLoaded {
  /** What is not there, or not where Java looks. */
  readonly missing: readonly JavaNeed[];
  /** Native libraries that are there. */
  readonly libraries: readonly { readonly path: string; readonly entry: Entry; readonly certain: boolean }[];
  /** Where Java looks for classes, and for native libraries. Absolute. */
  readonly places: readonly string[];
  readonly libraryPlaces: readonly string[];
}

const NOTHING: JavaLoaded = { missing: [], libraries: [], places: [], libraryPlaces: [] };
/** Options with which classes come from elsewhere. */
const DOUBT =
  /^(?:-Xbootclasspath|--patch-module$|--upgrade-module-path$|--limit-modules$|-Djava\.system\.class\.loader=|-Dsun\.boot\.library\.path=)/;
const LIBRARY_PATH = "-Djava.library.path=";
/** Java's default, that of Debian's included. */
const LIBRARY_FOLDERS = ["/usr/java/packages/lib", "/usr/lib/jni", "/usr/local/lib", "/usr/lib64", "/lib64", "/usr/lib", "/lib"];

const loadedOf = oncePerFiles<Promise<JavaLoaded>>();

/** What the program of a subject loads; nothing where that is in doubt. Worked out once for all checks. */
export function javaLoaded(subject: AuditSubject, files: AuditFiles, machine: ElfMachine): Promise<JavaLoaded> {
  return loadedOf(files, async () => {
    const java = await javaProgram(subject, files, machine);
    const runtime = java === undefined ? undefined : await javaRuntime(files, java.program);
    return java === undefined || runtime === undefined ? NOTHING : await examine(subject, files, { java, runtime, machine });
  });
}

/** Whether classes may come from where nobody looks here. */
function isInDoubt({ agents, options }: JavaProgram, { modules }: JavaRuntime): boolean {
  const isOther = modules === undefined || ![...modules].every((name) => /^(?:java|jdk)\./.test(name));
  return isOther || agents.length > 0 || options.some(({ name }) => DOUBT.test(name));
}

async function examine(
  subject: AuditSubject,
  files: AuditFiles,
  { java, runtime, machine }: { readonly java: JavaProgram; readonly runtime: JavaRuntime; readonly machine: ElfMachine },
): Promise<JavaLoaded> {
  if (isInDoubt(java, runtime)) return NOTHING;
  const start = (await mainOf(subject, files, java)) ?? (await mainOfModule(subject, files, java));
  if (start === undefined) return NOTHING;
  const places = await allPlaces(files, start.places);
  const load = classLoader(files, places);
  const main = await load(start.mainClass.replaceAll(".", "/"));
  if (typeof main !== "object") return NOTHING;
  const libraryPlaces = [`${runtime.home}/lib`, ...libraryPath(subject, java, machine)];
  const missing: JavaNeed[] = [];
  const libraries: JavaLoaded["libraries"][number][] = [];
  for (const need of await walkMain(main, load)) {
    const certain = need.certain && java.command.certain;
    const paths = need.kind === "file" ? [need.name] : libraryPlaces.map((place) => `${place}/lib${need.name}.so`);
    const path = need.kind === "class" ? undefined : paths.find((one) => fileAt(files, one) !== undefined);
    const entry = path === undefined ? undefined : fileAt(files, path);
    if (path !== undefined && entry !== undefined) libraries.push({ path, entry, certain });
    else if (need.kind !== "file" || need.name.startsWith("/")) missing.push({ ...need, certain });
  }
  return { missing, libraries, places, libraryPlaces };
}

/** The main class and where Java looks for it. */
async function mainOf(
  subject: AuditSubject,
  files: AuditFiles,
  { run, workingDirectory }: JavaProgram,
): Promise<{ readonly mainClass: string; readonly places: readonly string[] } | undefined> {
  if (run?.jar !== undefined) {
    const path = absolutePath(run.jar, workingDirectory);
    const entry = fileAt(files, path);
    const zip = entry === undefined ? undefined : await openZip(files, entry);
    const mainClass = zip === undefined ? undefined : (await readManifest(zip)).get("main-class");
    return mainClass === undefined ? undefined : { mainClass, places: [path] };
  }
  if (run?.mainClass === undefined) return undefined;
  const classPath = run.classPath ?? environmentPath(subject.config.Env, "CLASSPATH") ?? ".";
  return { mainClass: run.mainClass, places: classPlaces({ files, tree: subject.tree, workingDirectory }, classPath) };
}

/** That of a module, whose classes come from the modules beside it. */
async function mainOfModule(subject: AuditSubject, files: AuditFiles, program: JavaProgram): ReturnType<typeof mainOf> {
  const { run, workingDirectory } = program;
  const modules = run?.module === undefined ? undefined : await javaModules(files, subject.tree, { program, own: new Set() });
  const module = modules?.found.get(run?.module?.name ?? "");
  const mainClass = run?.module?.mainClass ?? module?.mainClass;
  if (modules === undefined || module === undefined || mainClass === undefined) return undefined;
  const classPath = run?.classPath === undefined ? [] : classPlaces({ files, tree: subject.tree, workingDirectory }, run.classPath);
  return { mainClass, places: [module.place, ...[...modules.found.values()].map(({ place }) => place), ...classPath] };
}

function libraryPath({ config }: AuditSubject, { options, workingDirectory }: JavaProgram, machine: ElfMachine): readonly string[] {
  const given = options.findLast(({ name }) => name.startsWith(LIBRARY_PATH))?.name.slice(LIBRARY_PATH.length);
  const environment = environmentPath(config.Env, "LD_LIBRARY_PATH");
  const own = (given ?? environment)?.split(":") ?? [];
  const triplet = [`/usr/lib/${machine.triplet}/jni`, `/lib/${machine.triplet}`, `/usr/lib/${machine.triplet}`];
  return [
    ...own.map((one) => absolutePath(one === "" ? "." : one, workingDirectory)),
    ...(given === undefined ? [...LIBRARY_FOLDERS, ...triplet] : []),
  ];
}
