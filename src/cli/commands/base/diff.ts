/** `decant base diff`. */
import { diffBases } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import { DEBIAN_OPTION_TABLE, debianOptions } from "../../base/options.ts";
import { differenceText } from "../../base/base-text.ts";
import type { Command } from "../../command.ts";
import { showRun } from "../../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base diff",
    usage: "BEFORE AFTER",
    summary: "Show what differs between two bases: packages and configuration",
    notes: `BEFORE and AFTER each name one of these:
  a lock                  x.lock.json
  a recipe                a name of the catalogue or a .yaml file, with its lock where it has one
  an image                of the store, of a registry, or of an OCI layout (oci:PATH)
The exit code is 1 when the two differ.

Examples:
  decant base diff old.lock.json my-base.lock.json
  decant base diff gcr.io/distroless/cc-debian13 cc-debian13`,
    options: {
      ...DEBIAN_OPTION_TABLE,
      platform: { type: "string", value: "OS/ARCH", help: "Platform to compare; by default the host's" },
      format: { type: "string", short: "f", value: "FORMAT", help: "How to print", choices: ["pretty", "json"] },
    },
    words: { min: 2, max: 2 },
  },
  async (values, [before = "", after = ""], context) => {
    const run = diffBases({
      ...debianOptions(values, context),
      before,
      after,
      platform: values.platform,
    });
    const difference = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(difference, undefined, 2)}\n` : differenceText(difference));
    return difference.packages.length + difference.config.length > 0 ? 1 : 0;
  },
);
