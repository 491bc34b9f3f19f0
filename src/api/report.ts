/** `reportOf`: a page that shows builds and images. */
import { openSession, platformOf, type StoreOptions } from "../context/index.ts";
import { runAudit } from "../audit/index.ts";
import { keptBuild } from "../build/index.ts";
import { isDecantError, usageError } from "../errors.ts";
import { given } from "../given.ts";
import { findProjectFile, packageFinder, type SourceContext } from "../project/index.ts";
import type { BuildRecord, History } from "../store/index.ts";
import type { Tree } from "../tree/index.ts";
import type { ReportSubject } from "../report/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { openSubject } from "./audit-source.ts";
import { ALL_BUILDS, foundBuild } from "./history.ts";
import { fileChanges } from "./look/diff-images.ts";
import { flag, list, maybe, STORE, text } from "./options/kinds.ts";
import { type Shape, shapeOf } from "./options/shape.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/** Options of `reportOf`. */
export interface ReportOptions extends StoreOptions {
  /**
   * One build or image, or two that are compared, the older one first. A build is an ID, or the beginning of one with at least six characters. What is
   * no build is an image, as `AuditImageOptions.image` has it. Default: the newest build.
   */
  readonly subjects?: readonly string[] | undefined;
  /** Of images for several platforms. Default: the host's. */
  readonly platform?: string | undefined;
  /** Ask no archive which Debian packages would close a gap. Default false. */
  readonly offline?: boolean | undefined;
  /** Folder that relative paths start from, and the project file is in. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** What `reportOf` gives. */
export interface Report {
  /** One document without references to others: it opens anywhere, without a server. */
  readonly html: string;
}

const OPTIONS: Shape = shapeOf<ReportOptions>("reportOf", {
  ...STORE,
  subjects: maybe(list(text)),
  platform: maybe(text),
  offline: maybe(flag),
  cwd: maybe(text),
});

const MIN_ID = 6;

/**
 * Makes the page. Of a past build it has the image as long as the store has it. What was left behind in build stages only the build itself can tell:
 * see `BuildOptions.report`. Rejects with `NOT_FOUND`, `IMAGE_NOT_FOUND`, `REGISTRY*`, `CONFIG_FILE`, `USAGE` …
 */
export function reportOf(options: ReportOptions = {}): Run<Report> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    const { subjects: names = [] } = options;
    if (names.length > 2) throw usageError(`Cannot compare ${names.length} builds or images: a report is of one or two`);
    const { makeReport } = await import("../report/index.ts");
    const cwd = options.cwd ?? workingDirectory();
    await using session = await openSession(options, "look");
    const platform = platformOf(session, options.platform);
    const context = { session, platform, cwd, command: "report", emit, signal, offline: options.offline };
    const found: FoundSubject[] = [];
    for (const name of names.length === 0 ? [undefined] : names) found.push(await findSubject(name, context));
    const [before, after] = found;
    const changes = before?.tree && after?.tree && (await fileChanges(before.tree, after.tree, signal));
    return { html: await makeReport({ subjects: found.map(({ subject }) => subject), fileChanges: changes }) };
  });
}

/** How subjects are opened. */
interface ReportContext extends SourceContext {
  readonly offline: boolean | undefined;
}

/** A subject; of an image also its files. */
interface FoundSubject {
  readonly subject: ReportSubject;
  readonly tree?: Tree;
}

async function findSubject(name: string | undefined, context: ReportContext): Promise<FoundSubject> {
  const { history } = context.session.store;
  if (name === undefined || isBuild(history, name)) return await pastBuild(foundBuild(history, name), context);
  const { image, tree } = await openImage(name, context);
  return { subject: { title: name, image, notes: [] }, tree };
}

function isBuild(history: History, name: string): boolean {
  return name.length >= MIN_ID && history.list(ALL_BUILDS).some(({ id }) => id.startsWith(name));
}

async function pastBuild(record: BuildRecord, context: ReportContext): Promise<FoundSubject> {
  const { history } = context.session.store;
  const { buildData } = await import("../report/index.ts");
  const build = buildData(keptBuild(history, record));
  const made = build.results.find(({ kind, digest }) => kind === "image" && digest !== undefined);
  const told = { title: record.title, build };
  const left = "What was left behind in build stages is in the report that the build itself writes: decant build --report FILE.";
  if (made?.digest === undefined) return { subject: { ...told, notes: ["The build left no image in the store."] } };
  try {
    const { image, tree } = await openImage(made.digest, context);
    return { subject: { ...told, image: { ...image, name: made.name, digest: made.digest }, notes: [left] }, tree };
  } catch (error) {
    if (!isDecantError(error, "IMAGE_NOT_FOUND") && !isDecantError(error, "NOT_FOUND")) throw error;
    return { subject: { ...told, notes: [`The store no longer has the image of this build, ${made.digest}.`] } };
  }
}

async function openImage(name: string, context: ReportContext): Promise<Required<Pick<ReportSubject, "image">> & { readonly tree: Tree }> {
  const { session, cwd, emit, signal } = context;
  const { imageData } = await import("../report/index.ts");
  const project = await findProjectFile({ file: undefined, context: undefined, cwd });
  const subject = await openSubject(name, context);
  const debian = { ...project?.debian, ...given({ offline: context.offline }) };
  const audit = await runAudit(subject, {
    policy: project?.audit ?? {},
    whoHas: packageFinder({ session, debian, platform: subject.platform, emit, signal }),
    signal,
  });
  return { image: await imageData({ subject, audit, signal }), tree: subject.tree };
}
