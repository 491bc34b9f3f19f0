/** A base by its name: the recipe, and the lock that belongs to it. */
import { basename, dirname, join, resolve } from "node:path";
import type { ArchiveAccess, Lock } from "../distroless/index.ts";
import { type BaseName, checkDrift, isRecipeFile, loadRecipe, parseBaseName, parseLock, type Recipe } from "../distroless/index.ts";
import { DecantError, usageError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { checkNamedFile, type FilePlace, pathOfPlace, placeWithin, readNamedFile } from "../sys/index.ts";
import type { Session } from "../context/index.ts";
import { given } from "../given.ts";
import type { DebianSettings } from "./types.ts";

/** A recipe with its lock, if it has one. */
export interface OpenedBase {
  readonly recipe: Recipe;
  readonly variant?: string;
  /** Where the lock is, or would be. Absolute. */
  readonly lockFile: string;
  readonly lock?: { readonly file: string; readonly lock: Lock };
}

const MAX_LOCK_BYTES = 64 * 1024 * 1024;

/** Where a base is looked for. */
interface BasePlace {
  /** For relative recipes. */
  readonly cwd: string;
  /** Where else a lock may be, besides the folder of the recipe's file: the first that has one. Default: `cwd` for the catalogue. */
  readonly lockFolders?: readonly string[];
  readonly lockFile?: string;
  /** Folders that are not the user's own: recipes and locks in one of them stay in it, whatever their links say. Default: none. */
  readonly within?: readonly string[];
  /** A lock must be there. */
  readonly locked?: boolean;
}

/** Opens "nodejs22-debian13:nonroot" or "./my-base.yaml". Throws `RECIPE`, `RECIPE_LOCK`. */
export async function openBase(base: string, place: BasePlace): Promise<OpenedBase> {
  const name = parseBaseName(base);
  const recipe = await loadRecipe(isRecipeFile(name.recipe) ? resolve(place.cwd, name.recipe) : name.recipe, { within: place.within });
  const lockPlace = lockPlaceOf(name, place);
  const lockFile = pathOfPlace(lockPlace);
  const lock = await readLock(lockPlace);
  if (lock === undefined && (place.locked === true || place.lockFile !== undefined)) throw lockMissing(lockFile, name.recipe);
  if (lock !== undefined)
    checkDrift(lock, recipe, lockFile, place.lockFile === undefined ? name.recipe : `--lock-file ${place.lockFile} ${name.recipe}`);
  return {
    recipe,
    lockFile,
    ...given({ variant: name.variant }),
    ...(lock === undefined ? {} : { lock: { file: lockFile, lock } }),
  };
}

/** Where the lock of a base is, or would be: one for all its variants. */
export function lockPlaceOf({ recipe }: BaseName, { cwd, lockFolders, lockFile, within = [] }: BasePlace): FilePlace {
  if (lockFile !== undefined) return { path: resolve(cwd, lockFile) };
  const name = `${basename(recipe).replace(/\.ya?ml$/, "")}.lock.json`;
  const beside = isRecipeFile(recipe) ? [dirname(resolve(cwd, recipe))] : [];
  const places = [...beside, ...(lockFolders ?? (beside.length === 0 ? [cwd] : []))].map(
    (folder) => placeWithin(join(folder, name), within) ?? { path: name, within: folder },
  );
  return places.find((place) => checkNamedFile(place)?.isMissing !== true) ?? places[0] ?? { path: name, within: cwd };
}

/** Reads a lock file; undefined when there is none. Throws `RECIPE_LOCK`. */
export async function readLock(place: FilePlace): Promise<Lock | undefined> {
  const file = pathOfPlace(place);
  const read = await readNamedFile(place, { maxBytes: MAX_LOCK_BYTES });
  if ("bytes" in read) return parseLock(read.bytes.toString("utf8"), file);
  if (read.isMissing) return undefined;
  throw new DecantError("RECIPE_LOCK", `Cannot use lock "${file}": ${read.problem}`);
}

/** The options of the distroless room from those of the API. Throws `USAGE` for a mirror that is no URL. */
export function archiveAccess(
  options: DebianSettings,
  session: Session,
  run: { readonly emit: Emit; readonly signal: AbortSignal; readonly vertex?: string },
): ArchiveAccess {
  const { mirror, securityMirror, snapshot, keyring, offline, acceptExpired } = options;
  for (const url of [mirror, securityMirror])
    if (url !== undefined && !/^https?:\/\/[^/]/i.test(url))
      throw usageError(`Cannot use the mirror "${url}": it is no http or https address; wanted one such as http://deb.debian.org/debian`);
  return {
    env: session.env,
    network: session.network,
    ...run,
    mirrors: {
      ...given({ debian: mirror, security: securityMirror, snapshot }),
    },
    ...given({ keyring, offline, acceptExpired }),
  };
}

/** The error of a lock that is wanted and not there. */
export function lockMissing(file: string, base = "RECIPE"): DecantError {
  return new DecantError("RECIPE_LOCK", `Cannot use lock "${file}": there is no such file`, { hint: `Run: decant base lock ${base}` });
}
