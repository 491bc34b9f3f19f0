/** `decant version`. */
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { NEWEST, NEWEST_BUILDKIT } from "../../followed.ts";
import { isIsalInstalled } from "../../sys/index.ts";
import { VERSION } from "../../version.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "version",
    usage: "",
    summary: "Show the version of Decant, of Node, of the BuildKit that it follows, and what compresses layers",
    options: { format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] } },
    words: { min: 0, max: 0 },
  },
  async (values, _words, { stdout }) => {
    const { node } = process.versions;
    // `decant doctor` says whether it works, too.
    const gzip = isIsalInstalled(process.env) ? "isal" : "zlib";
    const platform = `${process.platform}/${process.arch}`;
    await stdout.write(
      values.format === "json"
        ? `${JSON.stringify({ version: VERSION, node, platform, dockerfile: NEWEST.frontend, buildkit: NEWEST_BUILDKIT, gzip })}\n`
        : `decant ${VERSION} (node ${node}, ${platform}, gzip by ${gzip}), as docker/dockerfile ${NEWEST.frontend} of BuildKit ${NEWEST_BUILDKIT}\n`,
    );
    return 0;
  },
);
