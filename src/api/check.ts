/** `checkDockerfile`, `outline` and `targets`: what a Dockerfile is, without building it (F57, F58). */
import { AT_ONCE, pool } from "../async.ts";
import type { ByteStream } from "../bytes.ts";
import {
  checkParsed,
  type CheckWarning,
  type Diagnostic,
  type ImageFactsOf,
  imageKey,
  type Outline,
  outlineOf,
  type ParsedDockerfile,
  parseDockerfile,
  type Plan,
  planDockerfile,
  type PlanOptions,
  runChecks,
  type Stage,
} from "../dockerfile/index.ts";
import { readIgnorePatterns } from "../engine/index.ts";
import { isDecantError } from "../errors.ts";
import { noEvents } from "../events.ts";
import { type TreeFacts, treeFactsOf } from "../facts/index.ts";
import type { ResolvedImage } from "../graph/index.ts";
import { formatPlatform, hostPlatform, parsePlatform, type Platform } from "../oci/index.ts";
import type { SourceFile } from "../source.ts";
import { DISTROLESS, type StandIns, standIns } from "./base/stand-ins.ts";
import { type BaseImages, baseImages } from "./base-images.ts";
import { joinChecks, type PlatformCheck } from "./check-platforms.ts";
import { createImageConfigs, type ImageConfigs } from "./build-checks.ts";
import { type CheckedContext, openCheckedContext } from "./check-context.ts";
import { refuseFrontend } from "./refusals.ts";
import { type NamedContext, type NamedContexts, namedContexts } from "./named-contexts.ts";
import { findProjectFile, type ProjectFile, replacementFor } from "./project-file.ts";
import { openSession, type Session } from "./session.ts";
import type { SecretSpec, SshSpec, StoreOptions } from "./types.ts";

/** Options of `checkDockerfile`, `outline` and `targets`: as those of `build`. */
export interface DockerfileOptions extends StoreOptions {
  /** A folder, or anything else that a build takes: "-", a git reference, a URL. */
  readonly context: string;
  /** The Dockerfile, as for `build`. Default: `Dockerfile` in the context. */
  readonly file?: string;
  /** For `context: "-"` and `file: "-"`. */
  readonly stdin?: ByteStream;
  /** Credentials of what has to be fetched. */
  readonly secrets?: readonly SecretSpec[];
  readonly ssh?: readonly SshSpec[];
  /** Default: the working directory. */
  readonly cwd?: string;
  /** Default: every stage for checks, the last one for an outline. */
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Named contexts, as for `build`: they stand in for images and stages of their names. */
  readonly buildContexts?: Readonly<Record<string, string>>;
  /** Default: the host's. */
  readonly platform?: string;
}

/** Options of `checkDockerfile`. */
export interface CheckDockerfileOptions extends DockerfileOptions {
  /** Look base images up (their configuration only), in the store and then the registry. Default true. */
  readonly lookUpImages?: boolean;
  /** decant.yaml. Default: the one in the context, else in the working directory, if any. */
  readonly projectFile?: string;
  /** Patterns of images that are assembled, as for `build`: they are not looked up. */
  readonly assemble?: readonly string[];
  /** Checks for each of them; what is found for some only says for which. Default: `platform`. */
  readonly platforms?: readonly string[];
}

/** What checks say. */
export interface DockerfileCheck {
  readonly file: SourceFile;
  readonly warnings: readonly CheckWarning[];
  /** Why the file cannot be built, as far as its text tells. */
  readonly errors: readonly Diagnostic[];
  /** Rules whose breaking is an error, because the file or BUILDKIT_DOCKERFILE_CHECK says `error=true`. */
  readonly violations: readonly string[];
  /** What could not be judged, e.g. because a base image could not be looked up. */
  readonly notes: readonly string[];
  /** No error, and no rule of BuildKit is broken: what the exit code says. */
  readonly passed: boolean;
}

/** What `outline` gives. */
export interface DockerfileOutline extends Outline {
  readonly file: SourceFile;
}

/** One stage, as `targets` lists it. */
export interface DockerfileTarget {
  /** Absent for a stage without a name, which is a target only as the last one. */
  readonly name?: string;
  readonly index: number;
  readonly isDefault: boolean;
  readonly description?: string;
  /** What FROM says, variables not filled in. */
  readonly base: string;
  readonly platform?: string;
  readonly line: number;
}

