/** BuildKit's WorkdirRelativePath. */
import { goQuote } from "../../go-quote.ts";
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** The first WORKDIR of a stage, counting those of the stages it is from, is relative. */
export const workdirRelativePath: Rule = buildkitRule(
  "WorkdirRelativePath",
  "workdir-relative-path",
  "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
  function* ({ stages }) {
    const isSet = new Set<number>();
    for (const { stage, parent, wanted, steps } of stages) {
      if (parent !== undefined && isSet.has(parent.stage.index)) isSet.add(stage.index);
      for (const step of steps) {
        if (step.instruction.kind !== "workdir") continue;
        const [path] = step.values;
        // One that cannot be expanded is an error of its own.
        if (path !== undefined && !isSet.has(stage.index) && !isAbsolute(path, wanted.os))
          yield atStep(
            step,
            `Relative workdir ${goQuote(path)} can have unexpected results if the base image changes`,
            step.instruction.path.range,
          );
        isSet.add(stage.index);
      }
    }
  },
);

/** On Windows with a backslash, too, and with the system's drive before it. */
function isAbsolute(path: string, os: string): boolean {
  return os === "windows" ? /^(?:c:)?[\\/]/i.test(path) : path.startsWith("/");
}
