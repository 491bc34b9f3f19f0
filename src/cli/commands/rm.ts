/** `decant rm`: for containers, as everywhere. An image of the same name stays. */
import { removeContainers } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "rm",
    usage: "CONTAINER…",
    summary: "Remove containers: with --force those that run, as others are gone",
    notes: 'A container is gone when it ends. To remove images: "decant image rm", or "decant rmi".',
    options: {
      ...STORE_OPTION_TABLE,
      force: { type: "boolean", short: "f", help: "End running containers at once; a container that does not exist is no error" },
      volumes: { type: "boolean", short: "v", help: "Also its volumes, which it never has" },
    },
    unsupported: { link: { type: "boolean", short: "l" } },
    words: { min: 1, max: Infinity },
  },
  async (values, containers, context) => {
    const { removed, missing } = await removeContainers({ ...storeOptions(values, context), containers, force: values.force ?? false });
    await context.stdout.write(removed.map((name) => `${name}\n`).join(""));
    if (missing.length > 0) {
      const { printError } = await import("../errors/print.ts");
      for (const error of missing) await printError(error, context.stderr);
    }
    return 0;
  },
);
