/** `decant prune`. */
import { formatSize } from "../../bytes.ts";
import { usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import { type PruneResult, pruneStore } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "prune",
    usage: "",
    summary: "Remove what no image needs and no running build uses: layers, blobs, old cache",
    options: {
      ...STORE_OPTION_TABLE,
      all: { type: "boolean", short: "a", help: "Also remove the whole build cache" },
      "older-than": { type: "string", value: "TIME", help: "Also remove cache that was not used for so long, e.g. 36h or 7d" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    unsupported: { filter: { type: "string", hint: "Use --older-than" }, volumes: { type: "boolean" } },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const run = pruneStore({
      ...storeOptions(values, context),
      ...given({ all: values.all }),
      ...(values["older-than"] === undefined ? {} : { olderThanMs: parseAge(values["older-than"]) }),
    });
    const { blobs, dirs, records, freedBytes, kept } = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(`Freed ${formatSize(freedBytes)}: ${blobs} blobs, ${dirs} directories, ${records} records\n`);
    await context.stdout.write(keptText(kept, values.all === true));
    return 0;
  },
);

/** What holds the rest, and what to type to free it. */
function keptText({ imageBytes, cacheBytes, usedBytes }: PruneResult["kept"], all: boolean): string {
  const total = imageBytes + cacheBytes + usedBytes;
  if (total === 0) return "";
  const cache = all ? "of build cache that running builds use" : "of build cache";
  const parts = [
    `${formatSize(imageBytes)} of images`,
    `${formatSize(cacheBytes)} ${cache}`,
    ...(usedBytes === 0 ? [] : [`${formatSize(usedBytes)} in use now`]),
  ];
  const hint =
    cacheBytes > 0 && !all
      ? "Hint: To free the build cache, too, run: decant prune --all; or only what was not used for a week: decant prune --older-than 7d\n"
      : "";
  return `Kept ${formatSize(total)}: ${parts.join(", ")}\n${hint}`;
}

/** "90s", "45m", "36h", "7d" → milliseconds. Throws `USAGE`. */
function parseAge(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = match?.[2];
  if (unit !== "s" && unit !== "m" && unit !== "h" && unit !== "d")
    throw usageError(`Cannot use --older-than "${text}": wanted a number and a unit s, m, h or d, e.g. 36h`);
  return Number(match?.[1]) * UNIT_MS[unit];
}
