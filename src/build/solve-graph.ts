/** Runs the graph of a build: the engine with this machine's sandbox, certificates and sources. */
import { join, resolve } from "node:path";
import type { Session } from "../context/index.ts";
import {
  createSandbox,
  type EngineContext,
  gitSources,
  hostCaCertificates,
  httpSources,
  localSources,
  type Sandbox,
  type Solution,
  solve,
  sweepSandboxes,
} from "../engine/index.ts";
import { usageError } from "../errors.ts";
import { type Emit, eventSource } from "../events.ts";
import { given } from "../given.ts";
import { checkNamedFile } from "../sys/index.ts";
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
  const caCertificates = caCertificatesOf(options.caCerts ?? "auto", env, opened.cwd);
  const context: EngineContext = {
    store,
    emit,
    providers: [
      local,
      httpSources(store, { ...access, network }),
      gitSources(store, { ...access, env, compatibility: opened.followed.compatibility }),
      images,
    ],
    sandbox: () => (sandbox ??= startSandbox(session, options, stack)),
    defaultNetwork: options.network === "none" ? "none" : "host",
    ...given({ caCertificates }),
    ...access,
    devices,
    warn: createWarn(emit),
    ...given({ epochSec }),
    noCache: options.noCache ?? false,
    explain: options.explain ?? false,
    buildId: id,
  };
  return await solve(conversion.target, context, signal);
}

/** Tells each warning once: several steps may come upon the same. */
function createWarn(emit: Emit): EngineContext["warn"] {
  const told = new Set<string>();
  return (code, message, range) => {
    const source = range === undefined ? {} : { source: eventSource(range) };
    const key = JSON.stringify([code, message, source]);
    if (told.has(key)) return;
    told.add(key);
    emit({ type: "warning", code, message, ...source });
  };
}

async function startSandbox(session: Session, options: BuildOptions, stack: AsyncDisposableStack): Promise<Sandbox> {
  const stateDir = join(session.store.root, "sandbox");
  await sweepSandboxes(stateDir);
  const { cgroupParent: parent, resources } = options;
  const cgroup = parent === undefined && resources === undefined ? {} : { cgroup: { ...given({ parent, resources }) } };
  return stack.use(createSandbox({ stateDir, runtime: options.runtime ?? "auto", env: session.env, ...cgroup }));
}

function caCertificatesOf(wanted: string, env: Session["env"], cwd: string): string | undefined {
  if (wanted === "off" || wanted === "none" || wanted === "false") return undefined;
  if (wanted === "auto" || wanted === "true") return hostCaCertificates(env);
  const path = resolve(cwd, wanted);
  const fault = checkNamedFile({ path });
  if (fault === undefined) return path;
  throw usageError(`Cannot use --ca-certs "${wanted}": ${fault.problem}`, "Give a file of PEM certificates, auto or off");
}
