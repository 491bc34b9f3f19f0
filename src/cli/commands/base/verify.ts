/** `decant base verify`. */
import { verifyBase } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import { parseJobs } from "../../base/jobs.ts";
import { DEBIAN_OPTION_TABLE, debianOptions, LOCK_OPTION_TABLE } from "../../base/options.ts";
import type { Command } from "../../command.ts";
import { showRun } from "../../progress/show.ts";
import { safeLine } from "../../style.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base verify",
    usage: "RECIPE[:VARIANT] [IMAGE]",
    summary: "Make a base once more from its lock, and compare it with an image or with what is in the store",
    notes: `Decant uses nothing that it made before. It unpacks packages again, in a store of their own. It looks in the archive, by hash, for packages that
this store does not have. If the results differ, Decant names the first difference, and the exit code is 1.

Examples:
  decant base verify my-base.yaml
  decant base verify nodejs22-debian13:nonroot registry.example/nodejs22:1`,
    options: {
      ...DEBIAN_OPTION_TABLE,
      ...LOCK_OPTION_TABLE,
      platform: { type: "string", value: "OS/ARCH", help: "Platform of the base; by default the host's" },
      jobs: { type: "string", value: "COUNT", help: "How many packages to process at a time; by default 4" },
    },
    words: { min: 1, max: 2 },
  },
  async (values, [base = "", image], context) => {
    const run = verifyBase({
      ...debianOptions(values, context),
      base,
      image,
      platform: values.platform,
      ...(values.jobs === undefined ? {} : { jobs: parseJobs(values.jobs) }),
    });
    const { recipe, platform, same, firstDifference } = await showRun(run, values.progress ?? "auto", context);
    const other = image === undefined ? "what is in the store" : safeLine(image);
    await context.stdout.write(
      same
        ? `${recipe} for ${platform} is the same as ${other}\n`
        : `${recipe} for ${platform} differs from ${other}: ${safeLine(firstDifference ?? "")}\n`,
    );
    return same ? 0 : 1;
  },
);
