/** `decant ps`. */
import { type ContainerSummary, listContainers } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { formatPort } from "../container-ports.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { formatTable } from "../table.ts";

const COMMAND_COLUMNS = 40;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "ps",
    usage: "",
    summary: "List the containers that run",
    notes: "A container is gone when it ends, so the list has only running ones.",
    options: {
      ...STORE_OPTION_TABLE,
      all: { type: "boolean", short: "a", help: "Also containers that have ended; Decant keeps none" },
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["table", "json"] },
      "no-trunc": { type: "boolean", help: "Print IDs and commands whole" },
      quiet: { type: "boolean", short: "q", help: "Print the IDs only" },
    },
    unsupported: {
      filter: { type: "string", short: "f" },
      last: { type: "string", short: "n" },
      latest: { type: "boolean", short: "l" },
      size: { type: "boolean", short: "s" },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const containers = await listContainers(storeOptions(values, context));
    const shown = (id: string): string => (values["no-trunc"] === true ? id : shortId(id));
    await context.stdout.write(
      values.quiet === true
        ? containers.map(({ id }) => `${shown(id)}\n`).join("")
        : values.format === "json"
          ? `${JSON.stringify(containers, undefined, 2)}\n`
          : containerTable(containers, shown, values["no-trunc"] === true ? Infinity : COMMAND_COLUMNS),
    );
    return 0;
  },
);

/** As the container's host name has it. */
function shortId(id: string): string {
  return id.slice(0, 12);
}

function containerTable(containers: readonly ContainerSummary[], shown: (id: string) => string, columns: number): string {
  const rows = containers.map(({ id, name, image, command: words, created, ports = [] }) => [
    shown(id),
    image,
    fitted(JSON.stringify(words.join(" ")), columns),
    created.slice(0, 16).replace("T", " "),
    ports.map(formatPort).join(", "),
    name,
  ]);
  return formatTable([["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "PORTS", "NAME"], ...rows]);
}

function fitted(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}
