/** Where the name of a program leads, as execvp in a container finds it. Paths in one-char-per-byte form. */
import { DEFAULT_PATH, environmentValue, type ContainerConfig } from "../oci/index.ts";
import { fromText } from "../paths.ts";
import type { Entry } from "../tree/index.ts";
import { absolutePath, entryAt, type PathFiles } from "./image-paths.ts";
import { isProgram } from "./is-program.ts";

/** What of a configuration says where programs are. */
export type ProcessConfig = Pick<ContainerConfig, "Env" | "WorkingDir">;

/** Where a process starts. */
export interface ProcessPlace {
  readonly workingDirectory: string;
  /** The directories of PATH, absolute. */
  readonly searchPath: readonly string[];
}

/** The directory that processes start in: "/" where the configuration names none. */
export function workingDirectory({ WorkingDir = "/" }: ProcessConfig): string {
  return absolutePath(fromText(WorkingDir), "/");
}

/** The directories of PATH. An empty one, and what is not absolute, counts from the working directory. */
export function searchPath(config: ProcessConfig): readonly string[] {
  const from = workingDirectory(config);
  const path = environmentValue(config.Env, "PATH") ?? DEFAULT_PATH;
  return path.split(":").map((folder) => absolutePath(fromText(folder), from));
}

/** Where a process starts by its configuration. */
export function processPlace(config: ProcessConfig): ProcessPlace {
  return { workingDirectory: workingDirectory(config), searchPath: searchPath(config) };
}

/** The paths that are tried for `name`, first first: in PATH for a name without "/". */
export function programPaths(name: string, place: ProcessPlace): readonly string[] {
  if (name === "") return [];
  if (name.includes("/")) return [absolutePath(name, place.workingDirectory)];
  return place.searchPath.map((folder) => absolutePath(name, folder));
}

/** The file that `name` starts, links followed; undefined when nothing can be started. */
export function findProgram(name: string, config: ProcessConfig, files: PathFiles): Entry | undefined {
  for (const path of programPaths(fromText(name), processPlace(config))) {
    const entry = entryAt(files, path);
    if (isProgram(entry)) return entry;
  }
  return undefined;
}
