/** The build argument BUILDKIT_GIT_DEBUG_COMMANDS: commands of git are told in the log of the step that needs them. */
import { isOn } from "../dockerfile/index.ts";
import type { Emit } from "../events.ts";

/** What tells of them; undefined unless `buildArgs` ask for it. */
export function gitCommands(
  buildArgs: Readonly<Record<string, string>> | undefined,
  emit: Emit,
  stepOf: (vertex: string | undefined) => string | undefined = (vertex) => vertex,
): ((command: string, vertex: string | undefined) => void) | undefined {
  if (!isOn(buildArgs?.["BUILDKIT_GIT_DEBUG_COMMANDS"])) return undefined;
  return (command, vertex) => {
    const step = stepOf(vertex);
    if (step !== undefined) emit({ type: "log", vertex: step, stream: "stderr", data: `${command}\n` });
  };
}
