/** Words for options of Java with which it does not start: agents that cannot be loaded, unknown options, files that they name. */
import { absolutePath, fileAt, lastPart } from "../../../facts/index.ts";
import { toText } from "../../../paths.ts";
import type { Entry } from "../../../tree/index.ts";
import { openZip, readManifest } from "../../closure/java-classes.ts";
import type { JavaProgram } from "../../closure/java-program.ts";
import type { JavaRuntime } from "../../closure/java-runtime.ts";
import type { AuditFiles, Finding, Severity } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";

interface OptionsContext {
  readonly program: JavaProgram;
  readonly runtime: JavaRuntime | undefined;
}

const CHUNK = 4 * 1024 * 1024;
const MAX_LIBRARY = 256 * 1024 * 1024;
/** What the virtual machine of OpenJDK says; others ignore what they do not know. */
const HOTSPOT = "Unrecognized VM option";
const IGNORES = "-XX:+IgnoreUnrecognizedVMOptions";

/** The findings. */
export async function optionFindings(files: AuditFiles, context: OptionsContext): Promise<readonly Finding[]> {
  const { program, runtime } = context;
  if (runtime === undefined) return [];
  return [
    ...(await agentFindings(files, program)),
    ...sourceFindings(files, program, runtime),
    ...fileFindings(files, program),
    ...(await unknownFindings(files, program, runtime)),
  ];
}

async function agentFindings(files: AuditFiles, program: JavaProgram): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const add = (name: string, problem: string, remedy: string): void => {
    findings.push(
      RUN.found("java-agent-unusable", {
        ...unlessCertain(program.command),
        message: `Java is started with the agent "${toText(name)}", ${problem}`,
        remedy,
      }),
    );
  };
  for (const { kind, name } of program.agents) {
    const entry = kind === "library" ? undefined : fileAt(files, name);
    if (kind === "java" && entry !== undefined) {
      const zip = await openZip(files, entry);
      const hasClass = zip !== undefined && (await readManifest(zip)).has("premain-class");
      if (zip === undefined) add(name, "which is no jar", "Copy the jar of the agent into the image");
      else if (!hasClass) add(name, "whose manifest has no Premain-Class", "Name the jar that is made to be an agent");
    }
    // Where it is only elsewhere, the loader may be told of that place.
    const file = `lib${name}.so`;
    if (kind === "library" && !files.entries.some(({ path }) => lastPart(path) === file))
      add(name, `and the image has no "${toText(file)}"`, "Copy the library into the image, or correct the name behind -agentlib:");
  }
  return findings;
}

/** The source launcher: the file and the compiler. */
function sourceFindings(files: AuditFiles, program: JavaProgram, { modules }: JavaRuntime): readonly Finding[] {
  const { run, workingDirectory } = program;
  if (run?.source === undefined) return [];
  const path = absolutePath(run.source, workingDirectory);
  const [shown, place] = [toText(run.source), toText(path)];
  if (fileAt(files, path) === undefined) {
    return [
      RUN.found("java-file-missing", {
        ...unlessCertain(program.command),
        path: place,
        message: `Java is started with the source file "${shown}", but the image has no "${place}"`,
        remedy: "Copy the file into the image, or name the class that was compiled from it, without .java",
      }),
    ];
  }
  if (modules === undefined || modules.has("jdk.compiler")) return [];
  return [
    RUN.found("java-module-missing", {
      ...unlessCertain(program.command),
      message: `Java is started with the source file "${shown}", and the runtime has no compiler (module "jdk.compiler")`,
      remedy: "Compile it in a stage with a JDK, and copy the classes",
      details: { module: "jdk.compiler" },
    }),
  ];
}

/** Files of options of the virtual machine, without which it does not start. */
function fileFindings(files: AuditFiles, program: JavaProgram): readonly Finding[] {
  return program.options.flatMap(({ name }) => {
    const file = /^-XX:(?:Flags|VMOptionsFile)=(.+)$/.exec(name)?.[1];
    const path = file === undefined ? undefined : absolutePath(file, program.workingDirectory);
    if (path === undefined || fileAt(files, path) !== undefined) return [];
    return [
      RUN.found("java-file-missing", {
        ...unlessCertain(program.command),
        path: toText(path),
        message: `Java is started with the file of options "${toText(path)}", which is not in the image`,
        remedy: "Copy it into the image, or correct the option",
      }),
    ];
  });
}

/** Options that the launcher and the virtual machine do not know. Their names are in the programs that know them. */
async function unknownFindings(files: AuditFiles, program: JavaProgram, runtime: JavaRuntime): Promise<readonly Finding[]> {
  const { options, toolWords } = program;
  const jvm = runtime.libraries.find(({ path }) => lastPart(path) === "libjvm.so")?.entry;
  const launcher = fileAt(files, `${runtime.home}/lib/libjli.so`);
  const flags = options.flatMap(({ name }) => {
    const flag = /^-XX:[+-]?([A-Za-z]\w*)/.exec(name)?.[1];
    return flag === undefined ? [] : [{ option: name, text: flag }];
  });
  const others = options.flatMap(({ name }) => {
    const text = /^--?[A-Za-z][A-Za-z-]*/.exec(name)?.[0];
    return text === undefined || /^-[DXJ]/.test(name) || text.length < 4 ? [] : [{ option: name, text }];
  });
  const argumentFiles = toolWords.filter((word) => word.startsWith("@")).map((option) => ({ option, text: option }));
  if (jvm === undefined || launcher === undefined || flags.length + others.length + argumentFiles.length === 0) return [];
  if (options.some(({ name }) => name === IGNORES)) return [];
  const texts = [...flags, ...others].map(({ text }) => text);
  const [inMachine, inLauncher] = [await textsIn(files, jvm, [...texts, HOTSPOT]), await textsIn(files, launcher, texts)];
  if (!inMachine.has(HOTSPOT)) return [];
  const unknown = (option: string, severity: Severity): Finding =>
    RUN.found("java-option-unknown", {
      severity: program.command.certain ? severity : "warning",
      message: `Java is started with the option "${toText(option)}", which its virtual machine does not know`,
      remedy: option.startsWith("@")
        ? "Write the options themselves: JAVA_TOOL_OPTIONS takes no argument files (JDK_JAVA_OPTIONS does)"
        : `Correct the option, leave it out, or add ${IGNORES} for one that starts with -XX:`,
      details: { option: toText(option) },
    });
  return [
    ...argumentFiles.map(({ option }) => unknown(option, "error")),
    ...flags.filter(({ text }) => !inMachine.has(text)).map(({ option }) => unknown(option, "error")),
    ...others.filter(({ text }) => !inMachine.has(text) && !inLauncher.has(text)).map(({ option }) => unknown(option, "warning")),
  ];
}

/** Which of these texts a file has in it. */
async function textsIn(files: AuditFiles, entry: Entry, texts: readonly string[]): Promise<ReadonlySet<string>> {
  const left = new Set(texts);
  const found = new Set<string>();
  const overlap = Math.max(1, ...texts.map((text) => text.length));
  for (let offset = 0; left.size > 0 && offset < Math.min(entry.size, MAX_LIBRARY); offset += CHUNK) {
    const bytes = await files.bytes(entry, CHUNK + overlap, offset);
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const text of left) {
      if (!chunk.includes(text, 0, "latin1")) continue;
      left.delete(text);
      found.add(text);
    }
  }
  return found;
}
