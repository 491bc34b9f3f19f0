/** Where the catalogue is assembled and run: one store that is kept between runs, and the bundled command. */
import assert from "node:assert/strict";
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { DECANT } from "../support/command.ts";

/** Kept between runs. */
export const FOLDER: string = process.env["DECANT_CATALOGUE_DIR"] ?? join(homedir(), ".cache/decant-catalogue");
/** The store of the suite. */
export const STORE: string = join(FOLDER, "store");

/** Runs the command in `cwd`. */
export function decant(cwd: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(DECANT, args, {
    cwd,
    env: { ...process.env, DECANT_ROOT: STORE, NO_COLOR: "1" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** The output of a program that must have ended well. */
export function passes(done: SpawnSyncReturns<string>): string {
  assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
  return done.stdout.trim();
}
