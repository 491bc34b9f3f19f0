/** Where the name of a program leads, as execvp in a container finds it. */
import type { ContainerConfig } from "../oci/index.ts";
import { treePath } from "../paths.ts";
import type { Entry } from "../tree/index.ts";
import { isProgram } from "./programs.ts";
import type { AuditFiles } from "./types.ts";

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The file that `name` starts, links followed; undefined when nothing can be started. A name without "/" is looked for in PATH. */
export function findProgram(name: string, config: ContainerConfig, files: AuditFiles): Entry | undefined {
  if (name === "") return undefined;
  const from = config.WorkingDir ?? "/";
  if (name.includes("/")) return startable(files.resolve(treePath(name.startsWith("/") ? name : `${from}/${name}`)));
  for (const folder of searchPath(config)) {
    const found = startable(files.resolve(treePath(`${folder.startsWith("/") ? folder : `${from}/${folder}`}/${name}`)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The directories of PATH. */
export function searchPath({ Env = [] }: ContainerConfig): readonly string[] {
  const line = Env.findLast((one) => one.startsWith("PATH="));
  return (line?.slice("PATH=".length) ?? DEFAULT_PATH).split(":");
}

function startable(entry: Entry | undefined): Entry | undefined {
  return isProgram(entry) ? entry : undefined;
}
