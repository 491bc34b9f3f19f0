/** `decant base build`. */
import { buildBase } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import { DEBIAN_OPTION_TABLE, debianOptions, LOCK_OPTION_TABLE } from "../../base/options.ts";
import { parseJobs } from "../../base/jobs.ts";
import type { Command } from "../../command.ts";
import { OUTPUT_OPTION, parseOutput, refuseTerminal, tellImageId } from "../../output-spec.ts";
import { showRun } from "../../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base build",
    usage: "RECIPE[:VARIANT]",
    summary: "Make a distroless base of a recipe, out of verified Debian packages",
    notes: `RECIPE is a name of the catalogue (decant base list) or a .yaml file. With a lock the result has the same bytes
everywhere. Without one, Decant takes the newest packages. Without --tag and --output the image gets the recipe's name in the store.

Examples:
  decant base build nodejs22-debian13:nonroot
  decant base build -t registry.example/my-base:1 --output type=registry my-base.yaml
  decant base build --locked --platform linux/arm64 -o type=oci,dest=base.tar my-base.yaml:debug`,
    options: {
      ...DEBIAN_OPTION_TABLE,
      ...LOCK_OPTION_TABLE,
      locked: { type: "boolean", help: "Fail when the base has no lock" },
      tag: { type: "string", multiple: true, short: "t", value: "NAME", help: "Name of the image, and optionally a tag" },
      output: OUTPUT_OPTION,
      platform: { type: "string", multiple: true, value: "OS/ARCH", help: "Platform of the base; by default the host's" },
      jobs: { type: "string", value: "COUNT", help: "How many packages to process at a time; by default 4" },
      provenance: { type: "boolean", help: "Attach provenance to the image: packages, recipe and lock, for decant replay" },
      quiet: { type: "boolean", short: "q", help: "Show no progress; print the image ID" },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [base = ""], context) => {
    const outputs = values.output.map((text) => parseOutput(text, values.tag));
    refuseTerminal(outputs, context.stdout);
    const run = buildBase({
      ...debianOptions(values, context),
      base,
      tags: values.tag,
      outputs,
      platforms: values.platform.flatMap((list) => list.split(",")),
      stdout: (chunk) => context.stdout.write(chunk),
      locked: values.locked,
      provenance: values.provenance,
      ...(values.jobs === undefined ? {} : { jobs: parseJobs(values.jobs) }),
    });
    const quiet = values.quiet === true;
    const result = await showRun(run, quiet ? "quiet" : (values.progress ?? "auto"), context);
    if (quiet) await tellImageId(result, context);
    return 0;
  },
);
