/** A build from its options to its result: opened, prepared, solved, finished, audited and exported, with its line in the history. */
import type { AuditReport } from "../audit/index.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import type { BuiltImage, ExportResult } from "../image/index.ts";
import { withAttestations } from "./attestations.ts";
import { checkBuildOptions } from "./check-options.ts";
import { builtImage } from "./built-image.ts";
import { keepEvents } from "./kept-events.ts";
import { withLoaderCache } from "./loader-cache.ts";
import { type BuildRun, openBuild, type OpenedBuild, titleOf } from "./open-build.ts";
import { exportAll } from "./outputs.ts";
import { formatPlatform } from "../oci/index.ts";
import { checkOpened, prepareBuild } from "./prepare.ts";
import { metadataProvenance } from "./provenance.ts";
import { openBuilders } from "./remote.ts";
import { openCaches } from "./shared-caches.ts";
import { type SolvedBuild, solveGraph } from "./solve-graph.ts";
import type { BuildOptions, BuildResult } from "./types.ts";

type ToldProvenance = NonNullable<BuildResult["provenances"]>[number];

/** Builds. Throws as `build` rejects. */
export async function runBuild(options: BuildOptions, { signal, emit, client }: BuildRun): Promise<BuildResult> {
  const keeper = keepEvents(emit);
  const run = { signal, emit: keeper.emit, client };
  await checkBuildOptions(options, run);
  await using local = await openBuild(options, run);
  const remote = await openBuilders(local);
  await using _builders = remote;
  const opened = { ...local, ...given({ remote }) };
  keeper.hide(opened.guard);
  await checkOpened(opened);
  const { history } = (await opened.session()).store;
  const { id } = history.begin(options.buildArgs?.["BUILDKIT_BUILD_NAME"] ?? titleOf(opened), client?.build.id);
  try {
    const result = await perform(opened, id);
    keeper.keep(history, id);
    history.finish(id, "done");
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
    throw error;
  }
}

async function perform(opened: OpenedBuild<BuildOptions>, id: string): Promise<BuildResult> {
  const prepared = await prepareBuild(opened);
  const caches = await openCaches(
    opened,
    prepared.map(({ conversion }) => conversion.platform),
  );
  const solve = opened.remote?.solve ?? solveGraph;
  const { builds, executed, cached } = await solve(prepared, { id, startedAt: Date.now(), shared: caches.shared });
  const images: BuiltImage[] = [];
  const audits: AuditReport[] = [];
  for (const build of builds) {
    await build.checks.result(build, build.opened.emit, opened.signal);
    const image = { ...(await finishImage(build)), ...given({ inlineCache: caches.inline(build) }) };
    const audit = await auditOf(build, image);
    images.push(image);
    if (audit !== undefined) audits.push(audit);
  }
  const outputs = await exportAll(images, builds);
  await caches.write(builds);
  const { metadataProvenance: mode } = opened.options;
  return {
    buildId: id,
    outputs,
    ...digestsOf(outputs),
    executed,
    cached,
    ...given({ provenances: mode === undefined ? undefined : builds.map((build) => toldProvenance(build, mode)) }),
    ...(audits.length === 0 ? {} : { audits }),
  };
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
async function auditOf(build: SolvedBuild, image: BuiltImage): Promise<AuditReport | undefined> {
  const { audit: mode } = build.opened.options;
  if (mode === undefined) return undefined;
  const { auditBuild } = await import("./audit.ts");
  return await auditBuild(build, image, mode);
}

/** What was solved as one image, with what is said of it. */
async function finishImage(build: SolvedBuild): Promise<BuiltImage> {
  const { opened, session, conversion, solution, started, epochSec, inIndex, platform } = build;
  const built = builtImage(conversion, solution, { nowMs: started.startedAt, epochSec, inIndex, requested: platform });
  const { emit, signal } = opened;
  const image = withAttestations(await withLoaderCache(built, { store: session.store, emit, signal }), build);
  return opened.guard === undefined ? image : (await import("./guarded-image.ts")).guardedImage(image, opened.guard, opened.options);
}

/** What the first output that is an image says of itself. */
function digestsOf(outputs: readonly ExportResult[]): Pick<BuildResult, "imageId" | "configDigest" | "manifestDigest"> {
  const image = outputs.find(({ descriptor }) => descriptor !== undefined);
  return given({ imageId: image?.imageId, configDigest: image?.configDigest, manifestDigest: image?.descriptor?.digest });
}
