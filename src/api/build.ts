/** `build`: a Dockerfile and its context become images, files or a filled cache. */
import { join, resolve } from "node:path";
import { checkParsed, type ParsedDockerfile, parseDockerfile } from "../dockerfile/index.ts";
import {
  createSandbox,
  type DeviceAccess,
  gitSources,
  hostCaCertificates,
  httpSources,
  localSources,
  type Sandbox,
  solve,
  type EngineContext,
  type Solution,
  type SourceAccess,
  sweepSandboxes,
} from "../engine/index.ts";
import { unsupported } from "../errors.ts";
import { type Emit, eventSource } from "../events.ts";
import { type Conversion, toGraph } from "../graph/index.ts";
import type { ExportResult } from "../image/index.ts";
import { formatPlatform, parsePlatform, type Platform } from "../oci/index.ts";
import { auditBuild } from "./audit-build.ts";
import { baseImages } from "./base-images.ts";
import { foldersOf } from "./base/stand-ins.ts";
import { withAttestations } from "./build-attestations.ts";
import { buildChecks, emitDiagnostics } from "./build-checks.ts";
import { openBuildContext } from "./build-context.ts";
import { exportAll } from "./build-outputs.ts";
import { builtImage } from "./built-image.ts";
import { buildDevices, checkDevices } from "./devices.ts";
import { withLoaderCache } from "./loader-cache.ts";
import { namedContexts } from "./named-contexts.ts";
import { findProjectFile } from "./project-file.ts";
import { refuseUnknown } from "./refusals.ts";
import { startRun } from "./run-handle.ts";
import { openSession, type Session } from "./session.ts";
import { resolveEpoch } from "./source-date-epoch.ts";
import { sourceTime } from "./source-time.ts";
import { openAgents } from "./ssh-agents.ts";
import { openSecrets } from "./step-resources.ts";
import type { BuildOptions, BuildResult, Run } from "./types.ts";

/**
 * Builds `options.context`. Starts at once; see `Run`. Rejects with `DecantError` (`DOCKERFILE_*`, `RUN_FAILED`, `COPY_*`, `REGISTRY*`,
 * `STORE*`, `EXPORT`, `USAGE`, `UNSUPPORTED` …) or with the signal's reason.
 */
export function build(options: BuildOptions): Run<BuildResult> {
  return startRun(options.signal, (emit, signal) => runBuild(options, emit, signal));
}

async function runBuild(options: BuildOptions, emit: Emit, signal: AbortSignal): Promise<BuildResult> {
  const cwd = options.cwd ?? process.cwd();
  await using session = await openSession(options);
  const access: SourceAccess = {
    secret: openSecrets(options.secrets ?? [], { cwd, env: session.env }),
    sshAgent: openAgents(options.ssh ?? [], { cwd, env: session.env }),
  };
  const context = await openBuildContext(options, session, { cwd, emit, access, signal });
  const { dockerfile } = context;
  const folder = "path" in context.files ? context.files.path : undefined;
  const written = parseDockerfile(dockerfile.bytes, { name: dockerfile.name });
  // First: what another frontend reads need not be a Dockerfile.
  await refuseUnknown(written, dockerfile, options, session.env);
  emitDiagnostics(written, emit);
  checkParsed(written);
  warnOfUnknownStages(written, options.noCacheStages ?? [], emit);

  const record = session.store.history.begin(options.buildArgs?.["BUILDKIT_BUILD_NAME"] ?? options.tags?.[0] ?? context.title);
  try {
    const platform = onePlatform(options.platforms, session.platform);
    // What came from elsewhere does not say which images stand for others.
    const project = await findProjectFile({ file: options.projectFile, context: folder ?? cwd, cwd });
    const contexts = await namedContexts(options.buildContexts ?? {}, cwd, session.platform);
    const target = options.target ?? "";
    const { parsed, buildArgs, epochSec } = await resolveEpoch(
      written,
      { buildArgs: options.buildArgs ?? {}, env: session.env, platform, buildPlatform: session.platform, target },
      {
        contextTime: context.time,
        namedContext: (name) => contexts.find(name, platform),
        timeOf: (source) => sourceTime(source, session, { access, signal }),
        emit,
      },
    );
    const bases = {
      cwd,
      folders: foldersOf(folder, dockerfile.path),
      assemble: options.assemble ?? [],
      locked: options.locked ?? false,
    };
    const images = baseImages(session, { project, contexts, bases, pull: options.pull ?? false, emit, signal });
    const checks = buildChecks({
      parsed,
      ...(folder === undefined ? {} : { context: folder }),
      ...("dockerfile" in context.files && context.files.dockerfile !== undefined ? { dockerfile: context.files.dockerfile } : {}),
      ...(options.target === undefined ? {} : { target: options.target }),
      buildArgs,
      platform,
      buildPlatform: session.platform,
    });
    const conversion = await checks.around(
      toGraph(parsed, {
        ...(options.target === undefined ? {} : { target: options.target }),
        buildArgs,
        labels: options.labels ?? {},
        platform,
        buildPlatform: session.platform,
        noCache: options.noCache ?? false,
        noCacheStages: options.noCacheStages ?? [],
        allow: options.allow ?? [],
        devices: (options.devices ?? []).map(({ name, required }) => ({ name, optional: required !== true })),
        ...(buildArgs["BUILDKIT_SANDBOX_HOSTNAME"] === undefined ? {} : { hostname: buildArgs["BUILDKIT_SANDBOX_HOSTNAME"] }),
        hostNetwork: options.network !== "none",
        extraHosts: options.addHosts ?? [],
        ulimits: options.ulimits ?? [],
        ...(options.shmSizeBytes === undefined ? {} : { shmSizeBytes: options.shmSizeBytes }),
        ...(epochSec === undefined ? {} : { epochSec }),
        hasContext: (name, at) => contexts.find(name, at) !== undefined,
        resolveImage: (request) => checks.seen(request, images.resolveImage(request)),
      }),
      emit,
    );
    const devices = buildDevices(options, { cwd, emit });
    await checkDevices(conversion.target, devices);
    const startedAt = Date.now();
    const solution = await solveGraph(conversion, {
      options,
      session,
      access,
      devices,
      images,
      contexts: { ...contexts.folders, context: context.files },
      emit,
      signal,
      buildId: record.id,
      epochSec,
    });
    await checks.result({ store: session.store, conversion, solution }, emit, signal);
    const built = builtImage(conversion, solution, { nowMs: startedAt, epochSec, buildArgs });
    const plain = await withLoaderCache(built, { store: session.store, emit, signal });
    const facts = { parsed, dockerfile, context, conversion, solution, image: plain, buildArgs };
    const image = withAttestations({ options, ...facts, session, buildId: record.id, startedAt, emit, signal });
    const audit = await auditBuild(options, {
      name: options.tags?.[0] ?? context.title,
      image,
      conversion,
      solution,
      session,
      project,
      secret: access.secret,
      emit,
      signal,
    });
    const outputs = await exportAll(image, { ...options, epochSec }, session, emit, signal);
    session.store.history.finish(record.id, "done");
    return { ...resultOf(record.id, outputs, solution), ...(audit === undefined ? {} : { audit }) };
  } catch (error) {
    session.store.history.finish(
      record.id,
      signal.aborted ? "cancelled" : "failed",
      error instanceof Error ? error.message : String(error),
    );
    throw error;
  }
}

