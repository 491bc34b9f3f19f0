/** What a build starts from, opened once for everything that looks at a Dockerfile: builds, checks, outlines, lists of targets and graphs. */
import { resolve } from "node:path";
import {
  type BuildContext,
  type ContextOptions,
  followedExporters,
  followedFrontend,
  type NamedContexts,
  namedContexts,
  openAgents,
  openBuildContext,
  openSecretKeys,
  openSecrets,
  openSession,
  type Session,
} from "../context/index.ts";
import { type ParsedDockerfile, parseDockerfile, type PlanOptions } from "../dockerfile/index.ts";
import type { EngineContext, SourceAccess } from "../engine/index.ts";
import { usageError } from "../errors.ts";
import { type CheckSource, clientImage } from "./client-sources.ts";
import { learning, openGuard } from "./secret-guard.ts";
import type { SecretGuard } from "../secrets/index.ts";
import type { Emit } from "../events.ts";
import type { Followed } from "../followed.ts";
import { parseGitUrl } from "../graph/index.ts";
import { defaultPlatform, hostPlatform, type Platform } from "../oci/index.ts";
import { type CredentialSource, fileCredentials } from "../registry/index.ts";
import {
  type BaseImages,
  baseImages,
  findProjectFile,
  foldersOf,
  NO_RULES,
  openSourcePolicy,
  policyRules,
  type ProjectFile,
  type ProjectOptions,
  type SourcePolicy,
  type SourceRules,
} from "../project/index.ts";
import { homeDirectory } from "../home-directory.ts";
import { workingDirectory } from "../working-directory.ts";
import { noteCredentials, type UsedCredentials } from "./used-credentials.ts";

const POLICY_VARIABLE = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY";

/** What decides it. */
export interface OpenBuildOptions extends ContextOptions, ProjectOptions {
  readonly target?: string | undefined;
  /** BuildKit's: 10, 20 or 30 (default), the defaults of older exporters. Also the build argument `compatibility-version`. */
  readonly compatibilityVersion?: Followed["compatibility"] | undefined;
}

/** What the client of a server lends to its build, instead of what this machine has. */
export interface ClientAccess extends SourceAccess {
  readonly credentials: CredentialSource;
  /** Fetches what the build takes from a folder that was opened with its ignore file alone, or all of it. Gives the path of the folder that has it. */
  readonly folder?: ((opened: string, paths: readonly string[] | undefined) => Promise<string>) | undefined;
  /** Is asked about every source of a graph before anything of it is used. */
  readonly checkSource?: CheckSource | undefined;
  /** Judges sources before it. */
  readonly policy?: SourcePolicy | undefined;
  /** How the client knows the build, and what it calls it: for the history. */
  readonly build: { readonly id: string; readonly title: string };
}

/** Where its events go, and what stops it. */
export interface BuildRun {
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly client?: ClientAccess | undefined;
  /** Of a build that is done once more: what its sources were. */
  readonly replay?: ReplayedSources | undefined;
}

/** What the sources of a build were. */
export interface ReplayedSources {
  readonly rules: SourceRules;
  /** Files of the locks of its bases, by "RECIPE[:VARIANT]". */
  readonly lockFiles: ReadonlyMap<string, string>;
}

/** An opened build. */
export interface OpenedBuild<Options extends OpenBuildOptions = OpenBuildOptions> extends BuildRun, AsyncDisposable {
  readonly options: Options;
  readonly cwd: string;
  /** Opened on first use, because looking at a Dockerfile on this machine needs no store. */
  readonly session: () => Promise<Session>;
  readonly access: SourceAccess;
  readonly secretKey: EngineContext["secretKey"];
  /** Knows the secrets of the build, if it has any. */
  readonly guard: SecretGuard | undefined;
  /** Those of registries that it has used. */
  readonly credentials: UsedCredentials;
  readonly context: BuildContext;
  /** The folder of the context, if it is one of this machine. */
  readonly folder: string | undefined;
  /** The Dockerfile as it is written; it may have mistakes. */
  readonly written: ParsedDockerfile;
  /** The versions of BuildKit whose behaviour it gets. */
  readonly followed: Followed;
  readonly buildPlatform: Platform;
  /** The one that is meant where nobody names one. */
  readonly defaultPlatform: Platform;
  readonly contexts: NamedContexts;
  /** Its steps run on builders elsewhere. */
  readonly isElsewhere?: boolean | undefined;
  /** decant.yaml, read on first use. */
  readonly project: () => Promise<ProjectFile | undefined>;
  /** What it may take its sources for: with `locked` the pins of decant.lock, read on first use. */
  readonly rules: () => Promise<SourceRules>;
}

/**
 * Opens the context, and parses its Dockerfile. Throws `CONTEXT`, `DOCKERFILE_NOT_FOUND`, `UNSUPPORTED` for another frontend, `USAGE`, and what
 * fetching throws.
 */
