/** Whether a build runs here or elsewhere, and what it cannot have elsewhere. */
import { usageError, unsupported } from "../errors.ts";
import type { OpenedBuild } from "./open-build.ts";
import type { PreparedBuild } from "./prepare.ts";
import type { Fleet } from "./remote-types.ts";
import type { SolvedGraph, StartedBuild } from "./solve-graph.ts";
import type { BuildOptions } from "./types.ts";

/** Options of this machine's engine, by their flags. */
const OWN: readonly (readonly [flag: string, isGiven: (options: BuildOptions) => boolean])[] = [
  ["--cgroup-parent", ({ cgroupParent }) => cgroupParent !== undefined],
  ["--resource", ({ resources }) => resources !== undefined && Object.keys(resources).length > 0],
  ["--cdi-spec-dir", ({ cdiSpecDirs = [] }) => cdiSpecDirs.length > 0],
  ["--ca-certs", ({ caCerts = "auto" }) => caCerts !== "auto" && caCerts !== "off"],
  ["--runtime", ({ runtime = "auto" }) => runtime !== "auto"],
  ["--explain", ({ explain = false }) => explain],
  ["--expect-cached", ({ expectCached = false }) => expectCached],
  ["--retry", ({ retries = 0 }) => retries > 0],
  ["--step-timeout", ({ stepTimeoutMs }) => stepTimeoutMs !== undefined],
  ["--on-error", ({ onStepFailed }) => onStepFailed !== undefined],
  ["--verify-reproducible", ({ verifyReproducible = false }) => verifyReproducible],
  ["--no-cache=mounts", ({ noCacheMounts = false }) => noCacheMounts],
  ["--cache-from", ({ cacheFrom = [] }) => cacheFrom.length > 0],
  ["--cache-to", ({ cacheTo = [] }) => cacheTo.length > 0],
];

/** Runs graphs on other machines. The room above that makes them knows of no other kind. */
export interface RemoteSolver extends Fleet {
  /** As `solveGraph`. Throws also `BUILDER`. */
  readonly solve: (builds: readonly PreparedBuild[], started: StartedBuild) => Promise<SolvedGraph>;
}

/** The builders of a build; undefined: it runs here. Throws `UNSUPPORTED` for options that work here only, and as `Builders.open`. */
export async function openBuilders(opened: OpenedBuild<BuildOptions>): Promise<RemoteSolver | undefined> {
  const { options } = opened;
  const named = (await opened.project())?.builder;
  if (options.builders === undefined) {
    if (named === undefined) return undefined;
    throw usageError(`Cannot build: the project file names the builder "${named}", and this call of build() has no builders`);
  }
  const { cwd, emit, signal } = opened;
  const fleet = await options.builders.open(named, { cwd, env: options.env ?? process.env, emit, signal });
  if (fleet === undefined) return undefined;
  const remote = fleet as RemoteSolver;
  const flag = OWN.find(([, isGiven]) => isGiven(options))?.[0];
  if (flag === undefined) return remote;
  await remote[Symbol.asyncDispose]();
  throw unsupported(`${flag} together with --builder`, { row: "F146", hint: `Leave out ${flag}, or build here, without --builder` });
}
