/**
 * Which packages of a node_modules only development needs: as npm's lock says (`dev`), else what devDependencies name and no other dependency
 * leads to.
 */
import * as v from "valibot";
import { fromText, joinTreePath, type TreePath, toText } from "../paths.ts";
import type { AuditFiles } from "./types.ts";

/** What was found in one folder with node_modules. */
export interface DevPackages {
  /** The folder of each, "app/node_modules/typescript", sorted. */
  readonly folders: readonly TreePath[];
  /** What said so: a lock, or package.json. */
  readonly source: TreePath;
}

const MAX_LOCK_BYTES = 32 * 1024 * 1024;
const MAX_MANIFEST_BYTES = 1024 * 1024;
/** More packages than any program has. */
const MAX_PACKAGES = 20_000;
const NODE_MODULES = "node_modules";

const Lock = v.object({
  packages: v.record(v.string(), v.object({ dev: v.optional(v.boolean()), devOptional: v.optional(v.boolean()) })),
});
const Names = v.optional(v.record(v.string(), v.unknown()), {});
const Manifest = v.object({ dependencies: Names, devDependencies: Names, optionalDependencies: Names, peerDependencies: Names });
type Manifest = v.InferOutput<typeof Manifest>;

/** Looks at the node_modules of `folder`. Undefined where nothing tells what development needs. */
export async function devPackages(folder: TreePath, files: AuditFiles): Promise<DevPackages | undefined> {
  return (await fromLock(folder, files)) ?? (await fromManifest(folder, files));
}

/** npm writes a lock of what it installed into node_modules; the project's own lock may name more than is there. */
async function fromLock(folder: TreePath, files: AuditFiles): Promise<DevPackages | undefined> {
  for (const name of [`${NODE_MODULES}/.package-lock.json`, "package-lock.json", "npm-shrinkwrap.json"]) {
    const source = joinTreePath(folder, name);
    const lock = v.safeParse(Lock, await readJson(source, MAX_LOCK_BYTES, files));
    if (!lock.success) continue;
    const folders = Object.entries(lock.output.packages).flatMap(([place, { dev = false, devOptional = false }]) => {
      const path = joinTreePath(folder, fromText(place));
      return (dev || devOptional) && place.startsWith(`${NODE_MODULES}/`) && files.resolve(path)?.kind === "dir" ? [path] : [];
    });
    return { folders: folders.toSorted(), source };
  }
  return undefined;
}

async function fromManifest(folder: TreePath, files: AuditFiles): Promise<DevPackages | undefined> {
  const source = joinTreePath(folder, "package.json");
  const manifest = await readManifest(source, files);
  if (manifest === undefined) return undefined;
  const needed = await reachable(folder, manifest, files);
  const folders = Object.keys(manifest.devDependencies)
    .filter((name) => isPackageName(name) && !needed.has(name))
    .map((name) => packageFolder(folder, name))
    .filter((path) => files.resolve(path)?.kind === "dir");
  return { folders: folders.toSorted(), source };
}

/** Names of the packages that the program itself needs, as far as they are directly in node_modules. */
async function reachable(folder: TreePath, manifest: Manifest, files: AuditFiles): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const queue = needsOf(manifest);
  for (let name = queue.pop(); name !== undefined && found.size < MAX_PACKAGES; name = queue.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    const own = await readManifest(joinTreePath(packageFolder(folder, name), "package.json"), files);
    if (own !== undefined) queue.push(...needsOf(own));
  }
  return found;
}

function needsOf({ dependencies, optionalDependencies, peerDependencies }: Manifest): string[] {
  return [dependencies, optionalDependencies, peerDependencies].flatMap((names) => Object.keys(names)).filter(isPackageName);
}

/** A name from a stranger's file becomes a path. */
function isPackageName(name: string): boolean {
  return /^(?:@[^/@\0]+\/)?[^/@\0.][^/\0]*$/.test(name);
}

function packageFolder(folder: TreePath, name: string): TreePath {
  return joinTreePath(folder, fromText(`${NODE_MODULES}/${name}`));
}

async function readManifest(path: TreePath, files: AuditFiles): Promise<Manifest | undefined> {
  const parsed = v.safeParse(Manifest, await readJson(path, MAX_MANIFEST_BYTES, files));
  return parsed.success ? parsed.output : undefined;
}

async function readJson(path: TreePath, maxBytes: number, files: AuditFiles): Promise<unknown> {
  const entry = files.resolve(path);
  const bytes = entry === undefined ? undefined : await files.read(entry, maxBytes);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** "typescript", "@types/node": the package of a folder in node_modules. */
export function packageNameOf(folder: TreePath): string {
  return toText(folder.slice(folder.lastIndexOf(`${NODE_MODULES}/`) + NODE_MODULES.length + 1));
}
