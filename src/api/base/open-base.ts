/** A base by its name: the recipe, and the lock that belongs to it. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { ArchiveAccess, Lock } from "../../distroless/index.ts";
import { type BaseName, checkDrift, isRecipeFile, loadRecipe, parseBaseName, parseLock, type Recipe } from "../../distroless/index.ts";
import { DecantError, errnoOf, usageError } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import type { Session } from "../session.ts";
import type { DebianOptions } from "./types.ts";

/** A recipe with its lock, if it has one. */
export interface OpenedBase {
  readonly recipe: Recipe;
  readonly variant?: string;
  /** Where the lock is, or would be. Absolute. */
  readonly lockFile: string;
  readonly lock?: { readonly file: string; readonly lock: Lock };
}

/** Where a base is looked for. */
export interface BasePlace {
  /** For relative recipes. */
  readonly cwd: string;
  /** Where else a lock may be, besides the folder of the recipe's file: the first that has one. Default: `cwd` for the catalogue. */
  readonly lockFolders?: readonly string[];
  readonly lockFile?: string;
  /** A lock must be there. */
  readonly locked?: boolean;
}

/** Opens "nodejs22-debian13:nonroot" or "./my-base.yaml". Throws `RECIPE`, `RECIPE_LOCK`. */
export async function openBase(base: string, place: BasePlace): Promise<OpenedBase> {
  const name = parseBaseName(base);
  const recipe = await loadRecipe(isRecipeFile(name.recipe) ? resolve(place.cwd, name.recipe) : name.recipe);
  const lockFile = lockFileOf(name, place);
  const lock = await readLock(lockFile);
  if (lock === undefined && (place.locked === true || place.lockFile !== undefined)) throw lockMissing(lockFile, name.recipe);
  if (lock !== undefined)
    checkDrift(lock, recipe, lockFile, place.lockFile === undefined ? name.recipe : `--lock-file ${place.lockFile} ${name.recipe}`);
  return {
    recipe,
    lockFile,
    ...(name.variant === undefined ? {} : { variant: name.variant }),
    ...(lock === undefined ? {} : { lock: { file: lockFile, lock } }),
  };
}

/** Where the lock of a base is, or would be: one for all its variants. */
export function lockFileOf({ recipe }: BaseName, { cwd, lockFolders, lockFile }: BasePlace): string {
  if (lockFile !== undefined) return resolve(cwd, lockFile);
  const name = `${basename(recipe).replace(/\.ya?ml$/, "")}.lock.json`;
  const beside = isRecipeFile(recipe) ? [dirname(resolve(cwd, recipe))] : [];
  const places = [...beside, ...(lockFolders ?? (beside.length === 0 ? [cwd] : []))].map((folder) => join(folder, name));
  return places.find((place) => existsSync(place)) ?? places[0] ?? resolve(cwd, name);
}

/** Reads a lock file; undefined when there is none. Throws `RECIPE_LOCK`. */
export async function readLock(file: string): Promise<Lock | undefined> {
  try {
    return parseLock(await readFile(file, "utf8"), file);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** The options of the distroless room from those of the API. Throws `USAGE` for a mirror that is no URL. */
export function archiveAccess(
  options: DebianOptions,
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
      ...(mirror === undefined ? {} : { debian: mirror }),
      ...(securityMirror === undefined ? {} : { security: securityMirror }),
      ...(snapshot === undefined ? {} : { snapshot }),
    },
    ...(keyring === undefined ? {} : { keyring }),
    ...(offline === undefined ? {} : { offline }),
    ...(acceptExpired === undefined ? {} : { acceptExpired }),
  };
}

/** The error of a lock that is wanted and not there. */
export function lockMissing(file: string, base = "RECIPE"): DecantError {
  return new DecantError("RECIPE_LOCK", `Cannot use lock "${file}": there is no such file`, { hint: `Run: decant base lock ${base}` });
}
