/**
 * Where mounts go, and the mount points that the image lacks (rule S104). Missing ones are put into a layer of their own, on top of the
 * image's and below the step's changes, so there is nothing to clean up afterwards: what the step does not use never reaches its
 * layer, and no directory's time changes. Directories on the way repeat the image's metadata, because the topmost layer's counts.
 */
import { displayPath, isWithin, parentOf, ROOT, type TreePath, treePath } from "../../paths.ts";
import { resolvePath, type Tree } from "../../tree/index.ts";
import type { FileTime } from "../../sys/index.ts";
import { mountConflict } from "./errors.ts";

/** A path of the layer of mount points. */
export interface StubEntry {
  readonly path: TreePath;
  readonly kind: "dir" | "file";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly time: FileTime;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** What `planMounts` found. */
interface MountPlan {
  /** For each target, in order: the path without symlinks. */
  readonly destinations: readonly TreePath[];
  /** Parents first. */
  readonly stubs: readonly StubEntry[];
}

/** Resolves targets in `root` and plans their mount points, dated `now`. Throws `RUNTIME` for a target that cannot be one. */
export function planMounts(
  root: Tree,
  targets: readonly { readonly target: string; readonly isFile: boolean }[],
  now: FileTime,
): MountPlan {
  const destinations: TreePath[] = [];
  const stubs = new Map<TreePath, StubEntry>();
  for (const { target, isFile } of targets) {
    const { path, entry } = resolvePath(root, treePath(target), { followLast: true });
    if (path === ROOT) throw mountConflict(target, "it is the root of the image; wanted a path below it");
    // Below another mount, the image's files are hidden.
    const hidden = destinations.some((destination) => isWithin(path, destination));
    destinations.push(path);
    if (hidden) continue;
    if (entry === undefined) addStub({ root, stubs, now }, path, isFile ? "file" : "dir");
    else if ((entry.kind === "dir") === isFile) {
      const [has, wants] = isFile ? ["a directory", "a file"] : ["not a directory", "a directory"];
      throw mountConflict(target, `${displayPath(path)} is ${has} in the image; the mount is ${wants}`);
    }
  }
  return { destinations, stubs: [...stubs.values()] };
}

interface Planning {
  readonly root: Tree;
  readonly stubs: Map<TreePath, StubEntry>;
  readonly now: FileTime;
}

function addStub(plan: Planning, path: TreePath, kind: "dir" | "file"): void {
  const { root, stubs, now } = plan;
  if (stubs.has(path)) return;
  const parent = parentOf(path);
  if (parent !== ROOT) addStub(plan, parent, "dir");
  const entry = root.lookup(path);
  stubs.set(path, {
    path,
    kind,
    mode: entry?.mode ?? (kind === "dir" ? 0o755 : 0o644),
    uid: entry?.uid ?? 0,
    gid: entry?.gid ?? 0,
    time: entry === undefined ? now : { sec: entry.mtimeSec, nsec: entry.mtimeNsec },
    xattrs: entry?.xattrs ?? new Map<string, Uint8Array>(),
  });
}

/** Directories to make so that `path` exists, outermost first. */
export function missingDirectories(root: Tree, path: TreePath): TreePath[] {
  const missing: TreePath[] = [];
  for (let at = path; at !== ROOT && root.lookup(at) === undefined; at = parentOf(at)) missing.unshift(at);
  return missing;
}
