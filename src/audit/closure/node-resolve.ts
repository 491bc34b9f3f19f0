/** Where an import of Node.js leads (Node.js, "Modules: CommonJS modules", "All together", and "ECMAScript modules", "Resolution algorithm"). */
import { builtinModules } from "node:module";
import { absolutePath, entryAt, fileAt, folderOf, lastPart } from "../../facts/index.ts";
import { fromText } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { emptyPackage, exportedPath, importedTarget, type NodePackage, type NodePackages } from "./node-packages.ts";

/** What an import leads to. Files with links followed, as Node keeps them. */
type NodeTarget =
  | { readonly kind: "file"; readonly entry: Entry }
  | { readonly kind: "builtin" }
  /** Not in the file system: "data:", "https:". */
  | { readonly kind: "elsewhere" }
  | { readonly kind: "missing" };

/** How an import resolves. */
export interface NodeResolver {
  /** `from`: the importing file, absolute, in the form of paths. */
  resolve(specifier: string, kind: "import" | "require", from: string): Promise<NodeTarget>;
  /** The main module: a path as `node PATH` takes it, already absolute. */
  main(path: string): Promise<NodeTarget>;
}

const BUILT_IN: ReadonlySet<string> = new Set(builtinModules);
const EXTENSIONS = ["", ".js", ".json", ".node"] as const;
const LEGACY_MAINS = [".js", ".json", ".node", "/index.js", "/index.json", "/index.node"] as const;
const INDEXES = ["index.js", "index.json", "index.node"] as const;
const MAX_REDIRECTS = 10;

