/** BuildKit's InvalidBaseImagePlatform. */
import { given } from "../../given.ts";
import { formatPlatform } from "../../oci/index.ts";
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** The registry had the image for another platform only. */
export const invalidBaseImagePlatform: Rule = buildkitRule(
  "InvalidBaseImagePlatform",
  undefined,
  "Base image platform does not match expected target platform",
  function* ({ stages }) {
    for (const { stage, base, wanted, parent, image, isNeeded } of stages) {
      if (base === undefined || image === undefined || parent !== undefined || !isNeeded) continue;
      if (wanted.os === image.os && wanted.architecture === image.architecture) continue;
      const actual = formatPlatform({
        os: image.os,
        architecture: image.architecture,
        ...given({ variant: image.variant }),
      });
      const message = `Base image ${base.value} was pulled with platform "${actual}", expected "${formatPlatform(wanted)}" for current build`;
      yield atInstruction(stage.from, message, stage.from.image.range);
    }
  },
);
