/** `decant history`: how an image was made. */
import { formatSize } from "../../bytes.ts";
import { imageHistory, type ImageStep } from "../../index.ts";
import { ago } from "../ago.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { parseFormat } from "../format-option.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { showRun } from "../progress/show.ts";
import { fit, safeLine } from "../style.ts";
import { formatTable } from "../table.ts";

const COLUMNS = 60;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "history",
    usage: "IMAGE",
    summary: "Show how an image was made: each line of its Dockerfile, with the size of its layer",
    notes: `${IMAGE_FORMS}
The newest step is the first line. Fields of templates: .ID, .CreatedBy, .CreatedAt, .CreatedSince, .Size, .Comment.
Past builds are shown by "decant history ls" and "decant history show".`,
    options: {
      ...LOOK_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print: table, json, or a template of Go such as '{{.CreatedBy}}'" },
      "no-trunc": { type: "boolean", help: "Print instructions and digests whole" },
      quiet: { type: "boolean", short: "q", help: "Print the digests of the layers only" },
    },
    unsupported: { human: { type: "boolean", short: "H", hint: "Leave it out; --format json has sizes in bytes" } },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const format = parseFormat(values.format ?? "table", ["table", "json"]);
    const steps = await showRun(imageHistory({ ...lookOptions(values, context), image }), values.progress ?? "auto", context);
    const isWhole = values["no-trunc"] === true;
    const newest = steps.toReversed();
    const text = (): string => {
      if (values.quiet === true) return newest.flatMap(({ layer }) => (layer === undefined ? [] : [`${layer}\n`])).join("");
      if (format.kind === "template")
        return format.lines(newest.map((step) => ({ ...fieldsOf(step, isWhole), Comment: step.comment ?? "" })));
      if (format.word === "json") return `${JSON.stringify(steps, undefined, 2)}\n`;
      const rows = newest.map((step) => {
        const { ID, CreatedAt, Size, CreatedBy } = fieldsOf(step, isWhole);
        return [ID, CreatedAt.slice(0, 16).replace("T", " "), Size, CreatedBy];
      });
      return formatTable([["LAYER", "CREATED", "UNPACKED SIZE", "INSTRUCTION"], ...rows], [2]);
    };
    await context.stdout.write(text());
    return 0;
  },
);

function fieldsOf({ instruction, created = "", layer, sizeBytes }: ImageStep, isWhole: boolean) {
  const line = safeLine(instruction.replace(/\s+/g, " "));
  const id = layer ?? "<none>";
  const time = Date.parse(created);
  return {
    ID: isWhole ? id : id.replace(/^sha256:/, "").slice(0, 12),
    CreatedBy: isWhole ? line : fit(line, COLUMNS),
    CreatedAt: created,
    CreatedSince: Number.isNaN(time) ? "" : ago(time, Date.now()),
    Size: sizeBytes === undefined ? "unknown" : formatSize(sizeBytes),
  } as const;
}
