/** The command as people start it. `node scripts/bundle.ts` comes first, else it runs from the source. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

/** The absolute path of bin/decant. */
export const DECANT: string = resolve(import.meta.dirname, "../../bin/decant");

/** How a command ended. */
interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the command in a folder, with the store `store` in it: `decant` tells how it ended, `ok` wants it to succeed and gives its output. */
export function commandsIn(folder: string): {
  readonly decant: (...args: readonly string[]) => Said;
  readonly ok: (...args: readonly string[]) => string;
} {
  const decant = (...args: readonly string[]): Said => {
    const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(folder, "store") };
    const done = spawnSync(DECANT, args, { encoding: "utf8", cwd: folder, env });
    return { code: done.status, out: done.stdout.trim(), err: done.stderr };
  };
  return {
    decant,
    ok(...args) {
      const { code, out, err } = decant(...args);
      assert.equal(code, 0, err);
      return out;
    },
  };
}
