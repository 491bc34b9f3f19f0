/**
 * A configuration whose lists grow line by line: as maps while a stage is converted, because a copy for each line would cost the square of
 * their number.
 */
import type { ContainerConfig } from "../../oci/index.ts";

/** A configuration on its way. */
export interface ConfigParts {
  /** Whole lines, "NAME=value", by their names. */
  readonly env: Map<string, string>;
  readonly labels: Map<string, string>;
  readonly ports: Set<string>;
  readonly volumes: Set<string>;
}

/** Takes a configuration apart. */
export function configParts(config: ContainerConfig): ConfigParts {
  const env = new Map<string, string>();
  for (const line of config.Env ?? []) {
    const [name = ""] = line.split("=", 1);
    // What is there twice stays so; ENV changes the first.
    env.set(env.has(name) ? `${name}=${env.size}` : name, line);
  }
  return {
    env,
    labels: new Map(Object.entries(config.Labels ?? {})),
    ports: new Set(Object.keys(config.ExposedPorts ?? {})),
    volumes: new Set(Object.keys(config.Volumes ?? {})),
  };
}

/** The same, to grow on its own. */
export function copiedParts({ env, labels, ports, volumes }: ConfigParts): ConfigParts {
  return { env: new Map(env), labels: new Map(labels), ports: new Set(ports), volumes: new Set(volumes) };
}

/** Puts it together again; what is empty is left out, unless `rest` has it. */
export function joinedConfig(rest: ContainerConfig, { env, labels, ports, volumes }: ConfigParts): ContainerConfig {
  return {
    ...rest,
    ...(env.size === 0 && rest.Env === undefined ? {} : { Env: [...env.values()] }),
    ...(labels.size === 0 && rest.Labels === undefined ? {} : { Labels: Object.fromEntries(labels) }),
    ...(ports.size === 0 && rest.ExposedPorts === undefined ? {} : { ExposedPorts: emptyObjects(ports) }),
    ...(volumes.size === 0 && rest.Volumes === undefined ? {} : { Volumes: emptyObjects(volumes) }),
  };
}

function emptyObjects(names: ReadonlySet<string>): Readonly<Record<string, Readonly<Record<string, never>>>> {
  return Object.fromEntries(Array.from(names, (name) => [name, {}]));
}
