/** BuildKit's FromPlatformFlagConstDisallowed. */
import { isDecantError } from "../../errors.ts";
import { parsePlatform, type Platform } from "../../oci/index.ts";
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** A stage for one platform only, unless its name says so. */
export const fromPlatformFlagConstDisallowed: Rule = buildkitRule(
  "FromPlatformFlagConstDisallowed",
  "from-platform-flag-const-disallowed",
  "FROM --platform flag should not use a constant value",
  function* ({ stages, options }) {
    for (const { stage, platform } of stages) {
      const { from } = stage;
      if (platform === undefined || platform.matched.length > 0 || platform.unmatched.length > 0) continue;
      const fixed = platformOf(platform.value, options.buildPlatform);
      const name = stage.name ?? "";
      if (fixed === undefined || name.includes(fixed.os) || name.includes(fixed.architecture)) continue;
      yield atInstruction(from, `FROM --platform flag should not use constant value "${platform.value}"`, from.platform?.range);
    }
  },
);

/** Undefined for what is no platform: the build will say so. */
function platformOf(text: string, host: Platform): Platform | undefined {
  try {
    return parsePlatform(text, host);
  } catch (error) {
    if (isDecantError(error, "PLATFORM")) return undefined;
    throw error;
  }
}
