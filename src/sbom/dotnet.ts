/** .NET packages: NAME.deps.json beside a program or in a shared framework (runtime configuration files of the .NET SDK). */
import * as v from "valibot";
import { parseJson } from "../facts/index.ts";
import { baseName, cleanTreePath, compareTreePaths, fromText, parentOf, type TreePath } from "../paths.ts";
import { formatPurl } from "../purl.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { InventoryPackage, UnreadRecord } from "./types.ts";

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_PACKAGES = 20_000;
const KEY = /^([A-Za-z0-9_][\w.-]*)\/([0-9A-Za-z][\w.+-]*)$/;
const RUNTIME_PACK = "runtimepack.";
const assets = v.optional(v.record(v.string(), v.unknown()));
const targetSchema = v.object({
  dependencies: v.optional(v.record(v.string(), v.unknown())),
  runtime: assets,
  native: assets,
  resources: assets,
  runtimeTargets: assets,
});
const recordSchema = v.object({
  runtimeTarget: v.optional(v.union([v.string(), v.object({ name: v.string() })])),
  targets: v.optional(v.record(v.string(), v.record(v.string(), v.unknown()))),
  libraries: v.record(v.string(), v.object({ type: v.string() })),
});

/** Reads one record. Damaged ones go to `unread`. The project itself is in it, too: as a package that no package manager knows. */
export async function readDotnet(files: TreeFiles, location: TreePath, unread: UnreadRecord[]): Promise<readonly InventoryPackage[]> {
  const bytes = await files.read(location, MAX_BYTES, unread);
  if (bytes === undefined) return [];
  const parsed = v.safeParse(recordSchema, parseJson(bytes));
  if (!parsed.success) {
    unread.push({ path: location, why: "it is no list of .NET libraries" });
    return [];
  }
  const { libraries, targets = {}, runtimeTarget } = parsed.output;
  const wanted = typeof runtimeTarget === "string" ? runtimeTarget : runtimeTarget?.name;
  const target = (wanted !== undefined && Object.hasOwn(targets, wanted) ? targets[wanted] : undefined) ?? Object.values(targets)[0] ?? {};
  const all = Object.entries(libraries);
  if (all.length > MAX_PACKAGES) unread.push({ path: location, why: `there are more than ${MAX_PACKAGES} libraries` });
  const wrong = all.slice(0, MAX_PACKAGES).find(([key]) => !KEY.test(key));
  if (wrong !== undefined) unread.push({ path: location, why: `the library "${wrong[0].slice(0, 100)}" has no usable name or version` });
  return all.slice(0, MAX_PACKAGES).flatMap(([key, { type }]) => {
    const [, name, version] = KEY.exec(key) ?? [];
    if (name === undefined || version === undefined) return [];
    // Assemblies of the project's own.
    if (type === "reference") return [];
    const uses = v.safeParse(targetSchema, Object.hasOwn(target, key) ? target[key] : {});
    return [dotnetPackage(files, location, { name, version, type }, uses.success ? uses.output : {})];
  });
}

function dotnetPackage(
  files: TreeFiles,
  location: TreePath,
  { name, version, type }: { readonly name: string; readonly version: string; readonly type: string },
  uses: v.InferOutput<typeof targetSchema>,
): InventoryPackage {
  const isProject = type === "project";
  const own = name.startsWith(RUNTIME_PACK) ? name.slice(RUNTIME_PACK.length) : name;
  return {
    kind: isProject ? "generic" : "nuget",
    name: own,
    version,
    purl: formatPurl({ type: isProject ? "generic" : "nuget", name: own, version }),
    licences: [],
    files: libraryFiles(files, location, uses),
    location,
    requires: Object.keys(uses.dependencies ?? {}).map((one) => [one.startsWith(RUNTIME_PACK) ? one.slice(RUNTIME_PACK.length) : one]),
    provides: [],
  };
}

/** Files for one platform are laid out flat; those for several, and translations, in folders. */
function libraryFiles(files: TreeFiles, location: TreePath, uses: v.InferOutput<typeof targetSchema>): readonly TreePath[] {
  const folder = parentOf(location);
  const flat = [...Object.keys(uses.runtime ?? {}), ...Object.keys(uses.native ?? {})].map((path) =>
    baseName(cleanTreePath(fromText(path))),
  );
  const translations = Object.keys(uses.resources ?? {}).map((path) => fromText(path.split("/").slice(-2).join("/")));
  const paths = [...flat, ...translations, ...Object.keys(uses.runtimeTargets ?? {}).map((path) => fromText(path))];
  const found = paths.flatMap((path) => {
    const entry = files.locate(cleanTreePath(`${folder}/${path}`));
    return entry === undefined || entry.kind === "dir" ? [] : [entry.path];
  });
  return [...new Set(found)].toSorted(compareTreePaths);
}
