/** BuildKit's RedundantTargetPlatform. */
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** `--platform=$TARGETPLATFORM` is what happens anyway. */
export const redundantTargetPlatform: Rule = buildkitRule(
  "RedundantTargetPlatform",
  "redundant-target-platform",
  "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
  function* ({ stages, globals }) {
    for (const { stage, platform } of stages) {
      const { from } = stage;
      if (platform === undefined || from.platform === undefined) continue;
      const { matched, unmatched, value } = platform;
      if (unmatched.length > 0 || matched.length !== 1 || matched[0] !== "TARGETPLATFORM" || value !== globals.get("TARGETPLATFORM"))
        continue;
      const message = `Setting platform to predefined ${from.platform.text} in FROM is redundant as this is the default behavior`;
      yield atInstruction(from, message, from.platform.range);
    }
  },
);
