/**
 * The checks of a build: what BuildKit shows while it builds, with the images that the conversion has looked up anyway, and what Decant's own
 * rules see in what was made.
 */
import {
  CHECK_ARGUMENT,
  type CheckReport,
  type CheckWarning,
  type Diagnostic,
  type ImageRequest,
  type ParsedDockerfile,
  type Plan,
  planDockerfile,
  type PlanOptions,
  runChecks,
  suggest,
} from "../dockerfile/index.ts";
import { DecantError, isDecantError } from "../errors.ts";
import { type Emit, type EventInput, eventSource } from "../events.ts";
import { type LayerContext, type LocalContext, readIgnorePatterns, type Solution } from "../engine/index.ts";
import type { Conversion, ResolvedImage } from "../graph/index.ts";
import { formatExcerpt, formatPosition } from "../source.ts";
import type { Store } from "../store/index.ts";
import { builtFacts } from "./built-facts.ts";
import { createImageConfigs } from "./image-configs.ts";

/** Did-you-mean compares with so many names. */
const MAX_NAMES = 200;

/** What the checks of a build need to know. */
interface BuildChecksInput extends Omit<PlanOptions, "image" | "everyStage"> {
  readonly parsed: ParsedDockerfile;
  /** A folder has a .dockerignore. */
  readonly files: LocalContext | LayerContext;
}

/** Collects images while the graph is made, then checks. */
export interface BuildChecks {
  /** Passes an image on, and keeps its configuration. */
  readonly seen: (request: ImageRequest, image: Promise<ResolvedImage>) => Promise<ResolvedImage>;
  /** Waits for `conversion`, checks with the images that it has looked up, and tells what was found. Rejects with `DOCKERFILE_CHECK` too. */
  readonly around: (conversion: Promise<Conversion>, emit: Emit) => Promise<Conversion>;
  /** Tells what is odd in what was made. Never fails a build, and downloads nothing: what is not here is not judged. */
  readonly result: (made: BuildMade, emit: Emit, signal: AbortSignal) => Promise<void>;
}

/** What a build made. */
interface BuildMade {
  readonly session: { readonly store: Store };
  readonly conversion: Conversion;
  readonly solution: Solution;
}

/** Prepares the checks of one build. */
export function buildChecks(input: BuildChecksInput): BuildChecks {
  const images = createImageConfigs();
  let told = false;
  const said = new Set<string>();
  const tell = async (plan: Plan, emit: Emit): Promise<CheckReport> => {
    told = true;
    const { files } = input;
    const ignore = files.kind === "folder" ? await readIgnorePatterns(files.path, files.dockerfile) : [];
    const report = runChecks(plan, { ignore, purpose: "build" });
    for (const warning of report.warnings) {
      emit(warningEvent(warning));
      said.add(placeOf(warning));
    }
    for (const warning of misspeltBuildArgs(input.parsed, input.buildArgs)) emit(warning);
    // Options that cannot be read: a build does not guess what was meant.
    const unread = report.errors.find(({ code }) => code === "InvalidCheck" || code === CHECK_ARGUMENT);
    if (unread !== undefined) {
      const { message, range, hint } = unread;
      throw new DecantError("DOCKERFILE_SYNTAX", message, { source: [range], hint });
    }
    return report;
  };
  return {
    seen: async (request, image) => {
      const resolved = await image;
      images.set(request.name, request.platform, resolved.config);
      return resolved;
    },
    around: async (conversion, emit) => {
      try {
        const done = await conversion;
        refuseViolations(await tell(done.plan, emit));
        return done;
      } catch (error) {
        // What a build cannot do is easier to understand with what is odd in the file.
        if (!told) await tell(planDockerfile(input.parsed, { ...input, image: images.get }), emit);
        throw error;
      }
    },
    result: async (made, emit, signal) => {
      try {
        const built = await builtFacts(made.session.store, { parsed: input.parsed, ...made }, signal);
        // What was said before the build by names is not said again by files.
        for (const warning of runChecks(made.conversion.plan, { built, purpose: "result" }).warnings)
          if (!said.has(placeOf(warning))) emit(warningEvent(warning));
      } catch (error) {
        signal.throwIfAborted();
        if (!isDecantError(error) || isDecantError(error, "INTERNAL")) throw error;
      }
    },
  };
}

/** Tells the warnings of the parser that no rule repeats. */
export function emitDiagnostics({ diagnostics }: ParsedDockerfile, emit: Emit): void {
  for (const diagnostic of diagnostics)
    if (diagnostic.severity === "warning" && diagnostic.code !== "NoEmptyContinuation") emit(warningEvent(diagnostic));
}

/** Arguments that no ARG declares are no error, and common where many builds share a command line; one letter off is a mistake. */
function* misspeltBuildArgs(parsed: ParsedDockerfile, buildArgs: Readonly<Record<string, string>>): Generator<EventInput> {
  const declared = new Set(
    [...parsed.metaArgs, ...parsed.stages.flatMap(({ instructions }) => instructions)].flatMap((each) =>
      each.kind === "arg" ? each.args.map(({ key }) => key.text) : [],
    ),
  );
  for (const name of Object.keys(buildArgs)) {
    const near = declared.has(name) ? undefined : suggest(name, [...declared].slice(0, MAX_NAMES));
    if (near !== undefined && !Object.hasOwn(buildArgs, near))
      yield {
        type: "warning",
        code: "UnknownBuildArg",
        message: `--build-arg ${name} is not used: no ARG declares it. Did you mean ${near}?`,
      };
  }
}

function refuseViolations({ violations, warnings }: CheckReport): void {
  if (violations.length === 0) return;
  throw new DecantError("DOCKERFILE_CHECK", `Cannot accept the Dockerfile: lint violation found for rules: ${violations.join(", ")}`, {
    hint: "It asks for this with check=error=true: correct the lines, or name the rules in check=skip=",
    source: warnings.filter(({ code }) => code === violations[0]).map(({ range }) => range),
    details: { rules: violations },
  });
}

function placeOf({ code, range }: CheckWarning): string {
  return `${code} ${formatPosition(range)}`;
}

function warningEvent(warning: Diagnostic | CheckWarning): EventInput {
  const { code, message, range } = warning;
  return {
    type: "warning",
    code,
    message,
    ...("url" in warning && warning.url !== undefined ? { url: warning.url } : {}),
    source: eventSource(range),
    excerpt: formatExcerpt(range),
  };
}
