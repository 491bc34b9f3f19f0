/** What differs between a recorded outcome and Decant's, one line a fact; empty: they agree. */
import { type Difference, DIFFERENCES } from "./differences.ts";
import type { Outcome } from "./lab.ts";
import type { NormalImage } from "./normalise.ts";
import type { Recorded } from "./recording.ts";
import type { Case } from "./types.ts";

/**
 * Everything wrong with `actual`, wanted differences taken out. A wanted difference that is not there is wrong too. `asRecorded`: it was built with
 * the rules of the recorded frontend.
 */
export function problemsOf(definition: Case, recorded: Outcome | undefined, actual: Outcome, asRecorded = false): string[] {
  if (recorded === undefined) return ["nothing is recorded: npm run conformance -- --record"];
  const { fails, pending } = definition;
  if (fails !== undefined && !("error" in recorded && recorded.error.includes(fails.says)))
    return [`BuildKit does not say "${fails.says}": ${"error" in recorded ? recorded.error : "it builds"}`];
  if (fails === undefined && "error" in recorded) return [`BuildKit fails: ${recorded.error}`];
  if (pending !== undefined && isRefused(actual))
    return actual.error.includes(pending) ? [] : [`${pending} is refused as something else: ${actual.error}`];
  const wanted = wantedOf(definition, "28.5").filter(({ since }) => !(asRecorded && since !== undefined));
  return unwanted(differencesOf(recorded, actual, fails?.code), wanted);
}

/** The same for an outcome of a newer BuildKit, which may fail where the case builds or build where it fails. */
export function problemsWith(definition: Case, by: Recorded, recorded: Outcome, actual: Outcome): string[] {
  return unwanted(differencesOf(recorded, actual, definition.fails?.code), wantedOf(definition, by));
}

function wantedOf({ name }: Case, by: Recorded): Difference[] {
  return DIFFERENCES.filter(({ cases, only = by }) => cases.includes(name) && only === by);
}

function unwanted(found: readonly string[], wanted: readonly Difference[]): string[] {
  return [
    ...found.filter((line) => !wanted.some((difference) => difference.line.test(line))),
    ...wanted
      .filter((difference) => !found.some((line) => difference.line.test(line)))
      .map((difference) => `a wanted difference is not there: ${difference.line.source}`),
  ];
}

/** Has a newer frontend another rule for it than the one that was recorded? */
export function isNewer({ name }: Case): boolean {
  return DIFFERENCES.some(({ cases, since }) => since !== undefined && cases.includes(name));
}

/** Decant says that it does not support something yet. */
export function isRefused(outcome: Outcome): outcome is Extract<Outcome, { error: string }> {
  return "error" in outcome && outcome.code === "UNSUPPORTED";
}

/** All differences, wanted or not. `code` is what Decant's error must be. */
export function differencesOf(recorded: Outcome, actual: Outcome, code?: string): string[] {
  if ("error" in recorded) {
    if (!("error" in actual)) return [`BuildKit fails, Decant builds: ${recorded.error}`];
    return code === undefined || code === actual.code ? [] : [`wanted ${code}, got ${actual.code}: ${actual.error}`];
  }
  if ("error" in actual) return [`BuildKit builds, Decant fails: ${actual.code} ${actual.error}`];
  return imageDifferences(recorded.image, actual.image);
}

function imageDifferences(want: NormalImage, have: NormalImage): string[] {
  return [
    ...objectDifferences("config", want.config, have.config),
    ...listDifferences("history", want.history, have.history),
    ...(want.layers === have.layers ? [] : [`layers: BuildKit ${want.layers}, Decant ${have.layers}`]),
    ...objectDifferences("path", want.tree, have.tree),
    ...objectDifferences("busybox", { gone: want.busyboxWithout }, { gone: have.busyboxWithout }),
  ];
}

function objectDifferences(what: string, want: Readonly<Record<string, unknown>>, have: Readonly<Record<string, unknown>>): string[] {
  const keys = new Set([...Object.keys(want), ...Object.keys(have)]);
  return [...keys].toSorted().flatMap((key) => {
    const [wanted, actual] = [JSON.stringify(want[key]), JSON.stringify(have[key])];
    return wanted === actual ? [] : [`${what} ${key}: BuildKit ${wanted ?? "has none"}, Decant ${actual ?? "has none"}`];
  });
}

function listDifferences(what: string, want: readonly string[], have: readonly string[]): string[] {
  return Array.from({ length: Math.max(want.length, have.length) }, (_, at) => at).flatMap((at) =>
    want[at] === have[at] ? [] : [`${what} ${at + 1}: BuildKit ${want[at] ?? "has none"}, Decant ${have[at] ?? "has none"}`],
  );
}
