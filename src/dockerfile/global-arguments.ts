/** What FROM lines see: the platform's arguments and those before the first FROM (rules S25 to S30). */
import { formatPlatform, type Platform } from "../oci/index.ts";
import { expandWord } from "./expand.ts";
import type { ArgInstruction, EscapeToken } from "./types.ts";

/** What the arguments depend on. */
export interface GlobalArgumentOptions {
  readonly escape: EscapeToken;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** Name of the target stage, or "". */
  readonly target: string;
}

/** Arguments that every FROM sees without an ARG, with their values. A build argument of the same name wins. */
export function predefinedArguments(options: Omit<GlobalArgumentOptions, "escape">): Map<string, string> {
  const { buildArgs, platform, buildPlatform, target } = options;
  const predefined: readonly (readonly [string, string])[] = [
    ["BUILDPLATFORM", formatPlatform(buildPlatform)],
    ["BUILDOS", buildPlatform.os],
    ["BUILDOSVERSION", buildPlatform["os.version"] ?? ""],
    ["BUILDARCH", buildPlatform.architecture],
    ["BUILDVARIANT", buildPlatform.variant ?? ""],
    ["TARGETPLATFORM", formatPlatform(platform)],
    ["TARGETOS", platform.os],
    ["TARGETOSVERSION", platform["os.version"] ?? ""],
    ["TARGETARCH", platform.architecture],
    ["TARGETVARIANT", platform.variant ?? ""],
    ["TARGETSTAGE", target === "" ? "default" : target],
  ];
  return new Map(predefined.map(([key, value]) => [key, buildArgs[key] ?? value]));
}

/** What FROM lines see, and what `ARG name` in a stage falls back to. Throws `DOCKERFILE_SEMANTIC` for a default that cannot be expanded. */
export function globalArguments(metaArgs: readonly ArgInstruction[], options: GlobalArgumentOptions): Map<string, string> {
  const { buildArgs, escape } = options;
  const known = predefinedArguments(options);
  for (const instruction of metaArgs) {
    for (const arg of instruction.args) {
      const key = arg.key.text;
      const given = Object.hasOwn(buildArgs, key) ? buildArgs[key] : undefined;
      const value =
        given ?? (arg.value === undefined ? undefined : expandWord(arg.value.text, known, { escape, range: arg.value.range }).value);
      if (value !== undefined) known.set(key, value);
    }
  }
  return known;
}
