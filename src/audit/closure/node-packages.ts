/** package.json files of an image (Node.js, "Packages"). What their `exports` and `imports` lead to: node-package-maps.ts. */
import { createShared } from "../../async.ts";
import { fileAt, folderOf, lastPart, parseJson } from "../../facts/index.ts";
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
    // Node.js passes over any other kind of value.
    ...(typeof exports === "string" || isContainer(exports) ? { exports } : {}),
    ...(isContainer(imports) ? { imports } : {}),
    scripts: new Map(isObject(scripts) ? Object.entries(scripts).filter((one): one is [string, string] => typeof one[1] === "string") : []),
    dependencies: isObject(dependencies) ? Object.keys(dependencies) : [],
    optionalDependencies: isObject(optionalDependencies) ? Object.keys(optionalDependencies) : [],
  };
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Is it an object of JSON, and no list? */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return isContainer(value) && !Array.isArray(value);
}
