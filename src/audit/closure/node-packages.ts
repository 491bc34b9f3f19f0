/** package.json files of an image, and the maps of `exports` and `imports` in them (Node.js, "Packages" and "ECMAScript modules", resolution algorithm). */
import { createShared } from "../../async.ts";
import { fileAt, folderOf, lastPart, parseJson } from "../../facts/index.ts";
import { fromText } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";

/** What resolution needs of a package.json. Anything else than expected counts as absent. */
export interface NodePackage {
  /** The directory, absolute, in the form of paths. */
  readonly folder: string;
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
  readonly exports?: unknown;
  readonly imports?: unknown;
  readonly scripts: ReadonlyMap<string, string>;
  /** Names in `dependencies` and `optionalDependencies`. */
  readonly dependencies: readonly string[];
  readonly optionalDependencies: readonly string[];
}

/** Reads packages; each file once. */
export interface NodePackages {
  /** The package.json of exactly this directory. */
  at(folder: string): Promise<NodePackage | undefined>;
  /** The package that a file belongs to. */
  around(path: string): Promise<NodePackage | undefined>;
}

const MAX_BYTES = 4 * 1024 * 1024;

/** Reads from a subject's files. */
export function nodePackages(files: AuditFiles): NodePackages {
  const known = createShared<string, NodePackage | undefined>({ cancel: "never" });
  const read = async (folder: string): Promise<NodePackage | undefined> => {
    const entry = fileAt(files, `${folder === "/" ? "" : folder}/package.json`);
    const bytes = entry === undefined ? undefined : await files.read(entry, MAX_BYTES);
    return bytes === undefined ? undefined : parsePackage(folder, bytes);
  };
  const at: NodePackages["at"] = (folder) => known.run(folder, () => read(folder));
  return {
    at,
    async around(path) {
      for (let folder = folderOf(path); ; folder = folderOf(folder)) {
        if (lastPart(folder) === "node_modules") return undefined;
        const found = await at(folder);
        if (found !== undefined || folder === "/") return found;
      }
    },
  };
}

/** The package.json that says of what kind a file is. */
export async function manifestOf(files: AuditFiles, packages: NodePackages, path: string): Promise<Entry | undefined> {
  const folder = (await packages.around(path))?.folder;
  return folder === undefined ? undefined : fileAt(files, `${folder === "/" ? "" : folder}/package.json`);
}

/** A directory without package.json, or with one that says nothing. */
export function emptyPackage(folder: string): NodePackage {
  return { folder, scripts: new Map(), dependencies: [], optionalDependencies: [] };
}

function parsePackage(folder: string, bytes: Uint8Array): NodePackage {
  const nothing: NodePackage = emptyPackage(folder);
  const value = parseJson(bytes);
  if (!isObject(value)) return nothing;
  const { name, main, type, exports, imports, scripts, dependencies, optionalDependencies } = value;
  return {
    folder,
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof main === "string" ? { main } : {}),
    ...(typeof type === "string" ? { type } : {}),
    ...(exports === undefined || exports === null ? {} : { exports }),
    ...(isObject(imports) ? { imports } : {}),
    scripts: new Map(isObject(scripts) ? Object.entries(scripts).filter((one): one is [string, string] => typeof one[1] === "string") : []),
    dependencies: isObject(dependencies) ? Object.keys(dependencies) : [],
    optionalDependencies: isObject(optionalDependencies) ? Object.keys(optionalDependencies) : [],
  };
}

/** The file that `exports` gives for a subpath ("." or "./x"), absolute; undefined when it gives none. */
export function exportedPath({ folder, exports }: NodePackage, subpath: string, conditions: ReadonlySet<string>): string | undefined {
  const keys = isObject(exports) ? Object.keys(exports) : [];
  const isMap = keys.length > 0 && keys.every((key) => key.startsWith("."));
  const map = isMap && isObject(exports) ? exports : { ".": exports };
  const target = mappedTarget(map, subpath, { conditions, isTarget: (one) => targetPath(folder, one) !== undefined });
  return target === undefined ? undefined : targetPath(folder, target);
}

/** What `imports` gives for a name with "#": a file of the package, or another specifier. */
export function importedTarget(
  { folder, imports }: NodePackage,
  name: string,
  conditions: ReadonlySet<string>,
): { readonly path: string } | { readonly specifier: string } | undefined {
  const target = isObject(imports) ? mappedTarget(imports, name, { conditions, isTarget: () => true }) : undefined;
  if (target === undefined) return undefined;
  if (!target.startsWith(".")) return { specifier: target };
  const path = targetPath(folder, target);
  return path === undefined ? undefined : { path };
}

/** The target of the exact key, or of the pattern with the longest part before its "*". */
function mappedTarget(map: Readonly<Record<string, unknown>>, name: string, choice: Choice): string | undefined {
  if (Object.hasOwn(map, name) && !name.includes("*") && !name.endsWith("/")) return chosen(map[name], undefined, choice);
  const patterns = Object.keys(map).filter((key) => key.split("*").length === 2);
  patterns.sort((one, other) => other.indexOf("*") - one.indexOf("*") || other.length - one.length);
  for (const pattern of patterns) {
    const [before = "", after = ""] = pattern.split("*");
    if (name.length > pattern.length - 1 && name.startsWith(before) && name.endsWith(after) && name !== before) {
      return chosen(map[pattern], name.slice(before.length, name.length - after.length), choice);
    }
  }
  return undefined;
}

const MAX_DEPTH = 50;

interface Choice {
  readonly conditions: ReadonlySet<string>;
  /** A list goes on behind a target that is none. */
  readonly isTarget: (target: string) => boolean;
}

function chosen(target: unknown, match: string | undefined, choice: Choice, depth = 0): string | undefined {
  if (typeof target === "string") return match === undefined ? target : target.replaceAll("*", () => match);
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(target)) {
    for (const one of target) {
      const found = chosen(one, match, choice, depth + 1);
      if (found !== undefined && choice.isTarget(found)) return found;
    }
    return undefined;
  }
  if (!isObject(target)) return undefined;
  for (const [condition, value] of Object.entries(target)) {
    if (condition !== "default" && !choice.conditions.has(condition)) continue;
    // `null` says: not this one, and no later one either.
    if (value === null) return undefined;
    const found = chosen(value, match, choice, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Targets stay in their package. */
function targetPath(folder: string, target: string): string | undefined {
  if (!target.startsWith("./")) return undefined;
  if (
    target
      .slice(2)
      .split(/[/\\]/)
      .some((part) => part === "" || part === "." || part === ".." || part === "node_modules")
  )
    return undefined;
  return `${folder === "/" ? "" : folder}/${fromText(target.slice(2))}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
