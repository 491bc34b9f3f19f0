/** Whether the kernel mounts overlays as steps need them, for `decant doctor`. Synchronous, as all work on the mounts. */
import { mkdirSync, rmdirSync, rmSync } from "node:fs";
import { isDecantError } from "../../errors.ts";
import { makeFolders, mountOverlay, unmount } from "../../sys/index.ts";

/** Where an overlay is tried. All are new; the folders above `lower` and `target` exist. */
export interface LayersPlace {
  /** Takes the part of a layer. */
  readonly lower: string;
  /** For what a step changes. */
  readonly work: string;
  /** In the private directory, which is in memory. */
  readonly target: string;
}

/** What the kernel said. */
export interface LayersTrial {
  /** Absent: the overlay works. */
  readonly refusal?: string;
  /** With all of it in memory it works, so the file system of the store is what the kernel refuses. */
  readonly worksInMemory?: boolean;
}

/** Tries an overlay at the place of those of steps, and where that fails, one in memory. Leaves nothing. */
export function tryLayers({ lower, work, target }: LayersPlace, userXattr: boolean): LayersTrial {
  const refusal = refusalOf({ lower, work, target }, userXattr);
  if (refusal === undefined) return {};
  const inMemory = { lower: `${target}-lower`, work: `${target}-work`, target };
  return { refusal, worksInMemory: refusalOf(inMemory, userXattr) === undefined };
}

function refusalOf({ lower, work, target }: LayersPlace, userXattr: boolean): string | undefined {
  const changes = { upper: `${work}/upper`, work: `${work}/work` };
  try {
    for (const folder of [lower, changes.upper, changes.work, target]) makeFolders(folder, { mode: 0o755 });
    mountOverlay({ target, lowers: [lower], changes, userXattr, names: `${target}-names` });
    // What overlayfs lists as supported may still fail at the first change.
    mkdirSync(`${target}/change`);
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  } finally {
    unmountIfMounted(target);
    for (const folder of [lower, work]) rmSync(folder, { recursive: true, force: true });
    rmdirSync(target);
  }
}

function unmountIfMounted(target: string): void {
  try {
    unmount(target);
  } catch (error) {
    if (!isDecantError(error, "SYSCALL")) throw error;
  }
}
