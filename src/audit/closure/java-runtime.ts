/** What the launcher `java` opens by name before any class is loaded (OpenJDK 9 and later): no DT_NEEDED tells of it. */
import { fileAt, folderOf, lastPart } from "../../facts/index.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import type { ClosureRoot } from "./close.ts";

/** The runtime around a launcher. */
export interface JavaRuntime {
  /** Absolute, in the form of paths. */
  readonly home: string;
  readonly libraries: readonly { readonly path: string; readonly entry: Entry }[];
  /** Files without which no JVM starts, absolute. */
  readonly missing: readonly string[];
  /** Files of it that every start reads. */
  readonly opened: readonly Entry[];
  /** "21": what the runtime says of itself. */
  readonly version: number | undefined;
  /** The modules that it says it has. */
  readonly modules: ReadonlySet<string> | undefined;
  /** What every class of a program needs (`isJar`: of one in an archive), absolute. */
  programLibraries(isJar: boolean): readonly string[];
  /** Parts of every runtime, without which many programs fail sooner or later, absolute. */
  readonly missingParts: readonly string[];
}

/** Of java.base: the launcher's own classes open them. */
const PROGRAM = ["libnio.so", "libnet.so"] as const;
const ARCHIVES = ["libzip.so"] as const;
const PARTS = ["lib/tzdb.dat", "conf/security/java.security"] as const;
const MAX_RELEASE = 64 * 1024;
const JVMS = ["server", "client", "minimal", "zero"] as const;

/** The runtime of a program, or undefined when it is no `java` of that kind. */
export async function javaRuntime(files: AuditFiles, program: Pick<ClosureRoot, "path" | "entry">): Promise<JavaRuntime | undefined> {
  const real = `/${program.entry.path}`;
  const home = folderOf(folderOf(real));
  // Java 8 has another layout; programs of other makers called "java" have none.
  if (lastPart(real) !== "java" || fileAt(files, `${home}/lib/libjli.so`) === undefined) return undefined;
  const jvm = JVMS.map((kind) => `${home}/lib/${kind}/libjvm.so`).find((path) => fileAt(files, path) !== undefined);
  const libraries = [jvm ?? `${home}/lib/server/libjvm.so`, `${home}/lib/libjava.so`, `${home}/lib/libjimage.so`];
  // Debian's launcher takes the second where the first is gone.
  const jvms =
    [`${home}/lib/jvm.cfg`, `${home}/lib/jvm.cfg-default`].find((path) => fileAt(files, path) !== undefined) ?? `${home}/lib/jvm.cfg`;
  const needed = [...libraries, `${home}/lib/modules`, jvms];
  const release = fileAt(files, `${home}/release`);
  const bytes = release === undefined ? undefined : await files.read(release, MAX_RELEASE);
  const text = bytes === undefined ? "" : Buffer.from(bytes).toString("latin1");
  const version = /^JAVA_VERSION="(\d+)/m.exec(text)?.[1];
  const modules = /^MODULES="([^"\n]*)"/m.exec(text)?.[1];
  return {
    home,
    version: version === undefined ? undefined : Number(version),
    modules: modules === undefined ? undefined : new Set(modules.split(" ").filter((name) => name !== "")),
    opened: needed.flatMap((path) => fileAt(files, path) ?? []),
    programLibraries: (isJar) => [...PROGRAM, ...(isJar ? ARCHIVES : [])].map((name) => `${home}/lib/${name}`),
    missingParts: [...PROGRAM, ...ARCHIVES]
      .map((name) => `lib/${name}`)
      .concat(PARTS)
      .map((name) => `${home}/${name}`)
      .filter((path) => fileAt(files, path) === undefined),
    libraries: libraries.flatMap((path) => {
      const entry = fileAt(files, path);
      return entry === undefined ? [] : [{ path, entry }];
    }),
    missing: needed.filter((path) => fileAt(files, path) === undefined),
  };
}
