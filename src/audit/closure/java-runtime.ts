/** What the launcher `java` opens by name before any class is loaded (OpenJDK 9 and later): no DT_NEEDED tells of it. */
import { fileAt, folderOf, lastPart } from "../../facts/index.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import type { ClosureRoot } from "./close.ts";

/** The runtime around a launcher. */
interface JavaRuntime {
  /** Absolute, in the form of paths. */
  readonly home: string;
  readonly libraries: readonly { readonly path: string; readonly entry: Entry }[];
  /** Files without which no JVM starts, absolute. */
  readonly missing: readonly string[];
}

const JVMS = ["server", "client", "minimal", "zero"] as const;

/** The runtime of a program, or undefined when it is no `java` of that kind. */
export function javaRuntime(files: AuditFiles, program: Pick<ClosureRoot, "path" | "entry">): JavaRuntime | undefined {
  const real = `/${program.entry.path}`;
  const home = folderOf(folderOf(real));
  // Java 8 has another layout; programs of other makers called "java" have none.
  if (lastPart(real) !== "java" || fileAt(files, `${home}/lib/libjli.so`) === undefined) return undefined;
  const jvm = JVMS.map((kind) => `${home}/lib/${kind}/libjvm.so`).find((path) => fileAt(files, path) !== undefined);
  const libraries = [jvm ?? `${home}/lib/server/libjvm.so`, `${home}/lib/libjava.so`, `${home}/lib/libjimage.so`];
  return {
    home,
    libraries: libraries.flatMap((path) => {
      const entry = fileAt(files, path);
      return entry === undefined ? [] : [{ path, entry }];
    }),
    missing: [...libraries, `${home}/lib/modules`].filter((path) => fileAt(files, path) === undefined),
  };
}
