/** ARG in a stage, and proxy variables (rules S26 to S32). */
import { type ArgInstruction, expandWord } from "../../dockerfile/index.ts";
import { publicVariable } from "../../url-secrets.ts";
import { metadataItem } from "./history.ts";
import { setEnv, type StageState } from "./stage-state.ts";

/** Build arguments as given. */
export type BuildArgs = Readonly<Record<string, string>>;

/** They steer attestations and never reach the environment (rule S31). */
const NOT_ENVIRONMENT: ReadonlySet<string> = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);
const PROXY_NAMES = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"] as const;

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
    state.args.set(key, value);
    shown.push(value === undefined ? key : `${key}=${publicVariable(key, value)}`);
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
