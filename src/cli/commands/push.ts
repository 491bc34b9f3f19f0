/** `decant push`. */
import { usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import { pushImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { REGISTRY_OPTION_TABLE, REGISTRY_UNSUPPORTED } from "../registry-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "push",
    usage: "IMAGE [NAME]",
    summary: "Send an image to a registry, under its own name or another",
    options: {
      ...STORE_OPTION_TABLE,
      ...REGISTRY_OPTION_TABLE,
      compression: { type: "string", value: "HOW", help: "Compression of layers", choices: ["gzip", "zstd", "uncompressed"] },
      "compression-level": { type: "string", value: "LEVEL", help: "Level of that compression" },
      "force-compression": { type: "boolean", help: "Compress again layers that have another compression" },
      platform: { type: "string", value: "OS/ARCH", help: "Only this platform of an image for several" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      quiet: { type: "boolean", short: "q", help: "Show no progress; print the name with its digest" },
    },
    unsupported: {
      "all-tags": { type: "boolean", short: "a", hint: "Name each tag" },
      ...REGISTRY_UNSUPPORTED,
    },
    words: { min: 1, max: 2 },
  },
  async (values, [image = "", name], context) => {
    const level = values["compression-level"];
    if (level !== undefined && !/^\d{1,2}$/.test(level))
      throw usageError(`Cannot use --compression-level "${level}": wanted a whole number`);
    const run = pushImage({
      ...storeOptions(values, context),
      image,
      ...given({ name }),
      platform: values.platform,
      compression: values.compression,
      ...(level === undefined ? {} : { level: Number(level) }),
      force: values["force-compression"],
    });
    const pushed = await showRun(run, values.quiet === true ? "quiet" : (values.progress ?? "auto"), context);
    await context.stdout.write(`${pushed.name}@${pushed.digest}\n`);
    return 0;
  },
);
