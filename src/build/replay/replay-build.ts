/**
 * Builds an image once more from its provenance, and compares. All steps run: no result of an earlier build counts, and none is kept. Sources are
 * what they were, by their digests.
 */
import { join } from "node:path";
import { sha256 } from "../../digest.ts";
import { formatLock, formatStandIn, type Lock, parseLock, parseStandIn } from "../../distroless/index.ts";
import { forgetImage, loadImage, type OpenedImage, type OutputSpec, storedImages, writeOutputFile } from "../../image/index.ts";
import type { Session } from "../../context/index.ts";
import { ESTARGZ_TOC_ANNOTATION, formatPlatform, layerCompressionOf, OCI_MANIFEST, type Platform } from "../../oci/index.ts";
import { InternalError } from "../../errors.ts";
import { given } from "../../given.ts";
import { step } from "../../step.ts";
import { makeTemporaryFolder } from "../../sys/index.ts";
import { workingDirectory } from "../../working-directory.ts";
import { keepEvents } from "../kept-events.ts";
import { finishImage } from "../finish-image.ts";
import { type BuildRun, openBuild, type ReplayedSources } from "../open-build.ts";
import { exportAll } from "../outputs.ts";
import { checkOpened, type PreparedBuild, prepareBuild } from "../prepare.ts";
import { solveGraph } from "../solve-graph.ts";
import { namedTargets } from "../targets.ts";
import type { BuildOptions } from "../types.ts";
import { buildOptionsOf } from "./build-options.ts";
import { checkReads } from "./check-reads.ts";
import { compareImages } from "./compare-images.ts";
import { replayError } from "./errors.ts";
import { imagePins, replayRules } from "./pins.ts";
import type { RecordedBuild } from "./read-provenance.ts";
import type { BuildRecord, RecordedForm } from "./record.ts";
import type { ReplayOptions, ReplayResult } from "./types.ts";

/** An image, and what its provenance says. */
export interface ReplaySubject {
  readonly image: OpenedImage;
  readonly platform: Platform;
  readonly recorded: RecordedBuild;
}

/** Throws `REPLAY` where something is missing or another one now, and what builds throw. */
export async function replayBuild(session: Session, subject: ReplaySubject, options: ReplayOptions, run: BuildRun): Promise<ReplayResult> {
  const { recorded, image, platform } = subject;
  const { record } = recorded;
  if (record?.kind === "base") throw new InternalError("a base is no build");
  const { cwd = workingDirectory() } = options;
  await using scratch = makeTemporaryFolder("replay");
  const isWhole = recorded.dockerfile !== undefined && (record === undefined || sha256(recorded.dockerfile) === record.dockerfile.digest);
  if (isWhole && recorded.dockerfile !== undefined)
    await writeOutputFile(join(scratch.path, "Dockerfile"), recorded.dockerfile, run.signal);
  const known = isWhole ? recorded : withoutDockerfile(recorded);
  const build: BuildOptions = {
    ...buildOptionsOf({ recorded: known, record, options, cwd, scratch: scratch.path }),
    outputs: [storeOutput(record?.form ?? {}, image, options.tags ?? []), ...(options.outputs ?? [])],
  };
  const replay = await sourcesOf(session, subject, { image: options.image, record, folder: scratch.path, signal: run.signal });
  const keeper = keepEvents(run.emit);
  await using opened = await openBuild(build, { ...run, emit: keeper.emit, replay });
  keeper.hide(opened.guard);
  await checkOpened(opened);
  checkDockerfile(options.image, opened.context.dockerfile, record);
  const targets = namedTargets(build);
  if (targets === undefined) throw new InternalError("a replay of all targets");
  const [prepared] = await prepareBuild(opened, targets);
  if (prepared === undefined) throw new InternalError("a build without platforms");
  if (record !== undefined) {
    const plan = { vertex: "check contexts", name: "checking the files of the contexts" };
    await step(keeper.emit, plan, run.signal, () => checkReads(options.image, prepared, record.reads ?? []));
  }
  const { history } = session.store;
  const { id } = history.begin(`replay of ${options.image}`);
  try {
    const result = await perform(session, prepared, subject, { id, options });
    keeper.keep(history, id);
    history.finish(id, "done");
    return { image: options.image, platform: formatPlatform(platform), ...result };
  } catch (error) {
    keeper.keep(history, id);
    const message = error instanceof Error ? error.message : String(error);
    history.finish(id, run.signal.aborted ? "cancelled" : "failed", opened.guard?.masked(message) ?? message);
    throw error;
  }
}

