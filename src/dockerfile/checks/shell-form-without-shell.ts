/** Decant's ShellFormWithoutShell. */
import { atStep, decantRule } from "./rule.ts";
import { isShelless, rootImage, shippedStages } from "./shipped.ts";
import type { CheckedDockerfile, CheckedStep, Finding, Rule } from "./types.ts";

/** Copies there may bring a shell. */
const MAY_HOLD_SHELL = /^\/?(?:(?:usr\/)?(?:local\/)?s?bin(?:\/.*)?|usr|busybox(?:\/.*)?)?\/?$/;

/** A command in shell form on a base without /bin/sh: it cannot start. */
export const shellFormWithoutShell: Rule = {
  ...decantRule("ShellFormWithoutShell", "Commands in shell form need a shell, which this base does not have", function* (dockerfile) {
    const { stages, options } = dockerfile;
    if (options.built !== undefined) {
      yield* inResult(dockerfile);
      return;
    }
    const gotShell = new Set<number>();
    for (const checked of stages) {
      const { stage, steps, parent } = checked;
      if (parent !== undefined && gotShell.has(parent.stage.index)) gotShell.add(stage.index);
      for (const step of steps) {
        if (mayBringShell(step)) gotShell.add(stage.index);
        const { instruction } = step;
        const command = shellCommand(step);
        if (command === undefined || gotShell.has(stage.index)) continue;
        const image = rootImage(checked);
        if (options.facts?.(image, options.platform)?.hasShell ?? options.hasShell?.(image) ?? !isShelless(image)) continue;
        yield atStep(step, messageOf(instruction.kind, image), command);
      }
    }
  }),
  duringBuild: true,
  afterBuild: true,
};

/** Of each kind, the one that the image has: the last. */
function* inResult(dockerfile: CheckedDockerfile): Generator<Finding> {
  if (dockerfile.options.built?.target?.hasShell !== false) return;
  const stages = shippedStages(dockerfile);
  for (const kind of ["cmd", "entrypoint", "healthcheck"] as const) {
    const step = stages.flatMap(({ steps }) => steps.findLast(({ instruction }) => instruction.kind === kind) ?? []).at(0);
    const command = step === undefined ? undefined : shellCommand(step);
    if (step !== undefined && command !== undefined) yield atStep(step, messageOf(kind, "the result"), command);
  }
}

/** Where a command in shell form stands that /bin/sh must run. */
function shellCommand({ instruction, hasShellSetting }: CheckedStep): Finding["range"] | undefined {
  const { kind } = instruction;
  if (hasShellSetting || (kind !== "cmd" && kind !== "entrypoint" && kind !== "healthcheck" && kind !== "run")) return undefined;
  return instruction.command?.form === "shell" ? instruction.command.range : undefined;
}

function messageOf(kind: string, what: string): string {
  return `${kind.toUpperCase()} in shell form needs /bin/sh, which ${what} does not have: write it as a JSON array`;
}

function mayBringShell({ instruction, values }: CheckedStep): boolean {
  if (instruction.kind !== "copy" && instruction.kind !== "add") return false;
  const destination = values.at(-1) ?? "";
  return (
    MAY_HOLD_SHELL.test(destination) && !(instruction.kind === "copy" && values.slice(0, -1).every((source) => /\.[a-z]+$/.test(source)))
  );
}
