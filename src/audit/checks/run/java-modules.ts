/** Words for modules that a Java program starts with and does not find, and for a module without its main class. */
import { toText } from "../../../paths.ts";
import { classLoader } from "../../closure/java-classes.ts";
import { javaModules } from "../../closure/java-modules.ts";
import type { JavaProgram } from "../../closure/java-program.ts";
import type { JavaRuntime } from "../../closure/java-runtime.ts";
import type { AuditFiles, AuditSubject, Finding } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";

/** The findings. */
export async function moduleFindings(
  subject: AuditSubject,
  files: AuditFiles,
  { program, runtime }: { readonly program: JavaProgram; readonly runtime: JavaRuntime | undefined },
): Promise<readonly Finding[]> {
  const { run, options, command } = program;
  if (run === undefined || runtime?.modules === undefined) return [];
  const severity = unlessCertain(command);
  const modules = await javaModules(files, subject.tree, { program, own: runtime.modules });
  if (modules === undefined) return [];
  const { missing, path, found } = modules;
  if (missing !== undefined) {
    const where = path.length === 0 ? "the runtime" : `the runtime or ${path.map((place) => `"${toText(place)}"`).join(", ")}`;
    const name = toText(missing.name);
    const by = missing.by === undefined ? "Java is started with" : `The module "${toText(missing.by)}" requires`;
    return [
      RUN.found("java-module-missing", {
        ...severity,
        message: `${by} the module "${name}", which is not in ${where}`,
        remedy: "Copy the module into the image, and name its folder: --module-path /app/mods",
        details: { module: name, modulePath: path.map(toText) },
      }),
    ];
  }
  const module = run.module === undefined ? undefined : found.get(run.module.name);
  if (module === undefined || options.some(({ name }) => name === "--patch-module")) return [];
  const mainClass = run.module?.mainClass ?? module.mainClass;
  const [shown, place] = [toText(module.name), toText(module.place)];
  if (mainClass !== undefined && (await classLoader(files, [module.place])(mainClass.replaceAll(".", "/"))) !== undefined) return [];
  return [
    RUN.found("java-main-class-missing", {
      ...severity,
      path: place,
      message:
        mainClass === undefined
          ? `The module "${shown}" names no main class`
          : `Java is started with the class "${toText(mainClass)}" of the module "${shown}", which does not have it`,
      remedy: `Name a class of the module: java -m ${shown}/com.example.Main`,
      details: { module: shown, ...(mainClass === undefined ? {} : { mainClass: toText(mainClass) }) },
    }),
  ];
}
