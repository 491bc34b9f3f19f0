/** `decant builders inspect`: all that builders say of themselves. */
import { lookAtBuilders } from "../../../buildkit/index.ts";
import { defineCommand } from "../../args.ts";
import { platformsText, versionText } from "../../builder-text.ts";
import type { Command } from "../../command.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "builders inspect",
    usage: "[ADDRESS]",
    summary: "Show what builders are, and what they can do",
    notes: `ADDRESS is a list of builders with commas between them, as for "decant build --builder".
Without it the list is that of DECANT_BUILDER, else of decant.yaml in the working directory.`,
    options: { format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] } },
    words: { min: 0, max: 1 },
  },
  async (values, [address], { env, cwd, stdout, signal }) => {
    const builders = await lookAtBuilders(address, { env, cwd }, signal);
    if (values.format === "json") {
      const listed = builders.map((one) =>
        one.state === "running"
          ? { ...one, platforms: platformsText(one.platforms).split(", "), capabilities: [...one.capabilities].toSorted() }
          : one,
      );
      await stdout.write(`${JSON.stringify(listed, undefined, 2)}\n`);
      return 0;
    }
    const blocks = builders.map((one) => {
      if (one.state === "unreachable") return `Builder:      ${one.address}\nState:        ${one.state}\nWhy:          ${one.why}\n`;
      const labels = Object.entries(one.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return [
        `Builder:      ${one.address}`,
        `State:        ${one.state}`,
        `Version:      ${versionText(one.version)}`,
        `Builds:       ${one.builds}`,
        `Platforms:    ${platformsText(one.platforms)}`,
        `Labels:`,
        ...labels.map(([key, value]) => `  ${key}: ${value}`),
        `Capabilities:`,
        ...[...one.capabilities].toSorted().map((name) => `  ${name}`),
        "",
      ].join("\n");
    });
    await stdout.write(blocks.join("\n"));
    return 0;
  },
);
