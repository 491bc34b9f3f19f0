/** A build from its options to its result: opened, prepared, solved, finished, audited and exported, with its line in the history. */
import { release } from "node:os";
import type { AuditReport } from "../audit/index.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import type { BuiltImage, ExportResult } from "../image/index.ts";
import { checkBuildOptions, checkTargets } from "./check-options.ts";
import { finishImage } from "./finish-image.ts";
import { openCollector } from "./collector.ts";
import { keepEvents } from "./kept-events.ts";
import { type BuildRun, openBuild, type OpenedBuild, titleOf } from "./open-build.ts";
import { exportAll } from "./outputs.ts";
import { formatPlatform, type Platform } from "../oci/index.ts";
import { checkOpened, type PreparedBuild, prepareBuild } from "./prepare.ts";
import { metadataProvenance } from "./provenance.ts";
import { openBuilders, type RemoteSolver } from "./remote.ts";
import type { BuildReport } from "./report.ts";
import { openCaches, type SharedCaches } from "./shared-caches.ts";
import { tellSize } from "./size.ts";
import { type SolvedBuild, solveGraph } from "./solve-graph.ts";
import { allTargets, type BuildTarget, shownTarget } from "./targets.ts";
import type { SecretGuard } from "../secrets/index.ts";
import { credentialGuard } from "./credential-guard.ts";
import { VERSION } from "../version.ts";
import type { BuildOptions, BuildResult, TargetResult } from "./types.ts";

type ToldProvenance = NonNullable<BuildResult["provenances"]>[number];

/** Builds. Throws as `build` rejects. */
export async function runBuild(options: BuildOptions, { signal, emit, client }: BuildRun): Promise<BuildResult> {
  const keeper = keepEvents(emit);
  const run = { signal, emit: keeper.emit, client };
  const named = await checkBuildOptions(options, run);
  await using local = await openBuild(options, run);
  const remote = await openBuilders(local);
  await using _builders = remote;
  const opened = { ...local, isElsewhere: remote !== undefined };
  keeper.hide(opened.guard);
  await checkOpened(opened);
  const report = await openReport(opened);
  const targets = named ?? allTargets(options, opened.written);
  if (named === undefined) await checkTargets(targets, run);
  const { history } = (await opened.session()).store;
  const { id } = history.begin(options.buildArgs?.["BUILDKIT_BUILD_NAME"] ?? titleOfAll(opened, targets), client?.build.id);
  run.emit({ type: "versions", versions: versionsOf(opened) });
  try {
    const result = await perform(opened, { targets, id, report, solve: remote?.solve ?? solveGraph, hide: (guard) => keeper.hide(guard) });
    keeper.keep(history, id);
    history.finish(id, "done");
    await report?.write(history, id);
    return result;
  } catch (error) {
    const state = run.signal.aborted ? "cancelled" : "failed";
    try {
      keeper.keep(history, id);
      const message = error instanceof Error ? error.message : String(error);
      history.finish(id, state, opened.guard?.masked(message) ?? message);
    } catch (unwritten) {
      // A disk that is full is why the build failed; the history says by itself that a build whose process is gone has failed.
      if (!isDecantError(unwritten, "STORE_FULL")) throw unwritten;
    }
    await report?.writeOfFailure(history, id);
    throw error;
  }
}

function versionsOf({ followed }: OpenedBuild<BuildOptions>): Readonly<Record<string, string>> {
  return { decant: VERSION, node: process.versions.node, linux: release(), machine: process.arch, dockerfile: followed.frontend };
}

/** Most builds write no report: what makes one is loaded on use. Throws `EXPORT` where its file cannot be written. */
async function openReport(opened: OpenedBuild<BuildOptions>): Promise<BuildReport | undefined> {
  const { report } = opened.options;
  if (report === undefined) return undefined;
  const { openBuildReport } = await import("./report.ts");
  return await openBuildReport(report, opened);
}

/** By the names of its images, else by its context. */
function titleOfAll(opened: OpenedBuild<BuildOptions>, targets: readonly BuildTarget[]): string {
  const results = targets.filter(({ role }) => role === "result");
  return [...new Set(results.map(({ options }) => titleOf({ ...opened, options })))].join(", ");
}

/** What is to be done, and what is told of it. */
interface Work {
  readonly targets: readonly BuildTarget[];
  /** Of the build. */
  readonly id: string;
  readonly report: BuildReport | undefined;
  readonly solve: RemoteSolver["solve"];
  /** Takes care that no event has a secret that the guard knows. */
  readonly hide: (guard: SecretGuard | undefined) => void;
}

