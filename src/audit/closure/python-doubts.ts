/** What extension modules of Python may import, by the names in them: which of it the image lacks. */
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { namesInExtension } from "./python-extension.ts";
import { type LoadedModule, type LoadedModules, mayHave } from "./python-loaded.ts";
import type { PythonModules } from "./python-modules.ts";
import { isStandardName } from "./python-names.ts";
import type { PythonEnd, PythonFailure } from "./python-running.ts";

/** An extension module that was loaded. */
export interface LoadedExtension {
  readonly entry: Entry;
  readonly name: string;
}

/** What the names are looked up in. */
interface ExtensionSurroundings {
  readonly files: AuditFiles;
  /** "3.13", where it is known. */
  readonly version: string | undefined;
  readonly modules: PythonModules;
  readonly loaded: LoadedModules;
  readonly load: (name: string, from: string) => Promise<PythonEnd>;
  /** May a package have a submodule that none of its folders has? */
  readonly mayBeMade: (one: LoadedModule) => boolean;
  readonly shutBy: (entry: Entry) => Entry | undefined;
  readonly isBroken: (entry: Entry) => Promise<boolean>;
}

/** A name of the library is followed; one of the extension's own package must be there. Extensions that this leads to follow. */
export async function extensionDoubts(
  extensions: readonly LoadedExtension[],
  surroundings: ExtensionSurroundings,
): Promise<readonly PythonFailure[]> {
  const told = new Map<string, PythonFailure>();
  // Those that are met on the way follow.
  for (const { entry, name: own } of extensions) {
    const from = `/${entry.path}`;
    for (const name of await namesInExtension(surroundings.files, entry)) {
      const end = isStandardName(name, surroundings.version)
        ? await surroundings.load(name, from)
        : await lacking(name, own, from, surroundings);
      if (end !== undefined && end !== "unsure") told.set(end.module, end);
    }
  }
  return [...told.values()];
}

/** What is wrong with a module of the package of an extension; nothing where the name may be one of what the package sets. */
async function lacking(
  written: string,
  extension: string,
  from: string,
  { modules, loaded, mayBeMade, shutBy, isBroken }: ExtensionSurroundings,
): Promise<PythonFailure | undefined> {
  const [top = ""] = extension.split(".", 1);
  const isDotted = written.startsWith(`${top}.`);
  const name = isDotted ? written : `${extension.slice(0, extension.lastIndexOf("."))}.${written}`;
  if (!extension.includes(".") || (!isDotted && written.includes(".")) || loaded.get(name) !== undefined) return undefined;
  const above = loaded.get(name.slice(0, name.lastIndexOf(".")));
  const last = name.slice(name.lastIndexOf(".") + 1);
  if (above === undefined || !("folders" in above.module)) return undefined;
  const module = modules.find(last, above.module.folders ?? []);
  if (module === undefined)
    return !isDotted || mayHave(above, last, loaded) || mayBeMade(above) ? undefined : { kind: "missing", module: name, from };
  if (!("entry" in module)) return undefined;
  const about = { module: name, from, entry: module.entry };
  if (shutBy(module.entry) !== undefined) return { kind: "unreadable", ...about };
  return module.kind === "extension" && (await isBroken(module.entry)) ? { kind: "extension", ...about } : undefined;
}
