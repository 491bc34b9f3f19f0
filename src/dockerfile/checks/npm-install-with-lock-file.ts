/** Decant's NpmInstallWithLockFile. */
import { atStep, decantRule } from "./rule.ts";
import { runText } from "./run-text.ts";
import type { Rule } from "./types.ts";

const LOCK_FILE = /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|package\*\.json|package-?\*(?:\.json)?|\*\.json)$/;
/** With nothing but options behind it: the packages are those of package.json. */
const INSTALL = /\bnpm\s+(?:i|install)((?:\s+-[^\s;&|]+)*)\s*(?:$|[;&|\n])/gm;

/** `npm install` may change what the lock file says; `npm ci` installs exactly that, and is faster. */
export const npmInstallWithLockFile: Rule = decantRule(
  "NpmInstallWithLockFile",
  "Use npm ci if a lock file exists",
  function* ({ stages }) {
    const withLock = new Set<number>();
    for (const { stage, steps, parent } of stages) {
      if (parent !== undefined && withLock.has(parent.stage.index)) withLock.add(stage.index);
      for (const step of steps) {
        const { instruction, values } = step;
        if ((instruction.kind === "copy" || instruction.kind === "add") && values.slice(0, -1).some((source) => LOCK_FILE.test(source)))
          withLock.add(stage.index);
        if (instruction.kind !== "run" || !withLock.has(stage.index)) continue;
        const isGlobal = (flags: string): boolean => /(?:^|\s)(?:-g|--global)(?:\s|$)/.test(flags);
        if ([...runText(instruction).matchAll(INSTALL)].some(([, flags = ""]) => !isGlobal(flags)))
          yield atStep(step, "npm install may change the versions of package-lock.json: use npm ci");
      }
    }
  },
);
