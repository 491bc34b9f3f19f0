/** Errors of the comparison. */
import { DecantError } from "../../errors.ts";
import type { SourceRange } from "../../source.ts";
import { causeOf } from "./causes.ts";
import type { Difference } from "./first-difference.ts";

/** What made the layer. */
interface Origin {
  readonly instruction?: string;
  readonly source?: SourceRange;
  /** Which image of the build; empty where there is one alone. */
  readonly shown: string;
}

/** Two builds differ. */
export function notReproducible(found: Difference, { instruction, source, shown }: Origin): DecantError {
  const { why, cure } = causeOf(found);
  const of = shown === "" ? "" : ` of the image ${shown}`;
  const by = instruction === undefined ? "" : ` of ${instruction}`;
  return new DecantError(
    "NOT_REPRODUCIBLE",
    `Two builds${of} differ: "${found.path ?? "/"}" in layer ${found.layer + 1}${by}: ${found.what}. Usual cause: ${why}`,
    { hint: `${cure}. Nothing was written`, source: source && [source], details: { ...found } },
  );
}