async function perform(opened: OpenedBuild<BuildOptions>, { targets, id, report, solve, hide }: Work): Promise<BuildResult> {
  const planned = await prepareBuild(opened, targets);
  const guard = await credentialGuard(opened);
  hide(guard);
  const prepared = guard === opened.guard ? planned : planned.map((one) => ({ ...one, opened: { ...one.opened, guard } }));
  const caches = await openCaches({ ...opened, guard }, platformsIn(prepared));
  const collector = await openCollector((await opened.session()).store, opened.emit, opened.signal);
  const started = { id, startedAt: Date.now(), shared: caches.shared, grew: () => collector.collect() };
  const { builds, executed, cached } = await solve(prepared, started);
  if (opened.options.verifyReproducible === true) {
    const { verifyReproducible } = await import("./reproducible/verify.ts");
    await verifyReproducible(builds.filter(({ target }) => target.role === "result"));
  }
  const finished: FinishedTarget[] = [];
  for (const target of targets) {
    if (target.role === "also") continue;
    finished.push(
      await finishTarget(
        target,
        builds.filter((build) => build.target === target),
        { caches, report },
      ),
    );
  }
  await caches.check();
  // Only when all have passed: a build that fails has written nothing.
  const results: TargetResult[] = [];
  for (const one of finished) results.push(await exportTarget(one));
  await caches.write(builds);
  await collector.collect();
  const outputs = results.flatMap((result) => result.outputs);
  const audits = results.flatMap((result) => result.audits ?? []);
  return {
    buildId: id,
    ...(results.length === 1 ? results[0] : {}),
    outputs,
    ...digestsOf(outputs),
    executed,
    cached,
    ...(audits.length === 0 ? {} : { audits }),
    ...given({ targets: namedResults(finished, results) }),
  };
}

function platformsIn(prepared: readonly PreparedBuild[]): readonly Platform[] {
  const platforms = prepared.map(({ conversion }) => conversion.platform);
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()];
}

/** A target whose images are decided, and none written. */
interface FinishedTarget {
  readonly target: BuildTarget;
  /** For each platform. */
  readonly builds: readonly SolvedBuild[];
  readonly images: readonly BuiltImage[];
  readonly audits: readonly AuditReport[];
  readonly sizes: readonly Awaited<ReturnType<typeof tellSize>>[];
}

/** What targets are finished with. */
interface Finishing {
  readonly caches: SharedCaches;
  readonly report: BuildReport | undefined;
}

async function finishTarget(target: BuildTarget, builds: readonly SolvedBuild[], { caches, report }: Finishing): Promise<FinishedTarget> {
  const images: BuiltImage[] = [];
  const audits: AuditReport[] = [];
  const sizes: Awaited<ReturnType<typeof tellSize>>[] = [];
  for (const build of builds) {
    await build.checks.result(build, build.opened.emit, build.opened.signal);
    const image = { ...(await finishImage(build)), ...given({ inlineCache: caches.inline(build) }) };
    const audit = await auditOf(build, image, report);
    images.push(image);
    sizes.push(await tellSize(build, image, builds.length > 1));
    if (audit !== undefined) audits.push(audit);
  }
  return { target, builds, images, audits, sizes };
}

async function exportTarget({ target, builds, images, audits, sizes }: FinishedTarget): Promise<TargetResult> {
  const outputs = await exportAll(images, builds);
  for (const size of sizes) size.keep();
  const { metadataProvenance: mode } = target.options;
  return {
    outputs,
    ...digestsOf(outputs),
    ...given({ provenances: mode === undefined ? undefined : builds.map((build) => toldProvenance(build, mode)) }),
    ...(audits.length === 0 ? {} : { audits }),
  };
}

/** Each by its name, where the options have a list of targets. */
function namedResults(finished: readonly FinishedTarget[], results: readonly TargetResult[]): BuildResult["targets"] {
  const named = finished.flatMap(({ target }, at) => {
    const [name, result] = [shownTarget(target), results[at]];
    return name === undefined || result === undefined ? [] : [{ target: name, ...result }];
  });
  return named.length === 0 ? undefined : named;
}

/** What a metadata file says of how one platform was built. */
function toldProvenance(build: SolvedBuild, mode: Parameters<typeof metadataProvenance>[1]): ToldProvenance {
  const predicate = metadataProvenance(build, mode);
  const { guard, client } = build.opened;
  const platform = formatPlatform(build.platform);
  // A server keeps it for clients that did not ask for it: no reason to refuse the build.
  if (client !== undefined && guard !== undefined)
    return { platform, predicate: JSON.parse(guard.masked(JSON.stringify(predicate))) as typeof predicate };
  guard?.checkText("its provenance", JSON.stringify(predicate));
  return { platform, predicate };
}

/** The report, when the options ask for one. Most builds ask for none: what audits images is loaded on use. */
async function auditOf(build: SolvedBuild, image: BuiltImage, report: BuildReport | undefined): Promise<AuditReport | undefined> {
  const { audit: mode } = build.opened.options;
  if (mode === undefined && report === undefined) return undefined;
  const { auditBuild } = await import("./audit.ts");
  const audit = await auditBuild(build, image, { mode, onJudged: report?.add });
  return mode === undefined ? undefined : audit;
}

/** What the first output that is an image says of itself. */
function digestsOf(outputs: readonly ExportResult[]): Pick<BuildResult, "imageId" | "configDigest" | "manifestDigest"> {
  const image = outputs.find(({ descriptor }) => descriptor !== undefined);
  return given({ imageId: image?.imageId, configDigest: image?.configDigest, manifestDigest: image?.descriptor?.digest });
}
