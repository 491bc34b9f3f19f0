/** Bases in place of images: "RECIPE[:VARIANT]", described or assembled. Loaded by builds that have one. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { sha256 } from "../digest.ts";
import {
  baseConfig,
  baseOfImage,
  formatStandIn,
  isRecipeFile,
  listRecipes,
  lockOf,
  parseStandIn,
  type StandInName,
  withVariant,
} from "../distroless/index.ts";
import type { Session } from "../context/index.ts";
import { given } from "../given.ts";
import type { Platform } from "../oci/index.ts";
import { layerSource } from "../tree/index.ts";
import { assembleOpened, type AssembleRun } from "./assembled.ts";
import { baseMaterials } from "./base-materials.ts";
import { openBase, type OpenedBase } from "./open-base.ts";
import type { DebianSettings, DescribedBase, StandIn } from "./types.ts";

/** Packages that have a /bin/sh, or what one starts. */
const SHELL_PACKAGES = ["bash", "busybox", "busybox-static", "dash"];

/** Where recipes and their locks are looked for. */
interface RecipePlaces {
  readonly cwd: string;
  /** The context's folder and that of the Dockerfile, where they are folders of this machine. */
  readonly folders: readonly string[];
  /** Folders that recipes and locks in them may not lead out of. */
  readonly within: readonly string[];
  /** Every base must have a lock. */
  readonly locked: boolean | undefined;
  /** Files of locks that count before all others, by "RECIPE[:VARIANT]". */
  readonly lockFiles: ReadonlyMap<string, string> | undefined;
}

/** The name of the base that stands in for an image; undefined for one that is pinned. */
export async function standInFor(image: string): Promise<string | undefined> {
  const base = baseOfImage(image, await listRecipes());
  return base === undefined ? undefined : formatStandIn(base);
}

/** What a base will be: nothing is fetched. Throws `RECIPE`, `RECIPE_LOCK`. */
export async function describeStandIn(name: string, wanted: Platform, places: RecipePlaces): Promise<DescribedBase> {
  const standIn = parseStandIn(name);
  const { recipe, variant } = await openStandIn(standIn, places);
  const base = withVariant(recipe, variant);
  const packages = base.levels.flatMap((level) => level.packages);
  return {
    config: baseConfig(base, platformOf(standIn, wanted), []),
    hasShell: base.busybox !== undefined || SHELL_PACKAGES.some((shell) => packages.includes(shell)),
  };
}

/** Assembles a base. Throws as `buildBase`. */
export async function assembleStandIn(
  session: Session,
  name: string,
  places: RecipePlaces,
  { debian, ...run }: AssembleRun & { readonly debian: DebianSettings },
): Promise<StandIn> {
  const standIn = parseStandIn(name);
  const opened = await openStandIn(standIn, places);
  const platform = platformOf(standIn, run.platform);
  const { config, layers, report } = await assembleOpened(session, opened, debian, { ...run, platform });
  return {
    identifier: `docker-image://distroless/${opened.recipe.name}@${sha256(JSON.stringify(config))}`,
    config,
    layers: layers.map((layer) => layerSource(layer)),
    materials: baseMaterials(report),
    lock: lockOf(opened.recipe, platform.architecture, report),
  };
}

async function openStandIn({ architecture: _architecture, ...base }: StandInName, places: RecipePlaces): Promise<OpenedBase> {
  const { cwd, folders, within, locked } = places;
  const lockFile = places.lockFiles?.get(formatStandIn(base));
  return await openBase(formatStandIn({ ...base, recipe: recipePath(base.recipe, [cwd, ...folders]) }), {
    cwd,
    lockFolders: [...folders, cwd],
    within,
    ...given({ locked, lockFile }),
  });
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
