/** What a RUN runs, as one text to search in. */
import type { RunInstruction } from "../types.ts";

/** The command with the bodies of its heredocs, and its mounts, of which secrets may set variables. */
export function runText({ command, heredocs, mounts }: RunInstruction): string {
  const words = command.form === "shell" ? command.text : command.args.map(({ text }) => text).join(" ");
  const options = mounts.flatMap((mount) => mount.options.map(({ field }) => field));
  return [words, ...heredocs.map(({ content }) => content), ...(options.length === 0 ? [] : [`# ${options.join(" ")}`])].join("\n");
}
