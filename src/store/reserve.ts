/**
 * Room that a full disk leaves to a prune: a file without meaning, removed before it and made again after it. SQLite's files and the folder of
 * the process need some 200 kB before anything can be removed.
 */
import { randomFillSync } from "node:crypto";
import { closeSync, openSync, rmSync, statSync, unlinkSync, writeSync } from "node:fs";
import { errnoOf } from "../errors.ts";

const RESERVE_BYTES = 1024 * 1024;

/** Makes the reserve where it is missing and there is room for it. Failing is nothing that a user need know of. */
export function keepReserve(path: string): void {
  const before = statSync(path, { throwIfNoEntry: false });
  if (before?.size === RESERVE_BYTES) return;
  let file: number | undefined;
  try {
    if (before !== undefined) rmSync(path, { force: true });
    file = openSync(path, "wx", 0o600);
    // Random, so that no file system makes less of it.
    const bytes = randomFillSync(Buffer.allocUnsafe(RESERVE_BYTES));
    if (writeSync(file, bytes) < RESERVE_BYTES) rmSync(path, { force: true });
  } catch {
    if (file !== undefined) rmSync(path, { force: true });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Gives the room back. */
export function useReserve(path: string): void {
  try {
    // Errors of rmSync have no code.
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}