/** Makes a resolver. `conditions`: those of the user besides Node's own (`-C`); `nodePath`: the directories of NODE_PATH. */
export function nodeResolver(
  files: AuditFiles,
  packages: NodePackages,
  options: { readonly conditions?: readonly string[]; readonly nodePath?: readonly string[] } = {},
): NodeResolver {
  const shared = ["node", "node-addons", "module-sync", ...(options.conditions ?? [])];
  const conditionsOf = { import: new Set([...shared, "import"]), require: new Set([...shared, "require"]) };
  type Kind = keyof typeof conditionsOf;
  /** Whose conditions hold, and whose rules where there are no `exports`. */
  interface Manner {
    readonly kind: Kind;
    readonly rules: Kind;
  }

  const found = (path: string): NodeTarget => {
    const entry = fileAt(files, path);
    return entry === undefined ? { kind: "missing" } : { kind: "file", entry };
  };
  const first = (paths: readonly string[]): NodeTarget | undefined => {
    for (const path of paths) {
      const entry = fileAt(files, path);
      if (entry !== undefined) return { kind: "file", entry };
    }
    return undefined;
  };

  async function asFileOrFolder(path: string): Promise<NodeTarget> {
    const file = path.endsWith("/") ? undefined : first(EXTENSIONS.map((extension) => path + extension));
    return file ?? (await asFolder(path.replace(/\/+$/, ""))) ?? { kind: "missing" };
  }

  async function asFolder(folder: string): Promise<NodeTarget | undefined> {
    const main = (await packages.at(folder === "" ? "/" : folder))?.main;
    const indexes = INDEXES.map((name) => `${folder}/${name}`);
    if (main === undefined || main === "") return first(indexes);
    const path = absolutePath(fromText(main), folder).replace(/\/+$/, "");
    return first([...EXTENSIONS.map((extension) => path + extension), ...INDEXES.map((name) => `${path}/${name}`), ...indexes]);
  }

  async function inPackage(one: NodePackage, subpath: string, { kind, rules }: Manner): Promise<NodeTarget> {
    const { folder } = one;
    if (one.exports !== undefined) {
      const path = exportedPath(one, subpath, conditionsOf[kind]);
      return path === undefined ? { kind: "missing" } : found(path);
    }
    const path = subpath === "." ? folder : `${folder}/${fromText(subpath.slice(2))}`;
    if (rules === "require") return await asFileOrFolder(path);
    if (subpath !== ".") return found(path);
    const main = one.main === undefined ? undefined : absolutePath(fromText(one.main), folder);
    const mains = main === undefined ? [] : [main, ...LEGACY_MAINS.map((end) => main + end)];
    return first([...mains, ...INDEXES.map((name) => `${folder}/${name}`)]) ?? { kind: "missing" };
  }

  async function bare(specifier: string, manner: Manner, from: string): Promise<NodeTarget> {
    const { rules } = manner;
    const [, name = "", rest = ""] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? [];
    const subpath = `.${rest}`;
    const own = await packages.around(from);
    if (own?.exports !== undefined && own.name === name) return await inPackage(own, subpath, manner);
    const folders = [...moduleFolders(from), ...(rules === "require" ? (options.nodePath ?? []) : [])];
    for (const modules of folders) {
      const folder = `${modules}/${fromText(name)}`;
      const one = await packages.at(folder);
      if (one !== undefined) {
        const target = await inPackage(one, subpath, manner);
        // Without `exports`, CommonJS goes on to the next folder; not when a `main` leads nowhere.
        if (target.kind === "file" || one.exports !== undefined || rules === "import" || (await hasMain(modules, specifier))) return target;
        continue;
      }
      if (rules === "import") {
        if (entryAt(files, folder)?.kind === "dir") return await inPackage(emptyPackage(folder), subpath, manner);
        continue;
      }
      const target = await asFileOrFolder(`${modules}/${fromText(specifier)}`);
      if (target.kind === "file" || (await hasMain(modules, specifier))) return target;
    }
    return { kind: "missing" };
  }

  async function hasMain(modules: string, specifier: string): Promise<boolean> {
    const main = (await packages.at(`${modules}/${fromText(specifier)}`.replace(/\/+$/, "")))?.main;
    return main !== undefined && main !== "";
  }

  async function resolve(specifier: string, kind: Kind, from: string, redirects = 0): Promise<NodeTarget> {
    if (isBuiltIn(specifier)) return { kind: "builtin" };
    if (specifier.includes("\0")) return { kind: "missing" };
    if (kind === "import" && /^[a-z][a-z0-9+.-]*:/i.test(specifier)) {
      return specifier.startsWith("file:///") ? found(urlPath(specifier.slice("file://".length))) : { kind: "elsewhere" };
    }
    if (specifier.startsWith("#")) {
      const own = await packages.around(from);
      const target = own === undefined ? undefined : importedTarget(own, specifier, conditionsOf[kind]);
      if (target === undefined || redirects > MAX_REDIRECTS) return { kind: "missing" };
      if ("path" in target) return found(target.path);
      // A package behind "#" is looked up as modules do, with the conditions of who asks.
      const { specifier: other } = target;
      if (other.startsWith("#") || isBuiltIn(other)) return await resolve(other, kind, from, redirects + 1);
      return await bare(other, { kind, rules: "import" }, from);
    }
    if (/^(?:\.{0,2}\/|\.{1,2}$)/.test(specifier)) {
      if (kind === "import") return found(absolutePath(urlPath(specifier), folderOf(from)));
      return await asFileOrFolder(absolutePath(fromText(/(?:^|\/)\.{1,2}$/.test(specifier) ? `${specifier}/` : specifier), folderOf(from)));
    }
    return await bare(specifier, { kind, rules: kind }, from);
  }

  return { resolve: (specifier, kind, from) => resolve(specifier, kind, from), main: asFileOrFolder };
}

function isBuiltIn(specifier: string): boolean {
  return specifier.startsWith("node:") || BUILT_IN.has(specifier);
}

/** Every node_modules from the file upwards. */
function moduleFolders(from: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = folderOf(from); ; folder = folderOf(folder)) {
    if (lastPart(folder) !== "node_modules") folders.push(`${folder === "/" ? "" : folder}/node_modules`);
    if (folder === "/") return folders;
  }
}

/** Imports of modules are URLs: without query and fragment, percent signs decoded. */
function urlPath(specifier: string): string {
  const path = specifier.replace(/[?#].*$/, "");
  try {
    return fromText(decodeURIComponent(path));
  } catch (error) {
    if (error instanceof URIError) return fromText(path);
    throw error;
  }
}
