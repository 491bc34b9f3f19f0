/** How `require` finds files and directories where no `exports` name them (Node.js, "Modules: CommonJS modules", "All together"). */
import { posix } from "node:path";
import { fileAt } from "../../facts/index.ts";
import { fromText } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import type { NodePackages } from "./node-packages.ts";
import { MISSING, type NodeTarget } from "./node-target.ts";

/** Looks for what `require` asks for. */
interface RequiredFiles {
  /** From an absolute directory on. Undefined: not here, so the next directory may have it. "missing": the search ends here. */
  find(request: string, folder: string): Promise<NodeTarget | undefined>;
}

const EXTENSIONS = ["", ".js", ".json", ".node"] as const;
const INDEXES = ["index.js", "index.json", "index.node"] as const;

/** The first path that leads to a file. */
export function firstFile(files: AuditFiles, paths: readonly string[]): Entry | undefined {
  for (const path of paths) {
    const entry = fileAt(files, path);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** Looks in an image. Requests and directories are in the form of paths. */
export function requiredFiles(files: AuditFiles, packages: NodePackages): RequiredFiles {
  async function find(request: string, folder: string): Promise<NodeTarget | undefined> {
    // Node.js takes ".." away before it follows links.
    const path = posix.resolve("/", folder, request);
    const isFolder = /(?:^|\/)\.{0,2}$/.test(request);
    const entry = isFolder ? undefined : firstFile(files, withExtensions(path));
    return entry === undefined ? await findIndex(path) : { kind: "file", entry };
  }

  async function findIndex(folder: string): Promise<NodeTarget | undefined> {
    const main = (await packages.at(folder))?.main ?? "";
    const path = posix.resolve(folder, fromText(main));
    const entry = firstFile(files, [...(main === "" ? [] : [...withExtensions(path), ...indexesIn(path)]), ...indexesIn(folder)]);
    if (entry !== undefined) return { kind: "file", entry };
    // A `main` that leads nowhere is an error.
    return main === "" ? undefined : MISSING;
  }

  return { find };
}

function withExtensions(path: string): readonly string[] {
  return EXTENSIONS.map((extension) => path + extension);
}

function indexesIn(folder: string): readonly string[] {
  return INDEXES.map((name) => posix.join(folder, name));
}
