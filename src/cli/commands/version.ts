/** `decant version`. */
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { VERSION } from "../../version.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "version",
    usage: "",
    summary: "Show the version of Decant and of Node",
    options: { format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] } },
    words: { min: 0, max: 0 },
  },
  async (values, _words, { stdout }) => {
    const { node } = process.versions;
    const platform = `${process.platform}/${process.arch}`;
    await stdout.write(
      values.format === "json"
        ? `${JSON.stringify({ version: VERSION, node, platform })}\n`
        : `decant ${VERSION} (node ${node}, ${platform})\n`,
    );
    return 0;
  },
);
