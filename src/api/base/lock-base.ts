/** `lockBase`: the exact packages of a recipe, written beside it; what changes is told. */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  formatLock,
  isRecipeFile,
  type Lock,
  type LockedArchitecture,
  loadRecipe,
  lockRecipe,
  type NewerPackage,
  packageChangelogs,
  parseBaseName,
} from "../../distroless/index.ts";
import { checkOutputFile, checkOutputFolder, writeOutputFile } from "../../image/index.ts";
import { isDecantError } from "../../errors.ts";
import { step } from "../../step.ts";
import { type FilePlace, makeFolders, pathOfPlace } from "../../sys/index.ts";
import { startRun } from "../run-handle.ts";
import { openSession } from "../../context/index.ts";
import { given } from "../../given.ts";
import type { Run } from "../types.ts";
import { differenceOf, lockedFacts } from "./difference.ts";
import { archiveAccess, lockMissing, lockPlaceOf, readLock } from "../../project/index.ts";
import type { BaseDifference, BaseOptions, LockBaseResult } from "./types.ts";
import { workingDirectory } from "../../working-directory.ts";
import { flag, maybe } from "../options/kinds.ts";
import { type Shape, shapeOf } from "../options/shape.ts";
import { BASE } from "../options/bases.ts";

/** Options of `lockBase`. */
export interface LockBaseOptions extends BaseOptions {
  /** Default true. */
  readonly write?: boolean | undefined;
  /** There must be a lock already. Default false. */
  readonly update?: boolean | undefined;
  /** Fetch packages that are newer than before, and give what their changelogs say. Default false. */
  readonly changelogs?: boolean | undefined;
}

const OPTIONS: Shape = shapeOf<LockBaseOptions>("lockBase", {
  ...BASE,
  write: maybe(flag),
  update: maybe(flag),
  changelogs: maybe(flag),
});

/**
 * Resolves a recipe with all its variants and architectures, and writes its lock. With `write: false` it only tells what would change; with
 * `update: true` there must be a lock already. Throws `RECIPE`, `RECIPE_LOCK`, `EXPORT`, the `DEBIAN_…` codes.
 */
export function lockBase(options: LockBaseOptions): Run<LockBaseResult> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    await using session = await openSession(options);
    const cwd = options.cwd ?? workingDirectory();
    const name = parseBaseName(options.base);
    const recipe = await loadRecipe(isRecipeFile(name.recipe) ? resolve(cwd, name.recipe) : name.recipe);
    const place = lockPlaceOf(name, { cwd, ...given({ lockFile: options.lockFile }) });
    const file = pathOfPlace(place);
    if (options.write !== false) await checkLockFile(file, signal);
    const before = await lockBefore(place, options.update ?? false, name.recipe);
    const vertex = `lock ${recipe.name}`;
    const { after, changelogs } = await step(emit, { vertex, name: `locking ${recipe.name}` }, signal, async () => {
      const access = archiveAccess(options, session, { emit, signal, vertex });
      const locked = await lockRecipe(session.store, recipe, access);
      if (options.changelogs !== true) return { after: locked, changelogs: undefined };
      return { after: locked, changelogs: await packageChangelogs(session.store, recipe, newerPackages(before, locked), access) };
    });
    const text = formatLock(after);
    const written = options.write !== false && (before === undefined || formatLock(before) !== text);
    if (written) {
      makeFolders(dirname(file));
      await writeOutputFile(file, text, signal);
    }
    return { file, written, changes: changesOf(before, after), ...given({ changelogs }) };
  });
}

/** A lock that cannot be read is replaced, unless it is to be updated. */
async function lockBefore(place: FilePlace, update: boolean, asked: string): Promise<Lock | undefined> {
  try {
    const lock = await readLock(place);
    if (lock !== undefined || !update) return lock;
  } catch (error) {
    if (update || !isDecantError(error, "RECIPE_LOCK")) throw error;
    return undefined;
  }
  throw lockMissing(pathOfPlace(place), asked);
}

function changesOf(before: Lock | undefined, after: Lock): Readonly<Record<string, BaseDifference>> {
  return Object.fromEntries(
    Object.entries(after.architectures).map(([architecture, locked]) => {
      const old =
        before !== undefined && Object.hasOwn(before.architectures, architecture) ? before.architectures[architecture] : undefined;
      return [architecture, differenceOf(lockedFacts(old), lockedFacts(locked))];
    }),
  );
}

/** Packages with another version than before, of any architecture, each once. */
function newerPackages(before: Lock | undefined, after: Lock): NewerPackage[] {
  const newer = new Map<string, NewerPackage>();
  for (const [architecture, { packages }] of Object.entries(after.architectures)) {
    const old = lockedBefore(before, architecture)?.packages ?? [];
    for (const binary of packages) {
      const since = old.find((one) => one.name === binary.name)?.version;
      if (since !== undefined && since !== binary.version && !newer.has(binary.name)) newer.set(binary.name, { binary, since });
    }
  }
  return [...newer.values()];
}

function lockedBefore(before: Lock | undefined, architecture: string): LockedArchitecture | undefined {
  return before !== undefined && Object.hasOwn(before.architectures, architecture) ? before.architectures[architecture] : undefined;
}

/** Told before the archive is asked. */
async function checkLockFile(file: string, signal: AbortSignal): Promise<void> {
  if (existsSync(dirname(file))) await checkOutputFile(file, signal);
  else await checkOutputFolder(dirname(file));
}
