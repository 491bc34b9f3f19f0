/** `decant stop`. */
import { stopContainers } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { secondsToMs } from "../seconds.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "stop",
    usage: "CONTAINER…",
    summary: "Ask containers to end, and end those that do not",
    notes: `A container gets its stop signal, and SIGKILL after a time. The signal is that of decant run --stop-signal, else of the image, else SIGTERM.
"decant ps" shows the IDs. The first digits are enough.`,
    options: {
      ...STORE_OPTION_TABLE,
      signal: { type: "string", short: "s", value: "SIGNAL", help: "Send this signal first" },
      timeout: {
        type: "string",
        short: "t",
        value: "SECONDS",
        help: "Wait so long before SIGKILL; -1: for ever. By default what it was run with, or 10",
      },
      time: { type: "string", value: "SECONDS", help: "The same as --timeout" },
    },
    words: { min: 1, max: Infinity },
  },
  async (values, containers, context) => {
    await stopContainers({
      ...storeOptions(values, context),
      containers,
      stopSignal: values.signal,
      timeoutMs: secondsToMs(values.timeout, "--timeout") ?? secondsToMs(values.time, "--time"),
    });
    await context.stdout.write(containers.map((name) => `${name}\n`).join(""));
    return 0;
  },
);
