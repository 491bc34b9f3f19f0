/**
 * The URLs that bare specifiers and names with "#" lead to (Node.js, "ECMAScript modules", "Resolution algorithm specification", PACKAGE_RESOLVE). Both kinds
 * of import use it: `require` for packages with `exports`, and behind "#".
 */
import { posix } from "node:path";
import { entryAt, folderOf } from "../../facts/index.ts";
import { fromText } from "../../paths.ts";
import type { AuditFiles } from "../types.ts";
import { firstFile } from "./node-commonjs.ts";
import { exportedTarget, importedTarget, type NodeMapped } from "./node-package-maps.ts";
import { emptyPackage, type NodePackage, type NodePackages } from "./node-packages.ts";
import { fileUrl, folderUrl } from "./node-urls.ts";

/** Resolves for one set of conditions. `from`: the importing file, absolute, in the form of paths. */
interface PackageResolver {
  /** A specifier that is neither a path nor a URL. */
  bare(specifier: string, from: string): Promise<NodeMapped>;
  /** A name with "#". */
  internal(name: string, from: string): Promise<NodeMapped>;
  /** A subpath, "." or "./x", of a package that has `exports`. */
  exported(one: NodePackage, subpath: string): Promise<NodeMapped>;
}

const LEGACY_MAINS = ["", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node"] as const;
const LEGACY_INDEXES = ["index.js", "index.json", "index.node"] as const;

/** Resolves in an image. `isBuiltIn`: does a name without "node:" belong to Node.js? */
export function packageResolver(
  { files, packages }: { readonly files: AuditFiles; readonly packages: NodePackages },
  { conditions, isBuiltIn }: { readonly conditions: ReadonlySet<string>; readonly isBuiltIn: (name: string) => boolean },
): PackageResolver {
  async function bare(specifier: string, from: string): Promise<NodeMapped> {
    if (isBuiltIn(specifier)) return new URL(`node:${specifier}`);
    const parsed = parsedSpecifier(specifier);
    if (parsed === undefined) return "failed";
    const { name, subpath } = parsed;
    const own = await packages.around(from);
    if (own?.exports !== undefined && own.name === name) return await exported(own, subpath);
    for (const modules of foldersAbove(from)) {
      const folder = posix.join(modules, fromText(name));
      if (entryAt(files, folder)?.kind === "dir") return await inPackage((await packages.at(folder)) ?? emptyPackage(folder), subpath);
    }
    return "failed";
  }

  async function inPackage(one: NodePackage, subpath: string): Promise<NodeMapped> {
    if (one.exports !== undefined) return await exported(one, subpath);
    if (subpath !== ".") return new URL(subpath, folderUrl(one.folder));
    const { folder, main } = one;
    const mains = main === undefined ? [] : LEGACY_MAINS.map((end) => posix.resolve(folder, fromText(main)) + end);
    const entry = firstFile(files, [...mains, ...LEGACY_INDEXES.map((name) => posix.join(folder, name))]);
    return entry === undefined ? "failed" : fileUrl(`/${entry.path}`);
  }

  async function exported(one: NodePackage, subpath: string): Promise<NodeMapped> {
    return ended(await exportedTarget(one, subpath, conditions));
  }

  async function internal(name: string, from: string): Promise<NodeMapped> {
    const own = await packages.around(from);
    if (own === undefined) return "failed";
    // What stands behind "#" is looked up from package.json on, not from the file that asks.
    const manifest = posix.join(own.folder, "package.json");
    return ended(await importedTarget(own, name, { conditions, bare: (specifier) => bare(specifier, manifest) }));
  }

  return { bare, internal, exported };
}

/** A whole map without a target is an error. */
function ended(mapped: NodeMapped): NodeMapped {
  return mapped === "unmatched" || mapped === "excluded" ? "failed" : mapped;
}

/** "@s/name/a.js" → "@s/name" and "./a.js". Undefined: it names no package. */
function parsedSpecifier(specifier: string): { readonly name: string; readonly subpath: string } | undefined {
  const scope = specifier.startsWith("@") ? specifier.indexOf("/") : undefined;
  if (scope === -1) return undefined;
  const end = specifier.indexOf("/", scope === undefined ? 0 : scope + 1);
  const name = end < 0 ? specifier : specifier.slice(0, end);
  // "?" and "#" would end the path of a URL.
  return /^\.|[%\\?#]/.test(name) ? undefined : { name, subpath: `.${end < 0 ? "" : specifier.slice(end)}` };
}

/** Every node_modules from the file upwards, as `require` goes through them. */
export function moduleFolders(from: string): readonly string[] {
  return foldersAbove(from).filter((folder) => !folder.endsWith("/node_modules/node_modules"));
}

function foldersAbove(from: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = folderOf(from); ; folder = folderOf(folder)) {
    folders.push(posix.join(folder, "node_modules"));
    if (folder === "/") return folders;
  }
}
