/** BuildKit's ExposeInvalidFormat. */
import { exposedPorts } from "./exposed-ports.ts";
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** `EXPOSE 127.0.0.1:80:80`: publishing is for those who run the image. */
export const exposeInvalidFormat: Rule = buildkitRule(
  "ExposeInvalidFormat",
  "expose-invalid-format",
  "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
  function* ({ stages }) {
    for (const { step, word, port } of exposedPorts(stages)) {
      if (!port.hasHostPart) continue;
      yield atStep(step, `EXPOSE instruction should not define an IP address or host-port mapping, found '${word}'`);
    }
  },
);
