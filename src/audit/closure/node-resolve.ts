/** Where an import of Node.js leads (Node.js, "Modules: CommonJS modules", "All together", and "ECMAScript modules", "Resolution algorithm"). */
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { entryAt, fileAt, folderOf } from "../../facts/index.ts";
import { fromText } from "../../paths.ts";
import type { AuditFiles } from "../types.ts";
import { requiredFiles } from "./node-commonjs.ts";
import type { NodeMapped } from "./node-package-maps.ts";
import { moduleFolders, packageResolver } from "./node-package-resolve.ts";
import type { NodePackages } from "./node-packages.ts";
import { MISSING, type NodeTarget } from "./node-target.ts";
import { fileUrl, pathOfUrl } from "./node-urls.ts";

/** How an import resolves. */
export interface NodeResolver {
  /** `from`: the importing file, absolute, in the form of paths. */
  resolve(specifier: string, kind: "import" | "require", from: string): Promise<NodeTarget>;
  /** The main module: a path as `node PATH` takes it, already absolute. */
  main(path: string): Promise<NodeTarget>;
}

interface ResolverOptions {
  /** Those of the user besides Node's own (`-C`). */
  readonly conditions?: readonly string[];
  /** The directories of NODE_PATH. */
  readonly nodePath?: readonly string[];
}

const BUILT_IN: ReadonlySet<string> = new Set(builtinModules);
const PATH = /^(?:\.{0,2}\/|\.{1,2}$)/;
/** A name of a package as `require` knows it, and the rest. */
const IN_PACKAGE = /^((?:@[^/\\%]+\/)?[^./\\%][^/\\%]*)(\/.*)?$/;

/** Makes a resolver. */
export function nodeResolver(
  files: AuditFiles,
  packages: NodePackages,
  { conditions = [], nodePath = [] }: ResolverOptions = {},
): NodeResolver {
  const required = requiredFiles(files, packages);
  const packagesFor = (kind: "import" | "require"): ReturnType<typeof packageResolver> =>
    packageResolver(
      { files, packages },
      { conditions: new Set(["node", "node-addons", "module-sync", ...conditions, kind]), isBuiltIn: (name) => BUILT_IN.has(name) },
    );
  const importing = packagesFor("import");
  const requiring = packagesFor("require");

  function fileOf(mapped: NodeMapped): NodeTarget {
    const path = mapped instanceof URL ? pathOfUrl(mapped) : undefined;
    const entry = path === undefined || path.endsWith("/") ? undefined : fileAt(files, path);
    return entry === undefined ? MISSING : { kind: "file", entry };
  }

  async function imported(specifier: string, from: string): Promise<NodeTarget> {
    const url = URL.parse(specifier, PATH.test(specifier) ? fileUrl(from).href : undefined);
    if (url !== null) return url.protocol === "file:" ? fileOf(url) : { kind: "elsewhere" };
    const mapped = specifier.startsWith("#") ? await importing.internal(specifier, from) : await importing.bare(specifier, from);
    return mapped instanceof URL && mapped.protocol === "node:" ? { kind: "builtin" } : fileOf(mapped);
  }

  async function requiredFrom(specifier: string, from: string): Promise<NodeTarget> {
    if (PATH.test(specifier)) return (await required.find(fromText(specifier), folderOf(from))) ?? MISSING;
    const own = await packages.around(from);
    // Not even a module of Node.js: `require` takes only files from `imports`.
    if (specifier.startsWith("#") && own?.imports !== undefined) return fileOf(await requiring.internal(specifier, from));
    const subpath = own?.exports === undefined || own.name === undefined ? undefined : subpathIn(own.name, specifier);
    if (own !== undefined && subpath !== undefined) return fileOf(await requiring.exported(own, subpath));
    return await requiredFromFolders(specifier, [...moduleFolders(from), ...nodePath]);
  }

  async function requiredFromFolders(specifier: string, folders: readonly string[]): Promise<NodeTarget> {
    const [, name, rest = ""] = IN_PACKAGE.exec(specifier) ?? [];
    for (const modules of folders) {
      if (entryAt(files, modules)?.kind !== "dir") continue;
      const one = name === undefined ? undefined : await packages.at(`${modules}/${fromText(name)}`);
      if (one?.exports !== undefined) return fileOf(await requiring.exported(one, `.${rest}`));
      const target = await required.find(fromText(specifier), modules);
      if (target !== undefined) return target;
    }
    return MISSING;
  }

  return {
    async resolve(specifier, kind, from) {
      if (specifier.startsWith("node:") || BUILT_IN.has(specifier)) return { kind: "builtin" };
      if (specifier.includes("\0")) return MISSING;
      return await (kind === "import" ? imported(specifier, from) : requiredFrom(specifier, from));
    },
    // `node a.js/` starts a.js.
    main: async (path) => (await required.find(posix.resolve("/", path), "/")) ?? MISSING,
  };
}

/** "./a" for "app/a" in "app". Undefined: it is not below the name. */
function subpathIn(name: string, specifier: string): string | undefined {
  return specifier === name || specifier.startsWith(`${name}/`) ? `.${specifier.slice(name.length)}` : undefined;
}
