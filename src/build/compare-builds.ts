/** What is different of two past builds: steps, times, cache, sizes, digests, versions. Pure. */
import type { BuildEvent } from "../events.ts";
import { given } from "../given.ts";
import { pairsOf } from "./explain-steps.ts";
import { type PastStep, pastSteps } from "./past-steps.ts";

/** A step of one build or of both. */
export interface ComparedStep {
  readonly name: string;
  readonly first?: PastStep;
  readonly second?: PastStep;
}

/** A value that both builds told of, or one of them. */
export interface ComparedValue<Value> {
  readonly name: string;
  readonly first?: Value;
  readonly second?: Value;
}

/** Everything that two builds told, side by side. */
export interface ComparedBuilds {
  /** In the order of the second build; those that only the first had come last. */
  readonly steps: readonly ComparedStep[];
  /** Bytes of images, by name and platform. */
  readonly sizes: readonly ComparedValue<number>[];
  /** Digests of images, by name. */
  readonly digests: readonly ComparedValue<string>[];
  readonly versions: readonly ComparedValue<string>[];
}

/** Puts them side by side. */
export function compareEvents(first: readonly BuildEvent[], second: readonly BuildEvent[]): ComparedBuilds {
  const [before, after] = [pastSteps(first), pastSteps(second)];
  const pairs = pairsOf(before, after);
  const paired = new Set(pairs.values());
  return {
    steps: [
      ...after.map((step) => ({ name: step.name, ...given({ first: pairs.get(step) }), second: step })),
      ...before.filter((step) => !paired.has(step)).map((step) => ({ name: step.name, first: step })),
    ],
    sizes: sideBySide(sizesOf(first), sizesOf(second)),
    digests: sideBySide(digestsOf(first), digestsOf(second)),
    versions: sideBySide(versionsOf(first), versionsOf(second)),
  };
}

function sideBySide<Value>(first: ReadonlyMap<string, Value>, second: ReadonlyMap<string, Value>): ComparedValue<Value>[] {
  const names = new Set([...second.keys(), ...first.keys()]);
  return [...names].map((name) => ({ name, ...given({ first: first.get(name), second: second.get(name) }) }));
}

/** One image each: by platform, as two builds to compare seldom have one name. */
function sizesOf(events: readonly BuildEvent[]): Map<string, number> {
  return new Map(events.flatMap((event) => (event.type === "size" ? [[event.platform ?? "image", event.sizeBytes] as const] : [])));
}

function digestsOf(events: readonly BuildEvent[]): Map<string, string> {
  return new Map(
    events.flatMap((event) =>
      event.type === "result" && event.digest !== undefined
        ? [[event.name.startsWith("sha256:") ? "image" : event.name, event.digest] as const]
        : [],
    ),
  );
}

function versionsOf(events: readonly BuildEvent[]): Map<string, string> {
  return new Map(events.flatMap((event) => (event.type === "versions" ? Object.entries(event.versions) : [])));
}
