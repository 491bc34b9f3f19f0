/** BuildKit's JSONArgsRecommended. */
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** Shell form puts a shell before the program, which then gets no signals. A SHELL says that it is meant. */
export const jsonArgsRecommended: Rule = buildkitRule(
  "JSONArgsRecommended",
  "json-args-recommended",
  "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
  function* ({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      const { instruction } = step;
      if ((instruction.kind !== "cmd" && instruction.kind !== "entrypoint") || instruction.command.form === "exec" || step.hasShellSetting)
        continue;
      const name = instruction.keyword.text;
      yield atStep(
        step,
        `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
        instruction.command.range,
      );
    }
  },
);