/** What `targets` gives. */
export interface DockerfileTargets {
  readonly file: SourceFile;
  readonly targets: readonly DockerfileTarget[];
}

const LOOK_UP_TIMEOUT_MS = 10_000;

/**
 * Checks a Dockerfile without building it. Mistakes of the file are in the result. Rejects with `CONTEXT`, `DOCKERFILE_NOT_FOUND`, `CONFIG_FILE`,
 * `PLATFORM`, `STORE*`, or with the signal's reason.
 */
export async function checkDockerfile(options: CheckDockerfileOptions): Promise<DockerfileCheck> {
  const opened = await open(options);
  const wanted = (options.platforms ?? []).flatMap((list) => list.split(","));
  const platforms = wanted.length === 0 ? [opened.platform] : wanted.map((text) => parsePlatform(text, opened.buildPlatform));
  const byName = new Map(platforms.map((platform) => [formatPlatform(platform), platform]));
  const checks: PlatformCheck[] = [];
  for (const [name, platform] of byName) checks.push({ platform: name, ...(await checkFor(platform, opened, options)) });
  const joined = joinChecks(checks);
  const passed = joined.errors.length === 0 && joined.warnings.every(({ origin }) => origin !== "buildkit");
  return { file: opened.parsed.file, ...joined, passed };
}

async function checkFor(
  platform: Platform,
  { parsed, path, folder, buildPlatform }: Opened,
  options: CheckDockerfileOptions,
): Promise<Omit<PlatformCheck, "platform">> {
  const contexts = await namedContexts(options.buildContexts ?? {}, options.cwd ?? process.cwd(), buildPlatform);
  const wanted: PlanOptions = {
    target: options.target,
    buildArgs: options.buildArgs ?? {},
    platform,
    buildPlatform,
    everyStage: options.target === undefined,
    hasContext: (name, at) => contexts.find(name, at) !== undefined,
  };
  const plan = planDockerfile(parsed, wanted);
  const found = options.lookUpImages === false ? undefined : await lookUp(plan, contexts, folder, options);
  const report = runChecks(found === undefined ? plan : planDockerfile(parsed, { ...wanted, image: found.images.get }), {
    ignore: folder === undefined ? [] : await readIgnorePatterns(folder, path),
    ...(found === undefined ? {} : { facts: found.facts, hasShell: found.hasShell }),
  });
  return { ...report, notes: found?.notes ?? [] };
}

/** The images that stages are from. */
function basesOf({ stages, options }: Plan): readonly { readonly name: string; readonly platform: Platform }[] {
  const wanted = stages.filter(({ base, isNeeded }) => base.kind === "image" && (isNeeded || options.everyStage === true));
  return [...new Map(wanted.map(({ baseName: name, platform }) => [imageKey(name, platform), { name, platform }])).values()];
}

/** What a target takes. Rejects with `CONTEXT`, `DOCKERFILE_*`, `PLATFORM`. */
export async function outline(options: DockerfileOptions): Promise<DockerfileOutline> {
  const { parsed, platform, buildPlatform } = await open(options);
  checkParsed(parsed);
  const { target, buildArgs = {}, buildContexts = {}, cwd = process.cwd() } = options;
  const contexts = await namedContexts(buildContexts, cwd, buildPlatform);
  const hasContext = (name: string, at: Platform): boolean => contexts.find(name, at) !== undefined;
  return { file: parsed.file, ...outlineOf(planDockerfile(parsed, { target, buildArgs, platform, buildPlatform, hasContext })) };
}

/** Every stage that can be built. Rejects with `CONTEXT`, `DOCKERFILE_*`. */
export async function targets(options: DockerfileOptions): Promise<DockerfileTargets> {
  const { parsed } = await open(options);
  checkParsed(parsed);
  return { file: parsed.file, targets: parsed.stages.map((stage) => targetOf(stage, parsed.stages.length)) };
}

function targetOf({ index, name, description, from }: Stage, count: number): DockerfileTarget {
  return {
    ...(name === undefined ? {} : { name }),
    index,
    isDefault: index === count - 1,
    ...(description === undefined ? {} : { description }),
    base: from.image.text,
    ...(from.platform === undefined ? {} : { platform: from.platform.text }),
    line: from.range.start.line,
  };
}

interface Opened extends Pick<CheckedContext, "folder" | "path"> {
  readonly parsed: ParsedDockerfile;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
}

