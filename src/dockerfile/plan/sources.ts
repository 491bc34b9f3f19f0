/** Where `--from` of COPY and `from=` of mounts point (rules S34 to S37). */
import { semanticError } from "../errors.ts";
import type { MountFlag, MountOption, Stage, StageInstruction } from "../types.ts";
import type { FromTarget } from "./types.ts";

/** The stages of a file, found by their names at once. */
export interface StageNames {
  readonly stages: readonly Stage[];
  /** The index of the last stage that is called so. Names are compared in lower case. */
  indexOf(name: string): number | undefined;
}

/** Makes the table. */
export function stageNames(stages: readonly Stage[]): StageNames {
  const byName = new Map(stages.flatMap(({ name, index }) => (name === undefined ? [] : [[name, index] as const])));
  return { stages, indexOf: (name) => byName.get(name.toLowerCase()) };
}

/** All that an instruction takes files from besides its own stage and the build context. Throws as `copyFrom` and `mountFrom`. */
export function sourcesOf(names: StageNames, current: Stage, instruction: StageInstruction): FromTarget[] {
  if (instruction.kind === "run") return instruction.mounts.flatMap((flag) => mountFrom(names, current, flag) ?? []);
  const from = copyFrom(names, current, instruction);
  return from === undefined ? [] : [from];
}

/** Where `COPY --from=NAME` points: a stage by index or name, else an image. Throws `DOCKERFILE_SEMANTIC` for stages that come later. */
export function copyFrom(names: StageNames, current: Stage, instruction: StageInstruction): FromTarget | undefined {
  if (instruction.kind !== "copy" || instruction.from === undefined) return undefined;
  const { stages } = names;
  const { text, range } = instruction.from;
  if (/(^|[^\\])\$/.test(text)) {
    throw semanticError(`Cannot use --from=${text}: variable expansion is not supported for --from`, {
      range,
      hint: "Define a new stage with FROM using ARG from global scope, and copy from that stage",
    });
  }
  const index = /^\d+$/.test(text) ? Number(text) : names.indexOf(text);
  if (index === undefined) return { kind: "image", name: text, range };
  if (stages[index] === undefined)
    throw semanticError(
      `Cannot copy from stage ${text}: the last stage is ${stages.length - 1}, counted from 0 (invalid stage index ${text})`,
      { range, hint: "Use the name of a stage" },
    );
  // A trigger of its base may name the stage itself: that is how far it has come.
  const isOwnTrigger = index === current.index && !current.instructions.includes(instruction);
  if (index >= current.index && !isOwnTrigger) {
    throw semanticError(
      `Cannot copy from stage "${text}": it needs to be defined before current stage "${current.name ?? current.index}"`,
      { range, hint: index === current.index ? "A stage cannot copy from itself" : "Move that stage further up" },
    );
  }
  return { kind: "stage", index };
}

/**
 * Where `from=` of a `--mount` points: a stage by name (never by index, rule S36), else an image. Known before variables are, because from=
 * holds none. Throws `DOCKERFILE_SEMANTIC` for stages that come later.
 */
export function mountFrom(names: StageNames, current: Stage, flag: MountFlag): FromTarget | undefined {
  const last = (key: string): MountOption | undefined =>
    flag.options.findLast((option) => option.key === key && option.value !== undefined);
  const from = last("from");
  const type = last("type")?.value?.toLowerCase() ?? "bind";
  if (from?.value === undefined || from.value === "" || type === "tmpfs" || type === "secret" || type === "ssh") return undefined;
  const name = from.value;
  const index = names.indexOf(name);
  if (index === undefined) return { kind: "image", name, range: from.range };
  if (index >= current.index) {
    throw semanticError(`Cannot mount from stage "${name}": stage needs to be defined before current command`, {
      range: from.range,
      hint: index === current.index ? "A stage cannot mount from itself" : "Move that stage further up",
    });
  }
  return { kind: "stage", index };
}
