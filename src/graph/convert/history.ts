/** History lines exactly as BuildKit writes them (rule S58), with Go's %q, %v and %+v where it uses them. */
import { goQuote } from "../../go-quote.ts";
import type { Healthcheck } from "../../oci/index.ts";
import type { SourceRange } from "../../source.ts";

/** The instruction that made a layer. Not part of the image: for reports. */
export interface LayerOrigin {
  /** "COPY --from=build /app /app" */
  readonly instruction: string;
  readonly source: SourceRange;
  /** The stage's name, or "stage-1"; absent when there is one stage only. */
  readonly stage?: string;
  /** COPY and ADD: "stage build", "image docker.io/library/node:22", "build context". */
  readonly copiedFrom?: string;
}

/** One entry before its time is known. */
export interface HistoryItem {
  readonly createdBy: string;
  readonly comment?: string;
  readonly author?: string;
  readonly emptyLayer: boolean;
  /** Set for entries that come from the base. */
  readonly created?: string;
  /** Set for layers that this build makes. */
  readonly origin?: LayerOrigin;
}

const COMMENT = "buildkit.dockerfile.v0";

/** An entry without a layer. */
export function metadataItem(createdBy: string): HistoryItem {
  return { createdBy, comment: COMMENT, emptyLayer: true };
}

/** An entry of a step that makes a layer; RUN, COPY and ADD end in "# buildkit", WORKDIR does not. */
export function layerItem(createdBy: string, marked: boolean): HistoryItem {
  return { createdBy: marked ? `${createdBy} # buildkit` : createdBy, comment: COMMENT, emptyLayer: false };
}

/**
 * Gives every entry a time (BuildKit's exporter, normalizeLayersAndHistory): layers have theirs; what has none takes the time of
 * the first new layer, or of the layer before it; without either `fallback`, if there is one.
 */
export function addressedHistory(
  items: readonly HistoryItem[],
  layerTimes: readonly (string | undefined)[],
  fallback: string | undefined,
): readonly HistoryItem[] {
  let layer = 0;
  const timed = items.map((item) => {
    if (item.emptyLayer) return item;
    const created = item.created ?? layerTimes[layer];
    layer += 1;
    return created === undefined ? item : { ...item, created };
  });
  let current = firstTime(timed) ?? fallback;
  return timed.map((item) => {
    current = item.created ?? current;
    return current === undefined ? item : { ...item, created: current };
  });
}

function firstTime(items: readonly HistoryItem[]): string | undefined {
  const firstMissing = items.findIndex((item) => item.created === undefined);
  if (firstMissing < 0) return undefined;
  return (
    items.slice(firstMissing).find((item) => item.created !== undefined)?.created ??
    items.findLast((item) => item.created !== undefined)?.created
  );
}

/** Go's %q of a list: ["a" "b"]. */
export function goQuotedList(words: readonly string[]): string {
  return `[${words.map(goQuote).join(" ")}]`;
}

/** Go's %v of a list: [a b]. */
export function goList(words: readonly string[]): string {
  return `[${words.join(" ")}]`;
}

/** Go's %+v of a HealthcheckConfig: {Test:[CMD true] Interval:30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:3}. */
export function goHealthcheck(check: Healthcheck): string {
  const duration = (name: "Interval" | "Timeout" | "StartPeriod" | "StartInterval"): string => `${name}:${goDuration(check[name] ?? 0)}`;
  return `{${[
    `Test:${goList(check.Test ?? [])}`,
    duration("Interval"),
    duration("Timeout"),
    duration("StartPeriod"),
    duration("StartInterval"),
    `Retries:${check.Retries ?? 0}`,
  ].join(" ")}}`;
}

/** Go's %q of a pointer to one, as before 1.24: &{["CMD" "true"] "30s" "0s" "0s" "0s" '\x03'}; the retries are a character to it. */
export function goQuotedHealthcheck(check: Healthcheck): string {
  const durations = [check.Interval, check.Timeout, check.StartPeriod, check.StartInterval].map((time) => `"${goDuration(time ?? 0)}"`);
  return `&{${goQuotedList(check.Test ?? [])} ${durations.join(" ")} ${goQuoteRune(check.Retries ?? 0)}}`;
}

/** Go's %q of a number. */
function goQuoteRune(code: number): string {
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  const char = isCharacter ? String.fromCodePoint(code) : "\ufffd";
  if (char === "'") return "'\\''";
  return char === '"' ? `'"'` : `'${goQuote(char).slice(1, -1)}'`;
}

/** Go's Duration.String of nanoseconds: "1m30s", "1.5s", "100ms", "0s". */
function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0s";
  if (nanoseconds < 0) return `-${goDuration(-nanoseconds)}`;
  if (nanoseconds < 1000) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000) return `${nanoseconds / 1000}µs`;
  if (nanoseconds < 1_000_000_000) return `${nanoseconds / 1_000_000}ms`;
  const seconds = nanoseconds / 1_000_000_000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = `${Number((seconds - hours * 3600 - minutes * 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
