/** Decant's AptListsLeftBehind. */
import { atStep, decantRule } from "./rule.ts";
import { runText } from "./run-text.ts";
import { runSteps, shippedStages } from "./shipped.ts";
import type { Rule } from "./types.ts";

const UPDATE = /\bapt(?:-get)?\s+(?:-\S+\s+)*update\b/;
const CLEANED = /\brm\b[^;&|\n]{0,500}\/var\/lib\/apt|\/var\/lib\/apt\/lists\S*\s+-delete|find\s+\/var\/lib\/apt/;
const MOUNTED = /(?:target|dst|destination)=\/var\/(?:lib\/apt|lib)(?:\/lists)?\/?(?:\s|$|,)/;

/** The package lists of `apt-get update` stay in a layer of the result: 20 MB and more that nothing reads. */
export const aptListsLeftBehind: Rule = decantRule(
  "AptListsLeftBehind",
  "Remove the package lists in the step that fetched them",
  function* (dockerfile) {
    for (const { step, run } of runSteps(shippedStages(dockerfile))) {
      const text = runText(run);
      if (UPDATE.test(text) && !CLEANED.test(text) && !MOUNTED.test(text))
        yield atStep(step, "The package lists of apt-get update stay in the image: end the step with rm -rf /var/lib/apt/lists/*");
    }
  },
);
