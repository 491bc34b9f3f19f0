/** `lockBase`: the exact packages of a recipe, written beside it; what changes is told. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { formatLock, isRecipeFile, type Lock, loadRecipe, lockRecipe, parseBaseName } from "../../distroless/index.ts";
import { isDecantError } from "../../errors.ts";
import { startRun } from "../run-handle.ts";
import { openSession } from "../session.ts";
import type { Run } from "../types.ts";
import { differenceOf, lockedFacts } from "./difference.ts";
import { archiveAccess, lockFileOf, lockMissing, readLock } from "./open-base.ts";
import type { BaseDifference, BaseOptions, LockBaseResult } from "./types.ts";

/**
 * Resolves a recipe with all its variants and architectures, and writes its lock. With `write: false` it only tells what would change; with
 * `update: true` there must be a lock already. Throws `RECIPE`, `RECIPE_LOCK`, the `DEBIAN_…` codes.
 */
export function lockBase(options: BaseOptions & { readonly write?: boolean; readonly update?: boolean }): Run<LockBaseResult> {
  return startRun(options.signal, async (emit, signal) => {
    await using session = await openSession(options);
    const cwd = options.cwd ?? process.cwd();
    const name = parseBaseName(options.base);
    const recipe = await loadRecipe(isRecipeFile(name.recipe) ? resolve(cwd, name.recipe) : name.recipe);
    const file = lockFileOf(name, { cwd, ...(options.lockFile === undefined ? {} : { lockFile: options.lockFile }) });
    const before = await lockBefore(file, options.update ?? false);
    const vertex = `lock ${recipe.name}`;
    const startedAt = Date.now();
    emit({ type: "vertex.planned", vertex, name: `locking ${recipe.name}` });
    emit({ type: "vertex.started", vertex });
    const after = await lockRecipe(session.store, recipe, archiveAccess(options, session, { emit, signal, vertex }));
    emit({ type: "vertex.done", vertex, durationMs: Date.now() - startedAt });
    const text = formatLock(after);
    const written = options.write !== false && (before === undefined || formatLock(before) !== text);
    if (written) await replaceFile(file, text);
    return { file, written, changes: changesOf(before, after) };
  });
}

/** A lock that cannot be read is replaced, unless it is to be updated. */
async function lockBefore(file: string, update: boolean): Promise<Lock | undefined> {
  try {
    const lock = await readLock(file);
    if (lock !== undefined || !update) return lock;
  } catch (error) {
    if (update || !isDecantError(error, "RECIPE_LOCK")) throw error;
    return undefined;
  }
  throw lockMissing(file);
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

/** Another process sees the old file or the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, text);
  await rename(partial, file);
}
