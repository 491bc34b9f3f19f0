/** Whether a Java program finds its jar, its main class and the jars that its manifest names. */
import { elfMachineOf } from "../../../elf/index.ts";
import { absolutePath, entryAt, environmentPath, fileAt, lastPart } from "../../../facts/index.ts";
import { fromText, toText } from "../../../paths.ts";
import type { StartedCommand } from "../../closure/commands.ts";
import { allPlaces, classPlaces, findClass, manifestPlaces, openZip, readManifest } from "../../closure/java-classes.ts";
import { type JavaProgram, javaProgram } from "../../closure/java-program.ts";
import { type JavaRuntime, javaRuntime } from "../../closure/java-runtime.ts";
import { similarPath } from "../../closure/similar-path.ts";
import type { Tree, ZipFile } from "../../../tree/index.ts";
import type { AuditCheck, AuditFiles, Finding, Severity } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";
import { loadedFindings } from "./java-loaded.ts";
import { moduleFindings } from "./java-modules.ts";
import { optionFindings } from "./java-options.ts";

const CLASS_HEAD = 8;
const CLASS_MAGIC = 0xcafebabe;
/** Class files of Java 1 have version 45. */
const FIRST_MAJOR = 44;
const MAX_CLASS = 16 * 1024 * 1024;

interface Java {
  readonly command: StartedCommand;
  readonly files: AuditFiles;
  readonly tree: Tree;
  readonly workingDirectory: string;
  readonly runtime: JavaRuntime | undefined;
  readonly severity: { readonly severity?: Severity };
}

/** The check. */
export const javaCheck: AuditCheck = {
  group: "run",
  async run(subject, { files }) {
    const machine = elfMachineOf(subject.platform);
    const program = machine === undefined ? undefined : await javaProgram(subject, files, machine);
    if (program === undefined) return [];
    const { command, workingDirectory } = program;
    const severity = unlessCertain(command);
    const runtime = await javaRuntime(files, program.program);
    const java: Java = { command, files, tree: subject.tree, workingDirectory, runtime, severity };
    const lacking = runtimeMissing(runtime, severity) ?? namedMissing(program, java);
    if (lacking !== undefined) return [lacking];
    const found = [
      ...(await optionFindings(files, { program, runtime })),
      ...(await moduleFindings(subject, files, { program, runtime })),
      ...(await examine(java, program, environmentPath(subject.config.Env, "CLASSPATH"))),
    ];
    if (machine === undefined || found.some((one) => one.severity === "error")) return found;
    return [...found, ...(await loadedFindings(subject, files, machine))];
  },
};

/** What is run: whether it is there. */
async function examine(java: Java, { run }: JavaProgram, classPath: string | undefined): Promise<readonly Finding[]> {
  if (run?.jar !== undefined) return await examineJar(java, run.jar);
  if (run?.mainClass !== undefined) return await examineClass(java, run.mainClass, run.classPath ?? classPath ?? ".");
  return [];
}

function runtimeMissing(runtime: JavaRuntime | undefined, severity: Java["severity"]): Finding | undefined {
  const [first] = runtime?.missing ?? [];
  if (runtime === undefined || first === undefined) return undefined;
  return incomplete(runtime, runtime.missing, severity);
}

/** What the runtime lacks for any class, and what it should have. */
function programMissing({ runtime, files, severity }: Java, isJar: boolean): readonly Finding[] {
  if (runtime === undefined) return [];
  const missing = runtime.programLibraries(isJar).filter((path) => fileAt(files, path) === undefined);
  const others = runtime.missingParts.filter((path) => !missing.includes(path));
  return [
    ...(missing.length === 0 ? [] : [incomplete(runtime, missing, severity)]),
    ...(others.length === 0 ? [] : [incomplete(runtime, others, { severity: "warning" })]),
  ];
}

function incomplete({ home }: JavaRuntime, missing: readonly string[], severity: Java["severity"]): Finding {
  const shown = missing.map((path) => `"${toText(path)}"`).join(", ");
  return RUN.found("java-runtime-incomplete", {
    ...severity,
    path: toText(missing[0] ?? home),
    message: `Java needs ${shown}, which ${missing.length === 1 ? "is" : "are"} not in the image`,
    remedy: `Copy "${toText(home)}" whole, or take a base with Java (java21-debian13)`,
    details: { home: toText(home), missing: missing.map(toText) },
  });
}

/** Files that options name, and without which Java does not start: @FILE, -javaagent. */
function namedMissing({ missingArguments, agents }: JavaProgram, { files, severity, command }: Java): Finding | undefined {
  const agent = agents.find(({ kind, name }) => kind !== "library" && fileAt(files, name) === undefined)?.name;
  const path = missingArguments[0] ?? agent;
  if (path === undefined) return undefined;
  const what = missingArguments[0] === undefined ? "the agent" : "the argument file";
  return RUN.found("java-file-missing", {
    ...severity,
    path: toText(path),
    message: `Java is started with ${what} "${toText(path)}", which is not in the image`,
    remedy: "Copy it into the image, or correct CMD, JAVA_TOOL_OPTIONS, JDK_JAVA_OPTIONS, _JAVA_OPTIONS or WORKDIR",
    details: { command: command.argv.map(toText) },
  });
}

