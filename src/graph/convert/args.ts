/** ARG in a stage, and proxy variables (rules S26 to S32). */
import type { ArgValues } from "../../dockerfile/index.ts";
import { publicVariable } from "../../url-secrets.ts";
import { metadataItem } from "./history.ts";
import type { StageState } from "./stage-state.ts";

/** Build arguments as given. */
export type BuildArgs = Readonly<Record<string, string>>;

const PROXY_NAMES = ["http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy"] as const;

/** ARG in a stage: what it declares; a name without a value is not exported (rule S28). */
export function convertArg(state: StageState, { args }: ArgValues): void {
  for (const { key, value } of args) state.args.set(key, value);
  const shown = args.map(({ key, value }) => (value === undefined ? key : `${key}=${publicVariable(key, value)}`));
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
