/** A folder that is replaced as a whole: made beside the old one, and put in its place at once. Cut short, the old one is still there, or the new one. */
import { chmod, realpath, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errnoOf } from "../errors.ts";
import { exchangePaths, makeFolders, makeUnfinished, removeWhole } from "../sys/index.ts";
import { exportError } from "./errors.ts";

const NEW_MODE = 0o755;

/** Runs `make` with an empty folder, which then takes the place of `dest`; a link in its place stays, and its target is replaced. Throws `EXPORT`, Node's errors, and what `make` throws. */
export async function replaceFolder(dest: string, make: (folder: string) => Promise<void>): Promise<void> {
  const path = await targetOf(dest);
  makeFolders(dirname(path));
  using unfinished = makeUnfinished(dirname(path), "folder");
  const temporary = unfinished.path;
  // After the exchange it is the old folder that goes.
  using _cleanup = { [Symbol.dispose]: () => removeWhole(temporary) };
  await make(temporary);
  const old = await modeOf(path);
  await chmod(temporary, old ?? NEW_MODE & ~process.umask());
  if (old === undefined) return await rename(temporary, path);
  try {
    if (exchangePaths(temporary, path)) return;
    // No sweep takes this name: cut short between these lines, it is all that there is of the old folder.
    const aside = `${temporary}.old`;
    await rename(path, aside);
    await rename(temporary, path);
    removeWhole(aside);
  } catch (error) {
    if (errnoOf(error) !== "EBUSY" && !isBusy(error)) throw error;
    throw exportError("replace", path, "it is a mount point, or in use as one", { hint: "Name a folder in it, or leave mode=delete out" });
  }
}

async function targetOf(dest: string): Promise<string> {
  try {
    return await realpath(dest);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return dest;
    throw error;
  }
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o7777;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A failed system call of src/sys. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && "details" in error && (error.details as { readonly errno?: unknown }).errno === "EBUSY";
}
