/** Help texts, made from the same tables that parse and type the options. */
import { type CommandSpec, optionGroups, type OptionSpec } from "./command.ts";
import { commandNames, COMMANDS, GROUPS } from "./commands.ts";

const WIDTH = 88;

/** `decant help`. */
export function mainHelp(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  return [
    "Usage: decant COMMAND",
    "",
    "Builds container images from Dockerfiles, without a daemon",
    "",
    "Commands:",
    ...columns(rows),
    "",
    "The store is in DECANT_ROOT, by default /var/lib/decant for root, else ~/.local/share/decant.",
    'See "decant COMMAND --help" for the options of a command.',
    "",
  ].join("\n");
}

/** `decant GROUP --help`: the commands whose first word it is. */
export function groupHelp(group: string): string {
  const rows = commandNames()
    .filter(([name]) => name.startsWith(`${group} `))
    .map(([name, command]) => [name, COMMANDS[command]?.summary ?? ""] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    `Usage: decant ${group} COMMAND`,
    "",
    GROUPS[group] ?? "",
    "",
    "Commands:",
    ...columns(rows),
    "",
    `See "decant ${group} COMMAND --help" for the options of a command.`,
    "",
  ].join("\n");
}

/** `decant COMMAND --help`. */
export function commandHelp(spec: CommandSpec): string {
  const groups = optionGroups(spec).map(({ title, rows }) => ({
    title,
    rows: rows.map(([name, option]) => [optionLabel(name, option), optionHelp(option)] as const),
  }));
  const help = ["-h, --help", "Show this help"] as const;
  const width = labelWidth([...groups.flatMap(({ rows }) => rows), help]);
  const missing = Object.keys(spec.unsupported ?? {}).toSorted();
  return [
    `Usage: decant ${spec.name} [OPTIONS] ${spec.usage}`.trimEnd(),
    "",
    spec.summary,
    "",
    ...groups.flatMap(({ title, rows }, at) => [
      `${title === "" ? "Options" : title}:`,
      ...columns(at === groups.length - 1 ? [...rows, help] : rows, width),
      ...(at === groups.length - 1 ? [] : [""]),
    ]),
    ...(spec.notes === undefined ? [] : ["", ...notes(spec.notes)]),
    ...(missing.length === 0
      ? []
      : ["", "Options of docker that are not supported yet, and are refused:", ...wrap(missing.map((name) => `--${name}`).join(", "), 2)]),
    "",
  ].join("\n");
}

/** Paragraphs are filled to the width; what is indented, and a line that ends with a colon, stays as it is. */
function notes(text: string): string[] {
  const lines: string[] = [];
  let paragraph: string[] = [];
  const flush = (): void => {
    if (paragraph.length > 0) lines.push(...wrap(paragraph.join(" "), 0));
    paragraph = [];
  };
  for (const line of text.split("\n")) {
    if (line !== "" && !/^\s|:$/u.test(line)) paragraph.push(line);
    else {
      flush();
      lines.push(line);
    }
  }
  flush();
  return lines;
}

function optionLabel(name: string, option: OptionSpec): string {
  const value = option.type === "string" ? ` ${option.value ?? "VALUE"}` : "";
  return `${option.short === undefined ? "    " : `-${option.short}, `}--${name}${value}`;
}

function optionHelp(option: OptionSpec): string {
  const more = [
    ...(option.choices === undefined ? [] : [option.choices.join(", ")]),
    ...(option.multiple === true ? ["may be repeated"] : []),
  ];
  return more.length === 0 ? option.help : `${option.help} (${more.join("; ")})`;
}

function labelWidth(rows: readonly (readonly [string, string])[]): number {
  return Math.max(...rows.map(([label]) => label.length)) + 4;
}

function columns(rows: readonly (readonly [string, string])[], width: number = labelWidth(rows)): string[] {
  return rows.map(([label, text]) => {
    const [first = "", ...rest] = wrap(text, width);
    return [`  ${label.padEnd(width - 2)}${first.trimStart()}`, ...rest].join("\n");
  });
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(" ".repeat(indent) + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, " ".repeat(indent) + line];
}
