/** `decant history ls`. */
import { type BuildRecord, listBuilds } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";
import { formatDuration } from "../../progress/format-event.ts";
import { formatTable } from "../../table.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "history ls",
    usage: "",
    summary: "List past builds, the newest first",
    notes: "The store keeps the last 200 builds, with the whole logs of their steps.",
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["table", "json"] },
      quiet: { type: "boolean", short: "q", help: "Print the IDs only" },
    },
    unsupported: { filter: { type: "string" }, local: { type: "boolean", hint: "Leave it out: the history is that of this machine" } },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const builds = await listBuilds(storeOptions(values, context));
    await context.stdout.write(
      values.quiet === true
        ? builds.map(({ id }) => `${id}\n`).join("")
        : values.format === "json"
          ? `${JSON.stringify(builds, undefined, 2)}\n`
          : formatTable([["BUILD ID", "NAME", "STATE", "STARTED", "DURATION"], ...builds.map(row)]),
    );
    return 0;
  },
);

function row({ id, title, state, startedAt, finishedAt }: BuildRecord): string[] {
  const duration = finishedAt === undefined ? "" : formatDuration(finishedAt - startedAt);
  return [id, title, state, new Date(startedAt).toISOString().slice(0, 16).replace("T", " "), duration];
}
