/** What keeps ordinary users of this machine from user namespaces, as far as settings of the kernel tell. */
import { readFileSync } from "node:fs";

/** A setting, and the command that changes it. */
interface NamespaceLimit {
  readonly state: string;
  readonly remedy: string;
}

/** The settings, and the values that forbid it. */
const SETTINGS: readonly (readonly [name: string, forbids: string, wanted: string])[] = [
  ["user.max_user_namespaces", "0", "15000"],
  // Debian's, before Debian 11.
  ["kernel.unprivileged_userns_clone", "0", "1"],
  // Ubuntu's, since 23.10: the namespace can be made, and gives no rights.
  ["kernel.apparmor_restrict_unprivileged_userns", "1", "0"],
];

/** The first setting that forbids user namespaces; undefined where none does. */
export function namespaceLimit(read: (path: string) => string = readSetting): NamespaceLimit | undefined {
  for (const [name, forbids, wanted] of SETTINGS) {
    if (read(`/proc/sys/${name.replaceAll(".", "/")}`).trim() === forbids)
      return { state: `the kernel's setting ${name} is ${forbids}`, remedy: `As root: sysctl -w ${name}=${wanted}` };
  }
  return undefined;
}

function readSetting(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // A kernel without the setting.
    return "";
  }
}
