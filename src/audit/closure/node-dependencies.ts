/**
 * Dependencies that loaded packages name in package.json and that are not whole. Which of them a package needs, and when, its text does not always
 * show. An install without a gap has all, and one with many was pruned on purpose: only few gaps say something.
 */
import { entryAt, fileAt } from "../../facts/index.ts";
import { fromText } from "../../paths.ts";
import type { Entry } from "../../tree/index.ts";
import type { AuditFiles } from "../types.ts";
import { platformPackages } from "./node-platforms.ts";
import type { ScriptProcess } from "./script/natives.ts";
import type { NodePackage, NodePackages } from "./node-packages.ts";
import type { NodeResolver } from "./node-resolve.ts";
import type { MissingModule } from "./node-trace.ts";

const MAX_GAPS = 2;

/** Where dependencies are looked for. */
interface DependencyOptions {
  readonly files: AuditFiles;
  readonly packages: NodePackages;
  readonly resolver: NodeResolver;
  readonly process: ScriptProcess;
  /** Folders of packages that are known to load an add-on, wherever it comes from. */
  readonly decided: ReadonlySet<string>;
  /** Specifiers that packages asked for, and could do without. */
  readonly asked: ReadonlySet<string>;
}

const IN_PACKAGE = /(?:^|\/)node_modules\//;

/** Gaps below the packages that `modules` belong to; none when there are more than two. */
export async function dependencyGaps(
  modules: readonly Entry[],
  { files, packages, resolver, process, decided, asked }: DependencyOptions,
): Promise<readonly MissingModule[]> {
  const seen = new Set<NodePackage>();
  const gaps: MissingModule[] = [];
  for (const { path } of modules) {
    const one = IN_PACKAGE.test(path) ? await packages.around(`/${path}`) : undefined;
    if (one === undefined || seen.has(one)) continue;
    seen.add(one);
    const platforms = decided.has(one.folder) ? [] : platformPackages(one.optionalDependencies, process);
    const [first, ...others] = platforms.filter(({ isSpare }) => !isSpare).map(({ name }) => name);
    const isGone = (name: string): boolean =>
      folderOfPackage(files, name, one.folder) === undefined && ![...asked].some((by) => by === name || by.startsWith(`${name}/`));
    if (first !== undefined && platforms.every(({ name }) => isGone(name))) {
      const alternatives = others.length === 0 ? {} : { alternatives: others };
      gaps.push({ specifier: first, from: `${one.folder}/package.json`, certain: false, how: "platform", ...alternatives });
    }
    for (const name of new Set([...one.dependencies, ...one.optionalDependencies])) {
      // An optional one may be absent, but is no half.
      const isAbsentByRight = one.optionalDependencies.includes(name) && folderOfPackage(files, name, one.folder) === undefined;
      if (isAbsentByRight || (await isWhole(name, one.folder))) continue;
      gaps.push({ specifier: name, from: `${one.folder}/package.json`, certain: false, how: "dependency" });
      if (gaps.length > MAX_GAPS) return [];
    }
  }
  return gaps;

  async function isWhole(name: string, from: string): Promise<boolean> {
    const folder = folderOfPackage(files, name, from);
    const found = folder === undefined ? undefined : await packages.at(folder);
    if (folder === undefined || found === undefined) return folder !== undefined && fileAt(files, `${folder}/index.js`) !== undefined;
    // Types and programs have no main module.
    if (found.main === undefined && typeof found.exports !== "string") return true;
    const targets = [
      await resolver.resolve(name, "require", `${from}/package.json`),
      await resolver.resolve(name, "import", `${from}/package.json`),
    ];
    return found.main === "" || targets.some(({ kind }) => kind !== "missing");
  }
}

/** The directory of a package, as Node.js looks for it from `from`, a directory. */
export function folderOfPackage(files: AuditFiles, name: string, from: string): string | undefined {
  const parts = from.split("/");
  for (let count = parts.length; count > 0; count -= 1) {
    if (parts[count - 1] === "node_modules") continue;
    const folder = `${parts.slice(0, count).join("/")}/node_modules/${fromText(name)}`;
    if (entryAt(files, folder)?.kind === "dir") return folder;
  }
  return undefined;
}