async function perform(
  session: Session,
  prepared: PreparedBuild,
  { image, platform, recorded }: ReplaySubject,
  { id, options }: { readonly id: string; readonly options: ReplayOptions },
): Promise<Omit<ReplayResult, "image" | "platform">> {
  const { signal } = prepared.opened;
  // Without an epoch, the image has the time at which its build began.
  const startedAt = recorded.startedAt ?? Date.now();
  const { builds } = await solveGraph([prepared], { id, startedAt, again: {} });
  const [solved] = builds;
  if (solved === undefined) throw new InternalError("a build without a result");
  const before = new Set((await storedImages(session.store)).map(({ top }) => top.digest));
  const outputs = await exportAll([await finishImage(solved)], [solved]);
  const digest = outputs[0]?.descriptor?.digest;
  if (digest === undefined) throw new InternalError("the replay was not stored");
  const replayed = await loadImage(session.store, digest, platform);
  const compare = { vertex: "compare", name: `comparing with ${options.image}` };
  const difference = await step(prepared.opened.emit, compare, signal, () => compareImages(image, replayed, signal));
  const isKept = (options.tags ?? []).length > 0 || before.has(digest);
  if (!isKept) forgetImage(session.store, digest, []);
  return {
    digest: image.descriptor.digest,
    replayed: replayed.descriptor.digest,
    same: difference === undefined,
    ...given({ difference }),
    outputs: isKept ? outputs : outputs.slice(1),
  };
}

function withoutDockerfile({ dockerfile: _other, ...recorded }: RecordedBuild): RecordedBuild {
  return recorded;
}

/** In the store, in the form that the image has. */
export function storeOutput(
  form: RecordedForm,
  { manifest }: OpenedImage,
  names: readonly string[],
): Extract<OutputSpec, { readonly type: "image" }> {
  const { level, force, rewriteTimestamp, sourceDateEpoch } = form;
  const top = manifest.layers.at(-1);
  const isEstargz = top?.annotations?.[ESTARGZ_TOC_ANNOTATION] !== undefined;
  const has = top === undefined ? undefined : isEstargz ? "estargz" : layerCompressionOf(top.mediaType);
  return {
    type: "image",
    names,
    push: false,
    // The store has our own layers as they are, unless the build was asked for something else; a push compresses them.
    ...given({ compression: has === "uncompressed" && form.compression !== "uncompressed" ? undefined : has }),
    ...given({ level, force, rewriteTimestamp, sourceDateEpoch }),
    ociMediaTypes: (manifest.mediaType ?? OCI_MANIFEST) === OCI_MANIFEST,
  };
}

/** What sources were, and the locks of bases as files in `folder`. */
async function sourcesOf(
  { store }: Session,
  { recorded, platform }: ReplaySubject,
  at: { readonly image: string; readonly record: BuildRecord | undefined; readonly folder: string; readonly signal: AbortSignal },
): Promise<ReplayedSources> {
  const { materials } = recorded;
  const here = new Set<string>();
  for (const [name, digests] of imagePins(materials)) {
    if (store.images.get(name) === undefined) continue;
    const found = await loadImage(store, name, platform).catch(() => undefined);
    if (found !== undefined && digests.has(found.descriptor.digest)) here.add(name);
  }
  const lockFiles = new Map<string, string>();
  for (const [base, lock] of locksOf(at.record)) {
    const file = join(at.folder, `${lockFiles.size}.lock.json`);
    await writeOutputFile(file, formatLock(lock), at.signal);
    lockFiles.set(base, file);
  }
  return { rules: replayRules({ image: at.image, materials, here }), lockFiles };
}

/** The locks of assembled bases. A build for several platforms has one for each. Throws `RECIPE_LOCK`. */
function locksOf(record: BuildRecord | undefined): Map<string, Lock> {
  const locks = new Map<string, Lock>();
  for (const { as, lock: text } of record?.images ?? []) {
    if (text === undefined) continue;
    const { architecture: _architecture, ...base } = parseStandIn(as.replace(/^distroless:/, ""));
    const key = formatStandIn(base);
    const lock = parseLock(text, as);
    locks.set(key, { ...lock, architectures: { ...locks.get(key)?.architectures, ...lock.architectures } });
  }
  return locks;
}

function checkDockerfile(
  image: string,
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
  record: BuildRecord | undefined,
): void {
  if (record === undefined || sha256(bytes) === record.dockerfile.digest) return;
  throw replayError(image, `"${path}" is not the Dockerfile that it was built from`, {
    hint: "Check out the sources that it was built from, or name the Dockerfile: --file FILE",
  });
}
