/** `decant base list`. */
import { listBases } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import { listText } from "../../base/base-text.ts";
import type { Command } from "../../command.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "base list",
    usage: "",
    summary: "List the distroless bases that come with Decant",
    options: { format: { type: "string", short: "f", value: "FORMAT", help: "How to print", choices: ["pretty", "json"] } },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const bases = await listBases();
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(bases, undefined, 2)}\n` : listText(bases, new Date()));
    return 0;
  },
);
