/** Runs the graph of a build: the engine with this machine's sandbox, certificates and sources. */
import { join } from "node:path";
import { gitCommands, type Session } from "../context/index.ts";
import {
  createSandbox,
  type EngineContext,
  gitSources,
  httpSources,
  localSources,
  type Sandbox,
  type SharedResults,
  type SolveAgain,
  type Solution,
  type Solved,
  solve,
  sweepSandboxes,
} from "../engine/index.ts";
import { InternalError } from "../errors.ts";
import { eventSource } from "../events.ts";
import { given } from "../given.ts";
import { caCertificatesOf } from "./ca-certificates.ts";
import { fetchedContexts, learnSecrets, type LocalContexts } from "./lent-files.ts";
import type { PreparedBuild } from "./prepare.ts";
import type { BuildOptions } from "./types.ts";
import { warningsOnce } from "./warnings-once.ts";

/** A build as its history knows it. */
export interface StartedBuild {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Caches of other machines. */
  readonly shared?: SharedResults | undefined;
  readonly grew?: (() => Promise<void>) | undefined;
  readonly again?: SolveAgain | undefined;
}

/** What a build made of one platform. */
export interface SolvedBuild extends PreparedBuild {
  readonly started: StartedBuild;
  readonly solution: Solution;
  /** When its last step ended, in ms since 1970: the same for all outputs. */
  readonly finishedAt: number;
}

/** What a build made. */
export interface SolvedGraph extends Pick<Solved, "executed" | "cached"> {
  /** A build for each platform, in the order of the options. */
  readonly builds: readonly SolvedBuild[];
}

/** Solves the graphs of all platforms at the same time. Throws as `solve`. */
export async function solveGraph(builds: readonly PreparedBuild[], started: StartedBuild): Promise<SolvedGraph> {
  const targets = builds.map(({ conversion }) => conversion.target);
  await using stack = new AsyncDisposableStack();
  const { opened } = firstOf(builds);
  const wanted = targets.filter((target) => target !== undefined);
  await learnSecrets(opened, wanted);
  const contexts = await fetchedContexts(opened, wanted);
  const context = engineContext(builds, started, { stack, contexts });
  const { solutions, executed, cached } = await solve(targets, context, opened.signal);
  const finishedAt = Date.now();
  return { builds: builds.map((build, at) => ({ ...build, started, solution: solutionAt(solutions, at), finishedAt })), executed, cached };
}

function solutionAt(solutions: readonly Solution[], at: number): Solution {
  const solution = solutions[at];
  if (solution === undefined) throw new InternalError("a target without a solution");
  return solution;
}

function firstOf(builds: readonly PreparedBuild[]): PreparedBuild {
  const [first] = builds;
  if (first === undefined) throw new InternalError("a build without platforms");
  return first;
}

/** What the engine works with: that of any of the platforms, as they differ in their graphs only. What it opens goes with `stack`; `contexts`: where "local://" is. */
export function engineContext(
  builds: readonly PreparedBuild[],
  { id, shared, grew, again }: StartedBuild,
  { stack, contexts }: { readonly stack: AsyncDisposableStack; readonly contexts: LocalContexts },
): EngineContext {
  const { opened, session, images, devices, epochSec } = firstOf(builds);
  const { options, access, guard, emit } = opened;
  const { store, network, env } = session;
  const warn = warningsOnce(emit);
  let sandbox: Promise<Sandbox> | undefined;
  const local = stack.use(localSources(store, contexts, { modes: options.contextModes }));
  const caCertificates = caCertificatesOf(options.caCerts, env, opened.cwd);
  return {
    store,
    ...given({ shared, grew, guard, again }),
    emit,
    providers: [
      local,
      httpSources(store, { ...access, network }),
      gitSources(store, {
        ...access,
        env,
        compatibility: opened.followed.compatibility,
        onCommand: gitCommands(options.buildArgs, emit),
      }),
      images,
    ],
    sandbox: () => (sandbox ??= startSandbox(session, options, stack)),
    defaultNetwork: options.network ?? "default",
    ...given({ caCertificates }),
    ...access,
    ...given({ secretKey: opened.secretKey, retries: options.retries, stepTimeoutMs: options.stepTimeoutMs }),
    devices,
    warn: (code, message, range) =>
      warn({ type: "warning", code, message, ...(range === undefined ? {} : { source: eventSource(range) }) }),
    ...given({ epochSec }),
    noCache: options.noCache ?? false,
    noCacheMounts: options.noCacheMounts ?? false,
    // Both look at the layers of stages.
    allStages: options.sbom !== undefined || options.audit !== undefined,
    explain: options.explain ?? false,
    expectCached: again === undefined && (options.expectCached ?? false),
    buildId: id,
    onStepFailed: options.onStepFailed,
  };
}

async function startSandbox(session: Session, options: BuildOptions, stack: AsyncDisposableStack): Promise<Sandbox> {
  const stateDir = join(session.store.root, "sandbox");
  await sweepSandboxes(stateDir);
  const { cgroupParent: parent, resources } = options;
  const cgroup = parent === undefined && resources === undefined ? {} : { cgroup: { ...given({ parent, resources }) } };
  return stack.use(createSandbox({ stateDir, store: session.store, runtime: options.runtime ?? "auto", env: session.env, ...cgroup }));
}
