/** The checks of several platforms as one: what all of them say is said once, what some of them say with their names. */
import type { CheckWarning, Diagnostic } from "../dockerfile/index.ts";
import { formatPosition, type SourceRange } from "../source.ts";

/** What checks for one platform say. */
export interface PlatformCheck {
  /** "linux/arm64" */
  readonly platform: string;
  readonly warnings: readonly CheckWarning[];
  readonly errors: readonly Diagnostic[];
  readonly violations: readonly string[];
  readonly notes: readonly string[];
}

/** Joins them, in the order of the text. */
export function joinChecks(checks: readonly PlatformCheck[]): Omit<PlatformCheck, "platform"> {
  const warnings = joined(checks, ({ warnings: list }) => list);
  return {
    warnings: warnings.toSorted((a, b) => a.lines.first - b.lines.first || a.range.start.line - b.range.start.line),
    errors: joined(checks, ({ errors }) => errors),
    violations: [...new Set(checks.flatMap(({ violations }) => violations))].toSorted(),
    notes: [...new Set(checks.flatMap(({ notes }) => notes))].toSorted(),
  };
}

function joined<Found extends { readonly code: string; readonly message: string; readonly range: SourceRange }>(
  checks: readonly PlatformCheck[],
  listOf: (check: PlatformCheck) => readonly Found[],
): Found[] {
  const found = new Map<string, { readonly first: Found; readonly platforms: Set<string> }>();
  for (const check of checks)
    for (const each of listOf(check)) {
      const key = JSON.stringify([each.code, formatPosition(each.range), each.message]);
      const known = found.get(key) ?? { first: each, platforms: new Set() };
      known.platforms.add(check.platform);
      found.set(key, known);
    }
  return [...found.values()].map(({ first, platforms }) =>
    platforms.size === checks.length ? first : { ...first, message: `${first.message} (${[...platforms].join(", ")})` },
  );
}
