/** What a container runs: of its image, and of what was asked for. Pure. */
import { nothingToRun } from "./errors.ts";
import type { ContainerOptions } from "./types.ts";

/** Entrypoint and arguments as docker run joins them: `--entrypoint` drops the image's CMD. Throws `USAGE` when nothing is left. */
export function commandOf(options: ContainerOptions, entrypoint: readonly string[], cmd: readonly string[]): string[] {
  const own = options.entrypoint === undefined ? entrypoint : options.entrypoint === "" ? [] : [options.entrypoint];
  const rest = options.args ?? (options.entrypoint === undefined ? cmd : []);
  const args = [...own, ...rest];
  if (args.length === 0) throw nothingToRun(options.image);
  return args;
}

/** `KEY=VALUE` lines of the image, with `own` over them. */
export function mergedEnvironment(image: readonly string[], own: readonly string[]): string[] {
  const merged = new Map<string, string>();
  for (const line of [...image, ...own]) merged.set(line.split("=", 1)[0] ?? line, line);
  return [...merged.values()];
}
