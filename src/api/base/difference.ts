/** What differs between two bases: packages with their versions, and settings. Values only. */
import type { LockedArchitecture } from "../../distroless/index.ts";
import { given } from "../../given.ts";
import type { BaseDifference, PackageChange } from "./types.ts";

/** What is compared. */
export interface BaseFacts {
  /** By name. */
  readonly packages: ReadonlyMap<string, { readonly version: string; readonly size?: number }>;
  /** Settings by name; undefined: not known of this side, and not compared. */
  readonly config?: Readonly<Record<string, unknown>>;
}

const NOTHING: BaseFacts = { packages: new Map() };

/** The facts that a lock has for an architecture. */
export function lockedFacts(locked: LockedArchitecture | undefined): BaseFacts {
  if (locked === undefined) return NOTHING;
  const packages = new Map<string, { readonly version: string; readonly size?: number }>();
  for (const { name, version, size } of locked.packages) packages.set(name, { version, size });
  if (locked.node !== undefined) packages.set("node", { version: locked.node.version });
  return { packages };
}

/** From `before` to `after`. */
export function differenceOf(before: BaseFacts, after: BaseFacts): BaseDifference {
  const names = [...new Set([...before.packages.keys(), ...after.packages.keys()])].toSorted();
  const changes = names.flatMap((name): PackageChange[] => {
    const old = before.packages.get(name);
    const now = after.packages.get(name);
    if (old?.version === now?.version) return [];
    const sizes = old?.size === undefined || now?.size === undefined ? {} : { sizeChange: now.size - old.size };
    return [
      {
        name,
        ...(old === undefined ? {} : { before: old.version }),
        ...(now === undefined ? {} : { after: now.version }),
        ...sizes,
      },
    ];
  });
  return { packages: changes, config: configChanges(before.config, after.config) };
}

function configChanges(before: BaseFacts["config"], after: BaseFacts["config"]): BaseDifference["config"] {
  if (before === undefined || after === undefined) return [];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) => {
    const old = jsonOf(before, name);
    const now = jsonOf(after, name);
    if (old === now) return [];
    return [{ name, ...given({ before: old, after: now }) }];
  });
}

function jsonOf(values: Readonly<Record<string, unknown>>, name: string): string | undefined {
  return Object.hasOwn(values, name) && values[name] !== undefined ? JSON.stringify(values[name]) : undefined;
}
