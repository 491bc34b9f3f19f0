/** Decant's ShellFormWithoutShell. */
import { atStep, decantRule } from "./rule.ts";
import { isShelless, rootImage } from "./shipped.ts";
import type { CheckedStep, Rule } from "./types.ts";

/** Copies there may bring a shell. */
const MAY_HOLD_SHELL = /^\/?(?:(?:usr\/)?(?:local\/)?s?bin(?:\/.*)?|usr|busybox(?:\/.*)?)?\/?$/;

/** A command in shell form on a base without /bin/sh: it cannot start. */
export const shellFormWithoutShell: Rule = {
  ...decantRule(
    "ShellFormWithoutShell",
    "Commands in shell form need a shell, which this base does not have",
    function* ({ stages, options }) {
      const gotShell = new Set<number>();
      for (const checked of stages) {
        const { stage, steps, parent } = checked;
        if (parent !== undefined && gotShell.has(parent.stage.index)) gotShell.add(stage.index);
        for (const step of steps) {
          if (mayBringShell(step)) gotShell.add(stage.index);
          const { instruction } = step;
          const isCommand =
            instruction.kind === "cmd" ||
            instruction.kind === "entrypoint" ||
            instruction.kind === "healthcheck" ||
            instruction.kind === "run";
          if (!isCommand || instruction.command?.form !== "shell" || step.hasShellSetting || gotShell.has(stage.index)) continue;
          const image = rootImage(checked);
          if (options.hasShell?.(image) ?? !isShelless(image)) continue;
          const name = instruction.kind.toUpperCase();
          yield atStep(
            step,
            `${name} in shell form needs /bin/sh, which ${image} does not have: write it as a JSON array`,
            instruction.command.range,
          );
        }
      }
    },
  ),
  duringBuild: true,
};

function mayBringShell({ instruction, values }: CheckedStep): boolean {
  if (instruction.kind !== "copy" && instruction.kind !== "add") return false;
  const destination = values.at(-1) ?? "";
  return (
    MAY_HOLD_SHELL.test(destination) && !(instruction.kind === "copy" && values.slice(0, -1).every((source) => /\.[a-z]+$/.test(source)))
  );
}
