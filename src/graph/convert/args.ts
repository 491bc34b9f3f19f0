/** ARG: the platform's, the file's (before the first FROM) and the stage's (rules S25 to S32). */
import { type ArgInstruction, type EscapeToken, expandWord } from "../../dockerfile/index.ts";
import { formatPlatform, type Platform } from "../../oci/index.ts";
import { metadataItem } from "./history.ts";
import { type DeclaredArg, setEnv, type StageState } from "./stage-state.ts";

/** Build arguments as given. */
export type BuildArgs = Readonly<Record<string, string>>;

/** They steer attestations and never reach the environment (rule S31). */
const NOT_ENVIRONMENT: ReadonlySet<string> = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);
const PROXY_NAMES = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"] as const;

/** What FROM lines see, and what `ARG name` in a stage falls back to. */
export function globalArguments(
  metaArgs: readonly ArgInstruction[],
  options: {
    readonly escape: EscapeToken;
    readonly buildArgs: BuildArgs;
    readonly platform: Platform;
    readonly buildPlatform: Platform;
    readonly target: string;
  },
): Map<string, string> {
  const { buildArgs, platform, buildPlatform } = options;
  const known = new Map<string, string>();
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
    ["TARGETSTAGE", options.target === "" ? "default" : options.target],
  ];
  for (const [key, value] of predefined) known.set(key, buildArgs[key] ?? value);
  for (const instruction of metaArgs) {
    for (const arg of instruction.args) {
      const key = arg.key.text;
      const given = Object.hasOwn(buildArgs, key) ? buildArgs[key] : undefined;
      const value =
        given ??
        (arg.value === undefined ? undefined : expandWord(arg.value.text, known, { escape: options.escape, range: arg.value.range }).value);
      if (value !== undefined) known.set(key, value);
    }
  }
  return known;
}

/** ARG in a stage: --build-arg, else its default, else the global value (rule S26); without any it is not exported (S28). */
export function convertArg(
  state: StageState,
  instruction: ArgInstruction,
  globals: ReadonlyMap<string, string>,
  buildArgs: BuildArgs,
): void {
  const shown: string[] = [];
  for (const arg of instruction.args) {
    const key = arg.key.text;
    const given = Object.hasOwn(buildArgs, key) ? buildArgs[key] : undefined;
    const fallback = arg.value === undefined ? globals.get(key) : undefined;
    const value =
      given ??
      (arg.value === undefined ? fallback : expandWord(arg.value.text, state.env, { escape: state.escape, range: arg.value.range }).value);
    if (value !== undefined && !NOT_ENVIRONMENT.has(key)) setEnv(state, key, value);
    const declared: DeclaredArg = value === undefined ? { key } : { key, value };
    state.args.push(declared);
    shown.push(value === undefined ? key : `${key}=${value}`);
  }
  state.history.push(metadataItem(`ARG ${shown.join(" ")}`));
}

/** Proxy variables of build arguments, in both cases, for every RUN (rule S32). */
export function proxyEnvironment(buildArgs: BuildArgs): string[] {
  const out: string[] = [];
  for (const name of PROXY_NAMES) {
    const key = Object.keys(buildArgs)
      .toSorted()
      .findLast((candidate) => candidate.toLowerCase() === name);
    const value = key === undefined ? undefined : buildArgs[key];
    if (value !== undefined) out.push(`${name.toUpperCase()}=${value}`, `${name}=${value}`);
  }
  return out;
}
