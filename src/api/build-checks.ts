/** The checks of a build: what BuildKit shows while it builds, with the images that the conversion has looked up anyway. */
import {
  CHECK_ARGUMENT,
  type CheckReport,
  type CheckWarning,
  type Diagnostic,
  type ParsedDockerfile,
  runChecks,
} from "../dockerfile/index.ts";
import { DecantError } from "../errors.ts";
import { type Emit, type EventInput, eventSource } from "../events.ts";
import type { ImageRequest, ResolvedImage } from "../graph/index.ts";
import { formatPlatform, type ImageConfig, type Platform } from "../oci/index.ts";
import { formatExcerpt } from "../source.ts";
import { readIgnorePatterns } from "./dockerfile-ignore.ts";

/** What the checks of a build need to know. */
export interface BuildChecksInput {
  readonly parsed: ParsedDockerfile;
  /** The context's folder; absent for other contexts, which know no .dockerignore. */
  readonly context?: string;
  /** Absolute path of the Dockerfile, if it is a file of this machine. */
  readonly dockerfile?: string;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
}

/** Collects images while the graph is made, then checks. */
export interface BuildChecks {
  /** Passes an image on, and keeps its configuration. */
  readonly seen: (request: ImageRequest, image: Promise<ResolvedImage>) => Promise<ResolvedImage>;
  /** Waits for `conversion`, checks with the images that it has looked up, and tells what was found. Rejects with `DOCKERFILE_CHECK` too. */
  readonly around: <Conversion>(conversion: Promise<Conversion>, emit: Emit) => Promise<Conversion>;
}

/** Prepares the checks of one build. */
export function buildChecks(input: BuildChecksInput): BuildChecks {
  const images = createImageFacts();
  let told = false;
  const tell = async (emit: Emit): Promise<CheckReport> => {
    told = true;
    const report = runChecks(input.parsed, {
      ...(input.target === undefined ? {} : { target: input.target }),
      buildArgs: input.buildArgs,
      platform: input.platform,
      buildPlatform: input.buildPlatform,
      ignore: input.context === undefined ? [] : await readIgnorePatterns(input.context, input.dockerfile),
      image: images.get,
      purpose: "build",
      onlyNeeded: true,
    });
    for (const warning of report.warnings) emit(warningEvent(warning));
    // Options that cannot be read: a build does not guess what was meant.
    const unread = report.errors.find(({ code }) => code === "InvalidCheck" || code === CHECK_ARGUMENT);
    if (unread !== undefined) throw new DecantError("DOCKERFILE_SYNTAX", unread.message, { source: [unread.range] });
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
        refuseViolations(await tell(emit));
        return done;
      } catch (error) {
        // What a build cannot do is easier to understand with what is odd in the file.
        if (!told) await tell(emit);
        throw error;
      }
    },
  };
}

/** Tells the warnings of the parser that no rule repeats. */
export function emitDiagnostics({ diagnostics }: ParsedDockerfile, emit: Emit): void {
  for (const diagnostic of diagnostics)
    if (diagnostic.severity === "warning" && diagnostic.code !== "NoEmptyContinuation") emit(warningEvent(diagnostic));
}

/** Configurations by name and platform. */
export interface ImageFacts {
  readonly get: (name: string, platform: Platform) => ImageConfig | undefined;
  readonly set: (name: string, platform: Platform, config: ImageConfig) => void;
}

/** No configurations yet. */
export function createImageFacts(): ImageFacts {
  const found = new Map<string, ImageConfig>();
  const keyOf = (name: string, platform: Platform): string => `${formatPlatform(platform)} ${name}`;
  return {
    get: (name, platform) => found.get(keyOf(name, platform)),
    set: (name, platform, config) => void found.set(keyOf(name, platform), config),
  };
}

function refuseViolations({ violations, warnings }: CheckReport): void {
  if (violations.length === 0) return;
  throw new DecantError("DOCKERFILE_CHECK", `Cannot accept the Dockerfile: lint violation found for rules: ${violations.join(", ")}`, {
    hint: "It asks for this with check=error=true: correct the lines, or name the rules in check=skip=",
    source: warnings.filter(({ code }) => code === violations[0]).map(({ range }) => range),
    details: { rules: violations },
  });
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
