/** `decant import`: docker import with its own word order. */
import { resolve } from "node:path";
import { unsupported } from "../../errors.ts";
import { importImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "import",
    usage: "FILE|- NAME",
    summary: "Make an image with one layer of a root file system (a tar, plain or compressed)",
    notes: `Examples:
  decant import rootfs.tar.zst base:local
  mmdebstrap --variant=minbase bookworm - | decant import -c 'CMD ["/bin/sh"]' - debian:local`,
    options: {
      ...STORE_OPTION_TABLE,
      change: {
        type: "string",
        multiple: true,
        short: "c",
        value: "INSTRUCTION",
        help: "Dockerfile instruction for the configuration, e.g. 'CMD [\"/bin/sh\"]'",
      },
      message: { type: "string", short: "m", value: "TEXT", help: "Comment in the history" },
      platform: { type: "string", value: "OS/ARCH", help: "Platform of the file system; by default the host's" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    words: { min: 2, max: 2 },
  },
  async (values, [file = "", name = ""], context) => {
    if (/^https?:\/\//.test(file))
      throw unsupported(`Importing from the URL "${file}"`, { hint: `Use: curl -fsSL ${file} | decant import - ${name}` });
    const run = importImage({
      ...storeOptions(values, context),
      name,
      file: file === "-" ? "-" : resolve(context.cwd, file),
      changes: values.change,
      ...(file === "-" ? { stdin: context.stdin } : {}),
      message: values.message,
      platform: values.platform,
    });
    await showRun(run, values.progress ?? "auto", context);
    return 0;
  },
);
