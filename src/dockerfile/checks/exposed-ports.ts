/** The ports of EXPOSE after expansion, taken apart. */
import { isDecantError } from "../../errors.ts";
import { type ExposedPorts, parsePort } from "../expose.ts";
import type { CheckedStage, CheckedStep } from "./types.ts";

/** Every word of every EXPOSE that can be read; one that cannot fails the build, which says so. */
export function* exposedPorts(
  stages: readonly CheckedStage[],
): Generator<{ readonly step: CheckedStep; readonly word: string; readonly port: ExposedPorts }> {
  for (const step of stages.flatMap(({ steps }) => steps)) {
    if (step.instruction.kind !== "expose") continue;
    for (const word of step.values) {
      const port = readPort(word);
      if (port !== undefined) yield { step, word, port };
    }
  }
}

function readPort(word: string): ExposedPorts | undefined {
  try {
    return parsePort(word);
  } catch (error) {
    if (isDecantError(error, "DOCKERFILE_SEMANTIC")) return undefined;
    throw error;
  }
}