export async function openBuild<Options extends OpenBuildOptions>(options: Options, run: BuildRun): Promise<OpenedBuild<Options>> {
  const { cwd = workingDirectory(), env = process.env } = options;
  await using opening = new AsyncDisposableStack();
  let opened: Promise<Session> | undefined;
  const credentials = noteCredentials(run.client?.credentials ?? fileCredentials({ env, homeDir: homeDirectory() }));
  const session = (): Promise<Session> => (opened ??= openSession(options, "change", credentials.source));
  opening.defer(async () => {
    // One that could not be opened has told so.
    const resource = await opened?.catch(() => undefined);
    await resource?.[Symbol.asyncDispose]();
  });
  const buildPlatform = hostPlatform({ arch: process.arch });
  const lent: SourceAccess = run.client ?? {
    secret: openSecrets(options.secrets ?? [], { cwd, env }),
    sshAgent: openAgents(options.ssh ?? [], { cwd, env }),
  };
  const isClient = run.client !== undefined;
  const guard = await openGuard(options, { access: lent, cwd, env, isClient, signal: run.signal });
  const access = isClient && guard !== undefined ? learning(lent, guard) : lent;
  const buildArgs = options.buildArgs ?? {};
  const compatibility = followedExporters(options.compatibilityVersion, buildArgs);
  const policy = await openPolicy(options, { cwd, env, ofClient: run.client?.policy });
  const atContext = run.replay?.rules.context ?? policy?.context ?? NO_RULES.context;
  const context = await openBuildContext(options, session, { cwd, access, compatibility, rule: atContext, ...run });
  refuseModes(options, context);
  const folder = context.files.kind === "folder" ? context.files.path : undefined;
  const written = parseDockerfile(context.dockerfile.bytes, { name: context.dockerfile.name });
  const followed: Followed = {
    ...followedFrontend(written, buildArgs, run.emit),
    compatibility,
  };
  let project: Promise<ProjectFile | undefined> | undefined;
  const contexts = await namedContexts(options.buildContexts ?? {}, cwd, buildPlatform, followed);
  let rules: Promise<SourceRules> | undefined;
  const resources = opening.move();
  return {
    ...run,
    options,
    cwd,
    session,
    access,
    secretKey: openSecretKeys(options.secrets ?? [], access.secret),
    guard,
    credentials,
    context,
    folder,
    written,
    followed,
    buildPlatform,
    defaultPlatform: defaultPlatform(env, buildPlatform),
    contexts,
    // What came from elsewhere does not say which images stand for others.
    project: () => (project ??= findProjectFile({ file: options.projectFile, context: folder, cwd })),
    rules: () => (rules ??= run.replay === undefined ? openRules(options, { context, folder, policy }) : Promise.resolve(run.replay.rules)),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

type Policy = (after?: SourceRules) => SourceRules;

/** The policy that the options or the environment name: rules with those of a lock after it. */
async function openPolicy(
  { sourcePolicy }: OpenBuildOptions,
  { cwd, env, ofClient }: Pick<OpenedBuild, "cwd"> & { readonly env: NodeJS.ProcessEnv; readonly ofClient: SourcePolicy | undefined },
): Promise<{ readonly context: SourceRules["context"]; readonly rules: Policy } | undefined> {
  const file = sourcePolicy ?? env[POLICY_VARIABLE] ?? "";
  const policy = ofClient ?? (file === "" ? undefined : await openSourcePolicy(resolve(cwd, file)));
  if (policy === undefined) return undefined;
  const rules: Policy = (after) => policyRules(policy, after);
  return { context: rules().context, rules };
}

async function openRules(
  options: OpenBuildOptions,
  { context, folder, policy }: Pick<OpenedBuild, "context" | "folder"> & { readonly policy: { readonly rules: Policy } | undefined },
): Promise<SourceRules> {
  const locked = options.locked === true ? await lockOf(options, context.dockerfile.path, folder) : undefined;
  return policy?.rules(locked) ?? locked ?? NO_RULES;
}

async function lockOf(options: OpenBuildOptions, dockerfile: string, folder: string | undefined): Promise<SourceRules> {
  const { openLockRules } = await import("./lock-rules.ts");
  return await openLockRules(options, dockerfile, folder);
}

/** An archive says modes itself, and what git gives has those of git already. */
function refuseModes({ contextModes, context }: OpenBuildOptions, { files }: BuildContext): void {
  if (contextModes !== "git" || files.kind === "folder" || files.layers.length === 0 || parseGitUrl(context, { asContext: true })) return;
  throw usageError("Cannot use --context-modes git: the context is an archive", "Leave it out, or give the unpacked folder as the context");
}

/** How people know what was built: by its first name, else by its context. */
export function titleOf({
  options,
  context,
  client,
}: OpenedBuild<OpenBuildOptions & { readonly tags?: readonly string[] | undefined }>): string {
  return client?.build.title ?? options.tags?.[0] ?? context.title;
}

/** How its Dockerfile is planned for a platform, with the build arguments as they were given. */
export function planOptionsOf({ options, followed, buildPlatform, contexts }: OpenedBuild, platform: Platform): PlanOptions {
  return {
    followed,
    target: options.target,
    buildArgs: options.buildArgs ?? {},
    platform,
    buildPlatform,
    hasContext: (name, at) => contexts.find(name, at) !== undefined,
  };
}

/** Where its images come from; of `severalPlatforms`, progress names each. */
export async function imagesOf(opened: OpenedBuild, severalPlatforms: boolean = false): Promise<BaseImages> {
  const { options, cwd, folder, context, contexts, emit, signal } = opened;
  const { assemble = [], locked = false } = options;
  const pull = options.pull === true ? "always" : options.pull === false ? undefined : options.pull;
  const bases = { cwd, folders: foldersOf(folder, context.dockerfile.path), assemble, locked, lockFiles: opened.replay?.lockFiles };
  const rules = await opened.rules();
  return baseImages(await opened.session(), {
    project: await opened.project(),
    contexts,
    bases,
    rules,
    asked: (name, platform) => clientImage(opened.client?.checkSource, name, platform),
    pull,
    severalPlatforms,
    emit,
    signal,
  });
}
