/** `decant builders ls`: the builders that builds may run on. */
import { lookAtBuilders } from "../../../buildkit/index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { formatTable } from "../../table.ts";
import { platformsText, versionText } from "../../builder-text.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "builders ls",
    usage: "[ADDRESS]",
    summary: "List the builders that builds run on: whether they answer, their versions and platforms",
    notes: `ADDRESS is a list of builders with commas between them, as for "decant build --builder".
Without it the list is that of DECANT_BUILDER, else of decant.yaml in the working directory.`,
    options: { format: { type: "string", value: "FORMAT", help: "How to print", choices: ["table", "json"] } },
    words: { min: 0, max: 1 },
  },
  async (values, [address], { env, cwd, stdout, signal }) => {
    const builders = await lookAtBuilders(address, { env, cwd }, signal);
    if (values.format === "json") {
      const listed = builders.map((one) => {
        if (one.state === "unreachable") return one;
        const { address: name, state, version, builds, platforms } = one;
        return { address: name, state, version, builds, platforms: platformsText(platforms).split(", ") };
      });
      await stdout.write(`${JSON.stringify(listed, undefined, 2)}\n`);
      return 0;
    }
    const rows = builders.map((one) =>
      one.state === "running"
        ? [one.address, one.state, versionText(one.version), String(one.builds), platformsText(one.platforms)]
        : [one.address, one.state, "", "", one.why],
    );
    await stdout.write(formatTable([["BUILDER", "STATE", "VERSION", "BUILDS", "PLATFORMS"], ...rows], [3]));
    return 0;
  },
);
