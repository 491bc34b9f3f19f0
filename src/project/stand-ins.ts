/** Bases that a build assembles where it would pull: "distroless:RECIPE[:VARIANT]", and images that a pattern means. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { sha256 } from "../digest.ts";
import {
  baseConfig,
  baseOfImage,
  formatStandIn,
  isRecipeFile,
  listRecipes,
  parseStandIn,
  type StandInName,
  withVariant,
} from "../distroless/index.ts";
import type { Material } from "../engine/index.ts";
import { usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { given } from "../given.ts";
import type { ImageConfig, Platform } from "../oci/index.ts";
import { layerSource, type LayerSource } from "../tree/index.ts";
import type { ProjectFile } from "./project-file.ts";
import type { Session } from "../context/index.ts";
import { assembleOpened } from "./assembled.ts";
import { baseMaterials } from "./base-materials.ts";
import { checkPattern, matchesPattern } from "./image-pattern.ts";
import { openBase, type OpenedBase } from "./open-base.ts";

/** What begins the name of a base where an image is named. */
export const DISTROLESS = "distroless:";

/** Packages that have a /bin/sh, or what one starts. */
const SHELL_PACKAGES = ["bash", "busybox", "busybox-static", "dash"];

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
}

/** A base for the build. */
interface StandIn {
  readonly identifier: string;
  readonly config: ImageConfig;
  readonly layers: readonly LayerSource[];
  /** Its packages. */
  readonly materials: readonly Material[];
}

/** What the recipe of a base says. */
export interface DescribedBase {
  /** Without layers. */
  readonly config: ImageConfig;
  readonly hasShell: boolean;
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
  const open = async ({ architecture: _architecture, ...base }: StandInName): Promise<OpenedBase> => {
    return await openBase(formatStandIn({ ...base, recipe: recipePath(base.recipe, [cwd, ...folders]) }), {
      cwd,
      lockFolders: [...folders, cwd],
      within,
      ...given({ locked: options.locked }),
    });
  };
  return {
    async nameFor(image, emit) {
      if (!patterns.some((pattern) => matchesPattern(pattern, image))) return undefined;
      const base = baseOfImage(image, await listRecipes());
      if (base !== undefined) return `${DISTROLESS}${formatStandIn(base)}`;
      const why = image.includes("@") ? "digest" : "commit";
      emit({ type: "warning", code: "PinnedImageNotAssembled", message: `${image} is pinned by its ${why}: it is pulled, not assembled` });
      return undefined;
    },
    async describe(name, wanted) {
      const standIn = parseStandIn(name.slice(DISTROLESS.length));
      const platform = platformOf(standIn, wanted);
      const { recipe, variant } = await open(standIn);
      const base = withVariant(recipe, variant);
      const packages = base.levels.flatMap((level) => level.packages);
      return {
        config: baseConfig(base, platform, []),
        hasShell: base.busybox !== undefined || SHELL_PACKAGES.some((shell) => packages.includes(shell)),
      };
    },
    async assemble(name, run) {
      const standIn = parseStandIn(name.slice(DISTROLESS.length));
      const opened = await open(standIn);
      const platform = platformOf(standIn, run.platform);
      const { config, layers, report } = await assembleOpened(session, opened, project?.debian ?? {}, { ...run, platform });
      return {
        identifier: `docker-image://distroless/${opened.recipe.name}@${sha256(JSON.stringify(config))}`,
        config,
        layers: layers.map((layer) => layerSource(layer)),
        materials: baseMaterials(report),
      };
    },
  };
}

/** A recipe's file is looked for in the working directory, then in the context. */
function recipePath(recipe: string, folders: readonly string[]): string {
  if (!isRecipeFile(recipe)) return recipe;
  const paths = folders.map((folder) => resolve(folder, recipe));
  return paths.find((path) => existsSync(path)) ?? paths[0] ?? recipe;
}

/** An image whose tag names an architecture is of that one, whatever is built for. */
function platformOf({ architecture }: StandInName, wanted: Platform): Platform {
  return architecture === undefined || architecture === wanted.architecture ? wanted : { os: "linux", architecture };
}

/** The folder of a Dockerfile that is a file of this machine. */
export function foldersOf(context: string | undefined, dockerfile: string): string[] {
  if (context === undefined) return [];
  return [...new Set([dirname(resolve(dockerfile)), join(context)])];
}
