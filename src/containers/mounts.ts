/** What a container sees besides its image: files of the host, memory, and folders of its own. */
import { statSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { SandboxMount } from "../engine/index.ts";
import { errnoOf } from "../errors.ts";
import { given } from "../given.ts";
import { ROOT, treePath } from "../paths.ts";
import { emptyTree, resolvePath, type Tree } from "../tree/index.ts";
import { doubleMount, noMountSource, relativeTarget } from "./errors.ts";
import { fromWorkingDirectory } from "../working-directory.ts";
import type { ContainerMount } from "./types.ts";

/** Where mounts go. */
interface MountedImage {
  readonly root: Tree;
  readonly lowers: readonly string[];
}

/**
 * All mounts: those asked for, and a volume for each VOLUME of the image that nothing else is mounted at. Throws `USAGE` for a relative target or two mounts at one place, and `NOT_FOUND` for a source that is not there.
 */
export async function containerMounts(
  wanted: readonly ContainerMount[],
  options: { readonly image: MountedImage; readonly volumes: readonly string[] },
): Promise<SandboxMount[]> {
  const { image } = options;
  const taken = new Set<string>();
  const asked: SandboxMount[] = [];
  for (const mount of wanted) {
    if (!isAbsolute(mount.target)) throw relativeTarget(mount.target);
    const place = treePath(mount.target);
    if (taken.has(place)) throw doubleMount(mount.target);
    taken.add(place);
    asked.push(await sandboxMount(mount, image));
  }
  const volumes = options.volumes.filter((target) => !taken.has(treePath(target)));
  return [...asked, ...volumes.map((target) => volumeMount(target, image))];
}

async function sandboxMount(mount: ContainerMount, image: MountedImage): Promise<SandboxMount> {
  const { target } = mount;
  switch (mount.kind) {
    case "volume":
      return volumeMount(target, image);
    case "tmpfs": {
      const mode = mount.mode === undefined ? [] : [`mode=${mount.mode.toString(8)}`];
      const options = ["nosuid", "nodev", ...(mount.exec === true ? [] : ["noexec"]), ...mode];
      return { kind: "tmpfs", target, readOnly: mount.readOnly ?? false, options, ...given({ sizeBytes: mount.sizeBytes }) };
    }
    case "bind": {
      const source = await presentPath(fromWorkingDirectory(mount.source), mount.source);
      return { kind: "bind", source, target, readOnly: mount.readOnly ?? false, isFile: !statSync(source).isDirectory() };
    }
    default:
      return mount satisfies never;
  }
}

/** Links are followed now, as the user sees them, and not by the runtime. */
async function presentPath(path: string, named: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR" ? noMountSource(named) : error;
  }
}

/**
 * A directory of its own, which begins as what the image has there; writable in a read-only container too. It goes with the container:
 * `docker run --rm` removes its anonymous volumes as well.
 */
function volumeMount(target: string, { root, lowers }: MountedImage): SandboxMount {
  const { path, entry } = resolvePath(root, treePath(target), { followLast: true });
  const place = { kind: "overlay", target, readOnly: false } as const;
  return entry?.kind === "dir"
    ? { ...place, lowers, tree: root, selector: path }
    : { ...place, lowers: [], tree: emptyTree, selector: ROOT };
}
