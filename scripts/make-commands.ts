/** Writes docs/reference/commands.md from the tables that parse the command line. `npm run docs`; scripts/check-docs.ts checks that it was done. */
import { writeFileSync } from "node:fs";
import { type CommandSpec, optionGroups, type OptionSpec } from "../src/cli/command.ts";
import { ALIASES, COMMANDS } from "../src/cli/commands.ts";
import { SUPPORT } from "../src/support.ts";

/** Where the page is. */
export const COMMANDS_PAGE = "docs/reference/commands.md";

/** The page's text. */
export async function commandsPage(): Promise<string> {
  const specs = await Promise.all(Object.values(COMMANDS).map(async ({ load }) => (await load()).command.spec));
  const list = specs.map(({ name, summary }) => `| [decant ${name}](#decant-${name.replace(" ", "-")}) | ${cell(summary)} |`);
  return [
    "# Commands",
    "",
    "<!-- Made by scripts/make-commands.ts of the tables in src/cli/commands: change those, then npm run docs -->",
    "",
    "| | |",
    "|---|---|",
    ...list,
    "",
    "Each command has `--help`. Exit codes are in [errors](../errors.md).",
    "",
    "Other names, as docker and its users have them:",
    "",
    "| command | other names |",
    "|---|---|",
    ...Object.keys(COMMANDS).flatMap((name) => {
      const aliases = Object.entries(ALIASES).flatMap(([alias, command]) => (command === name ? [`\`${alias}\``] : []));
      return aliases.length === 0 ? [] : [`| \`${name}\` | ${aliases.join(", ")} |`];
    }),
    "",
    ...specs.flatMap(section),
  ].join("\n");
}

function section(spec: CommandSpec): string[] {
  return [
    `## decant ${spec.name}`,
    "",
    "```",
    `decant ${spec.name} [OPTIONS] ${spec.usage}`.trimEnd(),
    "```",
    "",
    `${spec.summary}.`,
    "",
    ...optionGroups(spec).flatMap(({ title, rows }) => [
      ...(title === "" ? [] : [`${title}:`, ""]),
      "| option | |",
      "|---|---|",
      ...rows.map(([name, option]) => `| ${label(name, option)} | ${cell(describe(option))} |`),
      "",
    ]),
    ...(spec.notes === undefined ? [] : ["```text", spec.notes, "```", ""]),
    ...refused("Flags of docker that are refused:", spec.unsupported),
    ...refused("Flags of kaniko and buildah that are refused:", spec.foreign),
  ];
}

function refused(title: string, table: CommandSpec["unsupported"] = {}): string[] {
  const rows = Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (rows.length === 0) return [];
  return [
    title,
    "",
    "| option | instead | row |",
    "|---|---|---|",
    ...rows.map(([name, { short, row, hint }]) => {
      const instead = hint ?? SUPPORT.find(({ id }) => id === row)?.hint ?? "";
      return `| \`${short === undefined ? "" : `-${short}, `}--${name}\` | ${cell(instead)} | ${row === undefined ? "" : `[${row}](support.md#${row})`} |`;
    }),
    "",
  ];
}

function label(name: string, { short, type, value = "VALUE" }: OptionSpec): string {
  return cell(`\`${short === undefined ? "" : `-${short}, `}--${name}${type === "string" ? ` ${value}` : ""}\``);
}

function describe({ help, choices, multiple }: OptionSpec): string {
  const more = [...(choices === undefined ? [] : [choices.join(", ")]), ...(multiple === true ? ["may be repeated"] : [])];
  return more.length === 0 ? help : `${help} (${more.join("; ")})`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

if (import.meta.main) writeFileSync(COMMANDS_PAGE, await commandsPage());
