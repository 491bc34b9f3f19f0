/** Bases that a build assembles where it would pull: "distroless:RECIPE[:VARIANT]", and images that a pattern means. */
import { dirname, join, resolve } from "node:path";
import { usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Platform } from "../oci/index.ts";
import type { ProjectFile } from "./project-file.ts";
import type { Session } from "../context/index.ts";
import { checkPattern, matchesPattern } from "./image-pattern.ts";
import type { DescribedBase, StandIn } from "./types.ts";

/** What begins the name of a base where an image is named. */
export const DISTROLESS = "distroless:";

/** Options of a build that decide which bases are assembled, and how. */
export interface StandInOptions {
  /** Patterns besides those of the project file. */
  readonly assemble?: readonly string[] | undefined;
  readonly project: ProjectFile | undefined;
  readonly cwd: string;
  /** The context's folder and that of the Dockerfile, where they are folders of this machine. */
  readonly folders?: readonly string[] | undefined;
  /** Every base must have a lock. */
  readonly locked?: boolean | undefined;
  /** Files of locks that count before all others, by "RECIPE[:VARIANT]". */
  readonly lockFiles?: ReadonlyMap<string, string> | undefined;
}

/** The bases of one build. */
export interface StandIns {
  /** "distroless:…" for an image that is to be assembled; undefined for one that is pulled. Throws `RECIPE`, `REFERENCE`. */
  nameFor(image: string, emit: Emit): Promise<string | undefined>;
  /** What "distroless:RECIPE[:VARIANT]" will be, without assembling it: nothing is fetched. Throws `RECIPE`, `RECIPE_LOCK`. */
  describe(name: string, platform: Platform): Promise<DescribedBase>;
  /** Assembles "distroless:RECIPE[:VARIANT]". Throws as `buildBase`. */
  assemble(
    name: string,
    run: { readonly platform: Platform; readonly emit: Emit; readonly signal: AbortSignal; readonly vertex: string },
  ): Promise<StandIn>;
}

/** Throws `USAGE` for a pattern that is none. */
export function standIns(session: Session, options: StandInOptions): StandIns {
  const { project, cwd, folders = [] } = options;
  for (const pattern of options.assemble ?? []) {
    const fault = checkPattern(pattern);
    if (fault !== undefined) throw usageError(`Cannot use --assemble "${pattern}": ${fault}`);
  }
  const within = [...folders, ...(project?.within === undefined ? [] : [project.within])];
  const patterns = [...(options.assemble ?? []), ...(project?.assemble ?? [])];
  const places = { cwd, folders, within, locked: options.locked, lockFiles: options.lockFiles };
  return {
    async nameFor(image, emit) {
      if (!patterns.some((pattern) => matchesPattern(pattern, image))) return undefined;
      const { standInFor } = await import("./stand-in-bases.ts");
      const base = await standInFor(image);
      if (base !== undefined) return `${DISTROLESS}${base}`;
      const why = image.includes("@") ? "digest" : "commit";
      emit({ type: "warning", code: "PinnedImageNotAssembled", message: `${image} is pinned by its ${why}: it is pulled, not assembled` });
      return undefined;
    },
    async describe(name, platform) {
      const { describeStandIn } = await import("./stand-in-bases.ts");
      return await describeStandIn(name.slice(DISTROLESS.length), platform, places);
    },
    async assemble(name, run) {
      const { assembleStandIn } = await import("./stand-in-bases.ts");
      return await assembleStandIn(session, name.slice(DISTROLESS.length), places, { ...run, debian: project?.debian ?? {} });
    },
  };
}

/** The folder of a Dockerfile that is a file of this machine. */
export function foldersOf(context: string | undefined, dockerfile: string): string[] {
  if (context === undefined) return [];
  return [...new Set([dirname(resolve(dockerfile)), join(context)])];
}
