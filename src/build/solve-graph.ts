/** Runs the graph of a build: the engine with this machine's sandbox, certificates and sources. */
import { join } from "node:path";
import type { Session } from "../context/index.ts";
import {
  createSandbox,
  type EngineContext,
  gitSources,
  httpSources,
  localSources,
  type Sandbox,
  type Solution,
  solve,
  sweepSandboxes,
} from "../engine/index.ts";
import { eventSource } from "../events.ts";
import { given } from "../given.ts";
import { caCertificatesOf } from "./ca-certificates.ts";
import type { PreparedBuild } from "./prepare.ts";
import type { BuildOptions } from "./types.ts";

/** A build as its history knows it. */
interface StartedBuild {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** What a build made. */
export interface SolvedBuild extends PreparedBuild {
  readonly started: StartedBuild;
  readonly solution: Solution;
}

/** Solves the graph. Throws as `solve`. */
export async function solveGraph(build: PreparedBuild, started: StartedBuild): Promise<SolvedBuild> {
  return { ...build, started, solution: await solutionOf(build, started) };
}

async function solutionOf(build: PreparedBuild, { id }: StartedBuild): Promise<Solution> {
  const { opened, session, conversion, images, devices, epochSec } = build;
  if (conversion.target === undefined) return { layers: [], layersOf: () => undefined, materials: [], executed: 0, cached: 0 };
  const { options, access, contexts, emit, signal } = opened;
  const { store, network, env } = session;
  await using stack = new AsyncDisposableStack();
  let sandbox: Promise<Sandbox> | undefined;
  const local = stack.use(localSources(store, { ...contexts.folders, context: opened.context.files }));
  const caCertificates = caCertificatesOf(options.caCerts, env, opened.cwd);
  const context: EngineContext = {
    store,
    emit,
    providers: [local, httpSources(store, { ...access, network }), gitSources(store, { ...access, env }), images],
    sandbox: () => (sandbox ??= startSandbox(session, options, stack)),
    defaultNetwork: options.network === "none" ? "none" : "host",
    ...given({ caCertificates }),
    ...access,
    devices,
    warn: (code, message, range) =>
      emit({ type: "warning", code, message, ...(range === undefined ? {} : { source: eventSource(range) }) }),
    ...given({ epochSec }),
    noCache: options.noCache ?? false,
    explain: options.explain ?? false,
    buildId: id,
  };
  return await solve(conversion.target, context, signal);
}

async function startSandbox(session: Session, options: BuildOptions, stack: AsyncDisposableStack): Promise<Sandbox> {
  const stateDir = join(session.store.root, "sandbox");
  await sweepSandboxes(stateDir);
  const { cgroupParent: parent, resources } = options;
  const cgroup = parent === undefined && resources === undefined ? {} : { cgroup: { ...given({ parent, resources }) } };
  return stack.use(createSandbox({ stateDir, runtime: options.runtime ?? "auto", env: session.env, ...cgroup }));
}
