/** `decant report`: a page that shows builds and images. */
import { usageError } from "../../errors.ts";
import { reportOf } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { openResultFile } from "../result-file.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "report",
    usage: "[BUILD|IMAGE [BUILD|IMAGE]]",
    summary: "Write a page that shows a build or an image, or compares two",
    notes: `BUILD is an ID of "decant history ls", or its first six characters or more; by default the newest build. IMAGE is as for "decant audit".
Of two, the first is the older one.
The page is one HTML file that works without a server and without a network. It has the stages, the times of steps, logs, the bytes of each layer,
package and file, audit findings, and the packages with a search.
What was left behind in build stages only a build can tell: use decant build --report FILE.

Examples:
  decant report -o report.html
  decant report -o app.html registry.example/app:1.2
  decant report -o compare.html app:1.1 app:1.2`,
    options: {
      ...STORE_OPTION_TABLE,
      output: { type: "string", short: "o", value: "FILE", help: "Write to a file instead of standard output" },
      offline: { type: "boolean", help: "Do not search Debian's archive for packages that close a gap" },
      platform: { type: "string", value: "OS/ARCH", help: "Platform of a multi-platform image; by default the host's" },
      progress: { type: "string", value: "HOW", help: "How pulling is shown", choices: PROGRESS_MODES },
    },
    words: { min: 0, max: 2 },
  },
  async (values, subjects, context) => {
    if (values.output === undefined && context.stdout.isTerminal)
      throw usageError("Cannot write a page to a terminal", "Give a file: decant report -o report.html");
    const file = await openResultFile(values.output, context);
    const { offline, platform } = values;
    const run = reportOf({ ...storeOptions(values, context), subjects, cwd: context.cwd, offline, platform });
    const { html } = await showRun(run, values.progress ?? "auto", context);
    await file.write(html);
    return 0;
  },
);