/** Of what a jar or directory holds: the class file was made for a newer Java. */
async function versionFinding(
  java: Java,
  name: string,
  read: (length: number) => Promise<Uint8Array | undefined>,
): Promise<readonly Finding[]> {
  const { runtime, severity } = java;
  const bytes = await read(CLASS_HEAD);
  if (runtime?.version === undefined || bytes === undefined || bytes.byteLength < CLASS_HEAD) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = view.getUint16(6);
  if (view.getUint32(0) !== CLASS_MAGIC || major <= runtime.version + FIRST_MAJOR) return [];
  const wanted = major - FIRST_MAJOR;
  return [
    RUN.found("java-class-version", {
      ...severity,
      message: `The main class "${name}" was compiled for Java ${wanted} (class file version ${major}), and the image has Java ${runtime.version}`,
      remedy: `Compile with --release ${runtime.version}, or take a base with Java ${wanted} or later`,
      details: { mainClass: name, wanted, found: runtime.version },
    }),
  ];
}

async function examineJar(java: Java, name: string): Promise<readonly Finding[]> {
  const { files, workingDirectory, severity, command } = java;
  const path = absolutePath(name, workingDirectory);
  const entry = fileAt(files, path);
  const zip = entry === undefined ? undefined : await openZip(files, entry);
  if (entry === undefined || zip === undefined) {
    const similar = similarPath(files, [path]);
    const isJava = lastPart(name) === "java" || name === "-jar";
    return [
      RUN.found("java-file-missing", {
        ...severity,
        path: toText(path),
        message: `Java is started with "${toText(name)}", ${entry === undefined ? `but the image has no "${toText(path)}"` : "which is no jar"}${similar === undefined ? "" : `; it has "${toText(similar)}"`}`,
        remedy: isJava
          ? 'Leave "java -jar" out of CMD: it is the ENTRYPOINT of the image already. CMD ["app.jar"]'
          : similar === undefined
            ? "Copy the jar into the image, or correct CMD or WORKDIR"
            : `Correct the path: Linux distinguishes upper and lower case; write "${toText(similar)}"`,
        details: { command: command.argv.map(toText) },
      }),
    ];
  }
  const lacking = programMissing(java, true);
  if (lacking.some(({ severity: one }) => one === "error")) return lacking;
  const manifest = await readManifest(zip);
  const places = manifestPlaces(manifest, `/${entry.path}`);
  return [
    ...lacking,
    ...(await mainClassFinding(java, manifest.get("main-class"), { members: zip.members, places, path: toText(path) })),
    ...places
      .filter((place) => entryAt(files, place.replace(/(?!^)\/+$/, "")) === undefined)
      .map((place) =>
        RUN.found("java-class-path-missing", {
          path: toText(place),
          message: `The manifest of "${toText(path)}" names "${toText(place)}", which is not in the image`,
          remedy: "Copy the libraries beside the jar as its Class-Path says, or build one jar with all of them",
        }),
      ),
  ];
}

async function mainClassFinding(
  java: Java,
  mainClass: string | undefined,
  jar: { readonly members: ZipFile["members"]; readonly places: readonly string[]; readonly path: string },
): Promise<readonly Finding[]> {
  const file = mainClass === undefined ? undefined : `${mainClass.replaceAll(".", "/")}.class`;
  const member = file === undefined ? undefined : jar.members.get(file);
  if (member !== undefined && mainClass !== undefined) return await versionFinding(java, mainClass, () => member.read(MAX_CLASS));
  if (file !== undefined && (await findClass(java.files, fromText(file), await allPlaces(java.files, jar.places))) !== undefined) return [];
  return [
    RUN.found("java-main-class-missing", {
      ...java.severity,
      path: jar.path,
      message:
        mainClass === undefined
          ? `The manifest of "${jar.path}" has no Main-Class`
          : `The manifest of "${jar.path}" names the main class "${mainClass}", which is neither in it nor in its Class-Path`,
      remedy:
        "Take the jar that is made to be run (Spring Boot: not the one called -plain), or name class path and class: java -cp app.jar com.example.Main",
      ...(mainClass === undefined ? {} : { details: { mainClass } }),
    }),
  ];
}

async function examineClass(java: Java, name: string, classPath: string): Promise<readonly Finding[]> {
  const { files, severity } = java;
  const places = await allPlaces(files, classPlaces(java, classPath));
  const mainClass = toText(name);
  const file = `${name.replaceAll(".", "/")}.class`;
  const found = await findClass(files, file, places);
  if (found !== undefined)
    return [...programMissing(java, found.isInJar), ...(await versionFinding(java, mainClass, (length) => found.read(length)))];
  const shown = places.map((place) => `"${toText(place)}"`);
  return [
    RUN.found("java-main-class-missing", {
      ...severity,
      message: `Java is started with the class "${mainClass}", which is not in ${shown.length === 0 ? "an empty class path" : shown.slice(0, 5).join(", ")}`,
      remedy: "Copy the classes or jars into the image, or correct the class path, WORKDIR or the name of the class",
      details: { mainClass, classPath: places.map(toText) },
    }),
  ];
}
