/** --target, --target-all and --also: the stages that a build is for. */
import { usageError } from "../errors.ts";
import type { BuildOptions } from "../index.ts";
import type { RepeatedOption, TextOption } from "./command.ts";

/** Spread it into the table of `decant build`. */
export const TARGET_OPTION_TABLE: {
  readonly target: TextOption;
  readonly "target-all": { readonly type: "boolean"; readonly help: string };
  readonly also: RepeatedOption;
} = {
  target: {
    type: "string",
    value: "STAGE",
    help: "Build up to this stage; by default the last. STAGE,STAGE builds an image of each in one run",
  },
  "target-all": { type: "boolean", help: "Build every stage with a name as an image of its own, in one run" },
  also: {
    type: "string",
    multiple: true,
    value: "STAGE",
    help: "Also run this stage, such as tests, and fail with it; its result is not part of the image",
  },
};

interface TargetValues {
  readonly target?: string;
  readonly "target-all"?: boolean;
  readonly also: readonly string[];
}

/** What the flags mean. Throws `USAGE`. */
export function parseTargets({
  target,
  "target-all": all,
  also,
}: TargetValues): Pick<BuildOptions, "target" | "targets" | "allTargets" | "also"> {
  if (all === true && target !== undefined)
    throw usageError("Cannot use --target with --target-all: that builds every stage", "Leave one out");
  const stages = namesIn(also, "--also");
  const more = stages.length === 0 ? {} : { also: stages };
  if (all === true) return { allTargets: true, ...more };
  return target?.includes(",") === true ? { targets: namesIn([target], "--target"), ...more } : { target, ...more };
}

/** The target of what works on one stage: `flag`. Throws `USAGE` for several. */
export function oneTarget({ target, "target-all": all, also }: TargetValues, flag: string): string | undefined {
  if (all === true || also.length > 0 || target?.includes(",") === true)
    throw usageError(`Cannot use ${flag} with several targets: it looks at one stage`, "Give one stage with --target");
  return target;
}

function namesIn(lists: readonly string[], flag: string): string[] {
  const names = lists.flatMap((list) => list.split(",")).map((name) => name.trim());
  if (names.includes("")) throw usageError(`Cannot read ${flag} "${lists.join(",")}": a name is empty; wanted names of stages`);
  return names;
}
