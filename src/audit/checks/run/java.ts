/** Whether a Java program finds its jar, its main class and the jars that its manifest names. */
import { elfMachineOf } from "../../../elf/index.ts";
import { absolutePath, entryAt, environmentPath, fileAt, folderOf, lastPart } from "../../../facts/index.ts";
import { fromText, toText } from "../../../paths.ts";
import { execPlace, type StartedCommand, startedCommands } from "../../closure/commands.ts";
import { parseJavaCommand, parseManifest } from "../../closure/java-command.ts";
import { javaRuntime } from "../../closure/java-runtime.ts";
import { similarPath } from "../../closure/similar-path.ts";
import { type Entry, readZip, type Tree, type ZipFile } from "../../../tree/index.ts";
import type { AuditCheck, AuditFiles, Finding, Severity } from "../../types.ts";
import { RUN } from "./findings.ts";

const MAX_MANIFEST = 1024 * 1024;
const MAX_JARS = 2000;

interface Java {
  readonly command: StartedCommand;
  readonly files: AuditFiles;
  readonly tree: Tree;
  readonly workingDirectory: string;
  readonly severity: { readonly severity?: Severity };
}

/** The check. */
export const javaCheck: AuditCheck = {
  group: "run",
  async run(subject, { files }) {
    const machine = elfMachineOf(subject.platform);
    if (machine === undefined) return [];
    const command = (await startedCommands(subject, files, machine)).findLast(({ result }) => result.program !== undefined);
    const program = command?.result.program;
    if (command === undefined || program === undefined) return [];
    if (![program.path, program.entry.path].some((path) => lastPart(path) === "java")) return [];
    const { workingDirectory } = execPlace(subject, files, machine);
    const severity: { readonly severity?: Severity } = command.certain ? {} : { severity: "warning" };
    const java: Java = { command, files, tree: subject.tree, workingDirectory, severity };
    const runtime = javaRuntime(files, program);
    const [first] = runtime?.missing ?? [];
    if (runtime !== undefined && first !== undefined) {
      const shown = runtime.missing.map((path) => `"${toText(path)}"`).join(", ");
      return [
        RUN.found("java-runtime-incomplete", {
          ...severity,
          path: toText(first),
          message: `Java needs ${shown}, which ${runtime.missing.length === 1 ? "is" : "are"} not in the image`,
          remedy: `Copy "${toText(runtime.home)}" whole, or take a base with Java (java21-debian13)`,
          details: { home: toText(runtime.home), missing: runtime.missing.map(toText) },
        }),
      ];
    }
    const run = parseJavaCommand(command.result.args);
    if (run?.jar !== undefined) return await examineJar(java, run.jar);
    if (run?.mainClass === undefined) return [];
    const classPath = run.classPath ?? environmentPath(subject.config.Env, "CLASSPATH") ?? ".";
    return await examineClass(java, run.mainClass, classPath);
  },
};

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
        message: `Java is started with "${toText(name)}", and ${entry === undefined ? `there is no "${toText(path)}"` : "it is no jar"}${similar === undefined ? "" : `; there is "${toText(similar)}"`}`,
        remedy: isJava
          ? 'Leave "java -jar" out of CMD: it is the ENTRYPOINT of the image already. CMD ["app.jar"]'
          : similar === undefined
            ? "Copy the jar into the image, or correct CMD or WORKDIR"
            : `Correct the path: Linux tells upper and lower case apart; write "${toText(similar)}"`,
        details: { command: command.argv.map(toText) },
      }),
    ];
  }
  const bytes = await zip.members.get("META-INF/MANIFEST.MF")?.read(MAX_MANIFEST);
  const manifest = parseManifest(bytes === undefined ? "" : Buffer.from(bytes).toString("utf8"));
  const jars = (manifest.get("class-path") ?? "").split(/\s+/).filter((one) => one !== "" && !/^[a-z]+:/i.test(one));
  const places = jars.slice(0, MAX_JARS).map((one) => absolutePath(fromText(one), folderOf(`/${entry.path}`)));
  return [
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
  if (file !== undefined && (jar.members.has(file) || (await isIn(java.files, fromText(file), jar.places)))) return [];
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

async function examineClass(
  { files, tree, workingDirectory, severity }: Java,
  name: string,
  classPath: string,
): Promise<readonly Finding[]> {
  const places = classPath.split(":").flatMap((one) => {
    const path = absolutePath(one, workingDirectory);
    if (!path.endsWith("/*")) return [path];
    const folder = entryAt(files, path.slice(0, -2));
    return folder?.kind === "dir"
      ? tree.readdir(folder.path).flatMap((entry) => (/\.jar$/i.test(entry.path) ? [`/${entry.path}`] : []))
      : [];
  });
  const mainClass = toText(name);
  if (await isIn(files, `${name.replaceAll(".", "/")}.class`, places)) return [];
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

/** Is a class file in one of the directories and jars? */
async function isIn(files: AuditFiles, file: string, places: readonly string[]): Promise<boolean> {
  for (const place of places.slice(0, MAX_JARS)) {
    const entry: Entry | undefined = entryAt(files, place);
    if (entry?.kind === "dir" && fileAt(files, `/${entry.path}/${file}`) !== undefined) return true;
    if (entry?.kind !== "file") continue;
    if ((await openZip(files, entry))?.members.has(toText(file)) === true) return true;
  }
  return false;
}

/** A zip file of the image; undefined for what is none. */
function openZip(files: AuditFiles, entry: Entry): Promise<ZipFile | undefined> {
  return readZip({ size: entry.size, read: (offset, length) => files.bytes(entry, length, offset) });
}
