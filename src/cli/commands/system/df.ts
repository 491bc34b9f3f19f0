/** `decant system df`: what holds how much of the disk. */
import { formatSize } from "../../../bytes.ts";
import { storeUsage } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";
import { formatTable } from "../../table.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "system df",
    usage: "",
    summary: "Show how much of the disk images and the build cache hold",
    notes: 'What images and the cache share counts as the images\'. Reclaimable is what "decant prune --all" frees.',
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["table", "json"] },
    },
    unsupported: { verbose: { type: "boolean", short: "v", hint: 'Run "decant images" for the images' } },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const usage = await storeUsage(storeOptions(values, context));
    if (values.format === "json") await context.stdout.write(`${JSON.stringify(usage, undefined, 2)}\n`);
    else
      await context.stdout.write(
        formatTable(
          [
            ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"],
            ["Images", String(usage.images), String(usage.images), formatSize(usage.imageBytes), formatSize(0)],
            ["Containers", String(usage.containers), String(usage.containers), formatSize(0), formatSize(0)],
            ["Build cache", "", "", formatSize(usage.cacheBytes), formatSize(usage.cacheBytes)],
            ...(usage.usedBytes === 0 ? [] : [["In use now", "", "", formatSize(usage.usedBytes), formatSize(0)]]),
          ],
          [1, 2, 3, 4],
        ),
      );
    return 0;
  },
);
