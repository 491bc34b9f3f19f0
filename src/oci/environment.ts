/** The environment of a configuration: lines "NAME=value", of which the last one of a name counts. */

/** The PATH of a process whose image sets none, as BuildKit and the runtimes have it. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The value of a variable; undefined when it is not set. */
export function environmentValue(env: readonly string[] | undefined, name: string): string | undefined {
  return env?.findLast((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}