function warnOfUnknownStages({ stages }: ParsedDockerfile, wanted: readonly string[], emit: Emit): void {
  for (const name of wanted) {
    if (stages.some((stage) => stage.name === name.toLowerCase() || String(stage.index) === name)) continue;
    emit({ type: "warning", code: "UnknownStage", message: `--no-cache-filter names stage "${name}", which the Dockerfile does not have` });
  }
}

interface SolveInput {
  readonly options: BuildOptions;
  readonly session: Session;
  readonly access: SourceAccess;
  readonly devices: DeviceAccess;
  readonly images: ReturnType<typeof baseImages>;
  readonly contexts: Parameters<typeof localSources>[1];
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly buildId: string;
  readonly epochSec: number | undefined;
}

async function solveGraph(conversion: Conversion, input: SolveInput): Promise<Solution> {
  if (conversion.target === undefined) return { layers: [], layersOf: () => undefined, materials: [], executed: 0, cached: 0 };
  const { options, session, access, emit, signal } = input;
  await using stack = new AsyncDisposableStack();
  let sandbox: Promise<Sandbox> | undefined;
  const local = stack.use(localSources(session.store, input.contexts));
  const caCertificates = caCertificatesOf(options.caCerts ?? "auto", session.env, options.cwd ?? process.cwd());
  const context: EngineContext = {
    store: session.store,
    emit,
    providers: [local, httpSources(session.store, access), gitSources(session.store, { ...access, env: session.env }), input.images],
    sandbox: () => (sandbox ??= startSandbox(session, options, stack)),
    defaultNetwork: options.network === "none" ? "none" : "host",
    ...(caCertificates === undefined ? {} : { caCertificates }),
    ...access,
    devices: input.devices,
    warn: (code, message, range) =>
      emit({ type: "warning", code, message, ...(range === undefined ? {} : { source: eventSource(range) }) }),
    ...(input.epochSec === undefined ? {} : { epochSec: input.epochSec }),
    noCache: options.noCache ?? false,
    explain: options.explain ?? false,
    buildId: input.buildId,
  };
  return await solve(conversion.target, context, signal);
}

async function startSandbox(session: Session, options: BuildOptions, stack: AsyncDisposableStack): Promise<Sandbox> {
  const stateDir = join(session.store.root, "sandbox");
  await sweepSandboxes(stateDir);
  const { cgroupParent: parent, resources } = options;
  const cgroup =
    parent === undefined && resources === undefined
      ? {}
      : { cgroup: { ...(parent === undefined ? {} : { parent }), ...(resources === undefined ? {} : { resources }) } };
  return stack.use(createSandbox({ stateDir, runtime: options.runtime ?? "auto", env: session.env, ...cgroup }));
}

function caCertificatesOf(wanted: string, env: Session["env"], cwd: string): string | undefined {
  if (wanted === "off" || wanted === "none" || wanted === "false") return undefined;
  return wanted === "auto" || wanted === "true" ? hostCaCertificates(env) : resolve(cwd, wanted);
}

function resultOf(buildId: string, outputs: readonly ExportResult[], solution: Solution): BuildResult {
  const image = outputs.find(({ configDigest }) => configDigest !== undefined);
  return {
    buildId,
    outputs,
    ...(image?.configDigest === undefined ? {} : { configDigest: image.configDigest }),
    ...(image?.descriptor === undefined ? {} : { manifestDigest: image.descriptor.digest }),
    executed: solution.executed,
    cached: solution.cached,
  };
}

function onePlatform(platforms: readonly string[] | undefined, host: Platform): Platform {
  const [first, second] = platforms ?? [];
  if (second !== undefined) throw unsupported(`Building for several platforms (${(platforms ?? []).join(", ")})`, { row: "F128" });
  if (first === undefined || first === "local") return host;
  const platform = parsePlatform(first, host);
  if (platform.os !== "linux") throw unsupported(`Building for ${formatPlatform(platform)}`, { row: "F87" });
  return platform;
}
