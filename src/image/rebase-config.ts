/** The configuration of an app on another base: what the app has from its old base becomes what the new base has. Pure. */
import type { ContainerConfig } from "../oci/index.ts";

const MAPS = ["ExposedPorts", "Volumes", "Labels"] as const;

/** What `app` sets itself stays; all else is as in `after`. */
export function rebasedConfig(app: ContainerConfig, before: ContainerConfig, after: ContainerConfig): ContainerConfig {
  const out = new Map<string, unknown>();
  for (const key of new Set([...Object.keys(after), ...Object.keys(app)])) {
    const [own, old, now] = [fieldOf(app, key), fieldOf(before, key), fieldOf(after, key)];
    const value = isMap(key) ? rebasedMap(own, old, now) : JSON.stringify(own) === JSON.stringify(old) ? now : own;
    if (value !== undefined) out.set(key, value);
  }
  out.set("Env", rebasedEnv(app.Env ?? [], before.Env ?? [], after.Env ?? []));
  // Each value is of one of three configurations, under its own key.
  return Object.fromEntries(out) as ContainerConfig;
}

function rebasedMap(own: unknown, old: unknown, now: unknown): unknown {
  const before = Object.entries(Object(old));
  const added = Object.entries(Object(own)).filter(
    ([key, value]) => !before.some(([known, other]) => known === key && JSON.stringify(other) === JSON.stringify(value)),
  );
  const map = { ...Object(now), ...Object.fromEntries(added) };
  return Object.keys(map).length === 0 ? undefined : map;
}

function rebasedEnv(own: readonly string[], old: readonly string[], now: readonly string[]): readonly string[] {
  const nameOf = (entry: string): string => entry.split("=", 1)[0] ?? "";
  const set = own.filter((entry) => !old.includes(entry));
  const names = new Set(set.map(nameOf));
  return [...now.filter((entry) => !names.has(nameOf(entry))), ...set];
}

function isMap(key: string): boolean {
  return MAPS.some((known) => known === key);
}

function fieldOf(config: ContainerConfig, key: string): unknown {
  const value: unknown = Object.hasOwn(config, key) ? Reflect.get(config, key) : undefined;
  return value === null ? undefined : value;
}
