/** Changes of a container's configuration, also those that no Dockerfile can make: taking variables, ports, volumes and labels away. Pure. */
import { usageError, type DecantError } from "../errors.ts";
import { suggest } from "../dockerfile/index.ts";
import type { ContainerConfig } from "../oci/index.ts";

/** What is changed; what is absent stays. Taking away comes first, so a value may be set anew. */
export interface ConfigChanges {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly unsetLabels?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly unsetEnv?: readonly string[] | undefined;
  /** "80/tcp". */
  readonly expose?: readonly string[] | undefined;
  readonly unsetExpose?: readonly string[] | undefined;
  readonly volumes?: readonly string[] | undefined;
  readonly unsetVolumes?: readonly string[] | undefined;
  /** An empty list takes it away. */
  readonly entrypoint?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
  /** An empty text takes it away. */
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  readonly stopSignal?: string | undefined;
}

/** The configuration with the changes. Throws `USAGE` for what is to be taken away and is not there. */
export function changedConfig(config: ContainerConfig, changes: ConfigChanges): ContainerConfig {
  const { ExposedPorts, Volumes, Labels, Env, Entrypoint, Cmd, User, WorkingDir, StopSignal, ...rest } = config;
  const { entrypoint = Entrypoint ?? [], cmd = Cmd ?? [] } = changes;
  const texts = { User: changes.user ?? User, WorkingDir: changes.workdir ?? WorkingDir, StopSignal: changes.stopSignal ?? StopSignal };
  const { unsetExpose = [], unsetVolumes = [], unsetLabels = [] } = changes;
  return {
    ...rest,
    ...filled("ExposedPorts", { ...without(ExposedPorts, unsetExpose.map(portKey), "port"), ...keys((changes.expose ?? []).map(portKey)) }),
    ...filled("Volumes", { ...without(Volumes, unsetVolumes, "volume"), ...keys(changes.volumes ?? []) }),
    ...filled("Labels", { ...without(Labels, unsetLabels, "label"), ...changes.labels }),
    ...listed("Env", changedEnv(Env ?? [], changes)),
    ...listed("Entrypoint", entrypoint),
    ...listed("Cmd", cmd),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined && text !== "")),
  };
}

function changedEnv(before: readonly string[], { env = {}, unsetEnv = [] }: ConfigChanges): readonly string[] {
  const names = before.map((entry) => entry.split("=", 1)[0] ?? "");
  for (const name of unsetEnv) if (!names.includes(name)) throw notThere("variable", name, names);
  const kept = before.filter((_entry, at) => !unsetEnv.includes(names[at] ?? ""));
  const set = new Map(Object.entries(env));
  // A variable keeps its place, as in a Dockerfile.
  const replaced = kept.map((entry) => {
    const name = entry.split("=", 1)[0] ?? "";
    const value = set.get(name);
    set.delete(name);
    return value === undefined ? entry : `${name}=${value}`;
  });
  return [...replaced, ...[...set].map(([name, value]) => `${name}=${value}`)];
}

function without<Value>(
  map: Readonly<Record<string, Value>> | undefined,
  doomed: readonly string[],
  what: string,
): Readonly<Record<string, Value>> {
  const known = Object.keys(map ?? {});
  for (const key of doomed) if (!known.includes(key)) throw notThere(what, key, known);
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !doomed.includes(key)));
}

function notThere(what: string, name: string, known: readonly string[]): DecantError {
  const near = suggest(name, known);
  const hint = near !== undefined ? `Did you mean "${near}"?` : known.length === 0 ? undefined : `It has ${known.join(", ")}`;
  return usageError(`Cannot take ${what} "${name}" away: the image has no such ${what}`, hint);
}

function keys(names: readonly string[]): Readonly<Record<string, Readonly<Record<string, never>>>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

/** "80" is "80/tcp". */
function portKey(port: string): string {
  if (!/^\d{1,5}(?:\/(?:tcp|udp|sctp))?$/.test(port)) throw usageError(`Cannot use port "${port}": wanted 80, 80/tcp or 80/udp`);
  return port.includes("/") ? port : `${port}/tcp`;
}

function filled<Map extends object>(key: string, map: Map): Readonly<Record<string, Map>> {
  return Object.keys(map).length === 0 ? {} : { [key]: map };
}

function listed(key: string, list: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return list.length === 0 ? {} : { [key]: list };
}
