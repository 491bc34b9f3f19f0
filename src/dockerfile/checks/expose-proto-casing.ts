/** BuildKit's ExposeProtoCasing. */
import { exposedPorts } from "./exposed-ports.ts";
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** `EXPOSE 80/TCP`. */
export const exposeProtoCasing: Rule = buildkitRule(
  "ExposeProtoCasing",
  "expose-proto-casing",
  "Protocol in EXPOSE instruction should be lowercase",
  function* ({ stages }) {
    for (const { step, word, port } of exposedPorts(stages)) {
      if (port.protocolAsWritten === port.protocolAsWritten.toLowerCase()) continue;
      yield atStep(step, `Defined protocol '${word}' in EXPOSE instruction should be lowercase`);
    }
  },
);