async function open(options: DockerfileOptions): Promise<Opened> {
  const { dockerfile, ...place } = await openCheckedContext(options);
  const buildPlatform = hostPlatform({ arch: process.arch });
  const { platform } = options;
  const parsed = parseDockerfile(dockerfile.bytes, { name: dockerfile.name });
  refuseFrontend(parsed, options.buildArgs ?? {});
  return {
    ...place,
    parsed,
    buildPlatform,
    platform: platform === undefined || platform === "local" ? buildPlatform : parsePlatform(platform, buildPlatform),
  };
}

interface LookedUp {
  readonly images: ImageConfigs;
  readonly facts: ImageFactsOf;
  readonly hasShell: (name: string) => boolean | undefined;
  readonly notes: readonly string[];
}

/** An image that cannot be looked up is a note, not an error: the text can be checked all the same. */
async function lookUp(plan: Plan, contexts: NamedContexts, folder: string | undefined, options: CheckDockerfileOptions): Promise<LookedUp> {
  const images = createImageConfigs();
  const trees = new Map<string, TreeFacts>();
  const notes: string[] = [];
  const cwd = options.cwd ?? process.cwd();
  const project = await findProjectFile({ file: options.projectFile, context: folder, cwd });
  const wanted = basesOf(plan);
  const shells = new Map<string, boolean>();
  if (wanted.length > 0) {
    await using session = await openSession(options);
    const assembled = standIns(session, { project, cwd, folders: folder === undefined ? [] : [folder], assemble: options.assemble ?? [] });
    await pool(AT_ONCE, wanted, async ({ name, platform }) => {
      const timeout = AbortSignal.timeout(LOOK_UP_TIMEOUT_MS);
      const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
      try {
        const standIn = await standInFor(name, contexts.find(name, platform), project, assembled);
        if (standIn !== undefined) {
          // Assembling it means downloading packages, which is too much for a check.
          const { config, hasShell } = await assembled.describe(standIn, platform);
          images.set(name, platform, config);
          shells.set(name, hasShell);
          return;
        }
        const bases = baseImages(session, { project, contexts, pull: false, emit: noEvents, signal });
        const range = { file: { name: "", text: "" }, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
        const base = await bases.resolveImage({ name, platform, explicitPlatform: true, range, stageNames: [] });
        images.set(name, platform, base.config);
        const tree = await localFacts(session, bases, base, signal);
        if (tree !== undefined) trees.set(treeKey(name, platform), tree);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!isDecantError(error) && !timeout.aborted) throw error;
        if (isDecantError(error, "INTERNAL")) throw error;
        const why = timeout.aborted ? `no answer within ${LOOK_UP_TIMEOUT_MS / 1000} s` : error instanceof Error ? error.message : "";
        notes.push(`Variables of ${name} are not known, and not judged: ${why}`);
      }
    });
  }
  return {
    images,
    facts: (name, platform) => trees.get(treeKey(name, platform)),
    notes: notes.toSorted(),
    hasShell: (name) => shells.get(name),
  };
}

/** "distroless:…" for an image that a build would assemble. */
async function standInFor(
  name: string,
  context: NamedContext | undefined,
  project: ProjectFile | undefined,
  bases: StandIns,
): Promise<string | undefined> {
  if (context !== undefined) return context.kind === "image" && context.name.startsWith(DISTROLESS) ? context.name : undefined;
  const replacement = replacementFor(project, name);
  if (replacement !== undefined) return replacement.startsWith(DISTROLESS) ? replacement : undefined;
  return await bases.nameFor(name, noEvents);
}

function treeKey(name: string, platform: Platform): string {
  return `${formatPlatform(platform)} ${name}`;
}

/** What the image holds, when its layers are here. */
async function localFacts(
  session: Session,
  bases: BaseImages,
  { identifier, files, config, platform }: ResolvedImage,
  signal: AbortSignal,
): Promise<TreeFacts | undefined> {
  if (files !== undefined) return undefined;
  try {
    const result = await bases.resolve({ kind: "source", identifier, attrs: {} }, platform, signal, "");
    return result.kind === "layers" ? await treeFactsOf(session.store, result.layers, config.config ?? {}, signal) : undefined;
  } catch (error) {
    signal.throwIfAborted();
    // A damaged layer is told when it is used.
    if (!isDecantError(error) || isDecantError(error, "INTERNAL")) throw error;
    return undefined;
  }
}
