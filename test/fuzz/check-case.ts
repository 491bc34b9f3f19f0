/** Builds one generated case and tells what is wrong with what came out. */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { buildWithBuildkit } from "../conformance/buildkit.ts";
import { differencesOf } from "../conformance/compare.ts";
import { buildWithDecant } from "../conformance/decant.ts";
import type { Lab, Outcome, PreparedCase } from "../conformance/lab.ts";
import { isKnown } from "./known.ts";
import { type Law, LAWS } from "./laws.ts";
import { asCase, dockerfileOf, type FuzzCase } from "./types.ts";

/** What became of a case. */
export interface Verdict {
  /** Empty: all is well. */
  readonly problems: readonly string[];
  /** Decant's error, if it did not build; what both refuse tells less. */
  readonly refusal?: string;
}

/** How cases are checked. */
export interface Checking {
  /** Compare with BuildKit. */
  readonly live: boolean;
  readonly laws: readonly Law[];
}

/** Checks a case; its folder goes afterwards. */
export async function checkCase(lab: Lab, fuzz: FuzzCase, { live, laws }: Checking): Promise<Verdict> {
  const prepared = lab.prepare(asCase(fuzz));
  const { store } = lab;
  const problems: string[] = [];
  try {
    const reference = live ? await buildWithBuildkit(prepared) : undefined;
    const first = await built(store, prepared);
    if (reference !== undefined) problems.push(...differencesOf(reference, first).filter((line) => !isKnown(line, dockerfileOf(fuzz))));
    if ("error" in first && (first.code === "INTERNAL" || first.code === "thrown")) problems.push(`broken: ${first.error}`);
    // The law that reads the first image comes first.
    for (const law of laws)
      for (const line of await law.check({ fuzz, prepared, store, first }).catch((error: unknown) => [String(error)]))
        problems.push(`law "${law.name}": ${line}`);
    return "error" in first ? { problems, refusal: first.error } : { problems };
  } finally {
    rmSync(dirname(prepared.output), { recursive: true, force: true });
  }
}

/** The laws for a seed when there is no time for all: the two that read the image, those of few cases, and another one. */
export function someLaws(seed: number): readonly Law[] {
  const common = LAWS.filter((law) => law.isRare !== true);
  return LAWS.filter((law) => law.readsImage === true || law.isRare === true || law === common[seed % common.length]);
}

async function built(store: string, prepared: PreparedCase): Promise<Outcome> {
  return await buildWithDecant({ store }, prepared).catch((error: unknown) => ({ error: String(error), code: "thrown" }));
}
