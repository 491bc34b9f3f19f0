/** The checks of a build: what BuildKit shows while it builds, with the images that the conversion has looked up anyway. */
import { type CheckReport, type CheckWarning, type Diagnostic, type ParsedDockerfile, runChecks } from "../dockerfile/index.ts";
import { DecantError } from "../errors.ts";
import type { EventInput, EventSource } from "../events.ts";
import type { ImageRequest, ResolvedImage } from "../graph/index.ts";
import { formatPlatform, type ImageConfig, type Platform } from "../oci/index.ts";
import { formatExcerpt, type SourceRange } from "../source.ts";
import { readIgnorePatterns } from "./dockerfile-ignore.ts";

/** What the checks of a build need to know. */
export interface BuildChecksInput {
  readonly parsed: ParsedDockerfile;
  readonly context: string;
  /** Absolute path of the Dockerfile. */
  readonly dockerfile: string;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
}

/** Collects images while the graph is made, then checks. */
export interface BuildChecks {
  /** Passes an image on, and keeps its configuration. */
  readonly seen: (request: ImageRequest, image: Promise<ResolvedImage>) => Promise<ResolvedImage>;
  /** What the checks say, with the images seen so far. */
  readonly run: () => Promise<CheckReport>;
}

/** Prepares the checks of one build. */
export function buildChecks(input: BuildChecksInput): BuildChecks {
  const images = createImageFacts();
  return {
    seen: async (request, image) => {
      const resolved = await image;
      images.set(request.name, request.platform, resolved.config);
      return resolved;
    },
    run: async () =>
      runChecks(input.parsed, {
        ...(input.target === undefined ? {} : { target: input.target }),
        buildArgs: input.buildArgs,
        platform: input.platform,
        buildPlatform: input.buildPlatform,
        ignore: await readIgnorePatterns(input.context, input.dockerfile),
        image: images.get,
        purpose: "build",
        onlyNeeded: true,
      }),
  };
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

/** Throws `DOCKERFILE_CHECK` where `check=error=true` makes an error of a warning. */
export function refuseViolations({ violations, warnings }: CheckReport): void {
  if (violations.length === 0) return;
  throw new DecantError("DOCKERFILE_CHECK", `Cannot accept the Dockerfile: lint violation found for rules: ${violations.join(", ")}`, {
    hint: "It asks for this with check=error=true: correct the lines, or name the rules in check=skip=",
    source: warnings.filter(({ code }) => code === violations[0]).map(({ range }) => range),
    details: { rules: violations },
  });
}

/** A warning as an event. */
export function warningEvent(warning: Diagnostic | CheckWarning): EventInput {
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

/** A place without its text. */
export function eventSource(range: SourceRange): EventSource {
  return { file: range.file.name, line: range.start.line, column: range.start.column, endLine: range.end.line };
}
