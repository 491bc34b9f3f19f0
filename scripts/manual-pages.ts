/** Manual pages in mdoc(7), made of the tables that parse the command line: decant(1), and one for each command. Pure but for loading the tables. */
import { type CommandSpec, optionGroups, type OptionSpec } from "../src/cli/command.ts";
import { ALIASES, COMMANDS, GROUPS } from "../src/cli/commands.ts";
import { VARIABLES } from "../src/environment.ts";
import { VERSION } from "../src/version.ts";

const WIDTH = 76;

/** Pages by file name, "decant-base-lock.1". `date` stands at the foot of each. */
export async function manualPages(date: Date): Promise<ReadonlyMap<string, string>> {
  const specs: CommandSpec[] = [];
  for (const { load } of Object.values(COMMANDS)) specs.push((await load()).command.spec);
  const head = (title: string): string[] => [`.Dd ${dayOf(date)}`, `.Dt ${title.toUpperCase()} 1`, `.Os decant ${VERSION}`];
  const pages = specs.map((spec) => [`${pageOf(spec.name)}.1`, commandPage(spec, head(pageOf(spec.name)))] as const);
  return new Map([["decant.1", mainPage(specs, head("decant"))], ...pages]);
}

function mainPage(specs: readonly CommandSpec[], head: readonly string[]): string {
  const variables = VARIABLES.filter(
    ({ of, name }) => of === "decant" || ["DOCKER_CONFIG", "SOURCE_DATE_EPOCH", "NO_COLOR"].includes(name),
  );
  return lines([
    ...head,
    ".Sh NAME",
    ".Nm decant",
    ".Nd daemonless builder of container images",
    ".Sh SYNOPSIS",
    ".Nm",
    ".Ar COMMAND",
    ".Op Ar OPTIONS",
    ".Ar ARGUMENTS",
    ".Nm",
    ".Cm help",
    ".Op Ar COMMAND",
    ".Sh DESCRIPTION",
    ...prose(
      "Decant builds container images from multi-stage Dockerfiles, without a daemon. It assembles distroless bases from signed Debian packages, shows what is in an image, and checks that the image will run.",
    ),
    ".Pp",
    ...prose("Each command has a page of its own:"),
    ".Bl -tag -width Ds",
    ...specs.flatMap(({ name, summary }) => [`.It Xr ${pageOf(name)} 1`, ...prose(`${summary}.`)]),
    ".El",
    ".Pp",
    ...prose(
      `${Object.entries(ALIASES)
        .map(([alias, name]) => `"${alias}" is "${name}"`)
        .join(", ")}.`,
    ),
    ...Object.entries(GROUPS).flatMap(([group, help]) => prose(`Commands that begin with "${group}": ${help}.`)),
    ".Sh ENVIRONMENT",
    ".Bl -tag -width Ds",
    ...variables.flatMap(({ name, note }) => [`.It Ev ${name}`, ...prose(`${note.replaceAll("`", "")}.`)]),
    ".El",
    ".Sh FILES",
    ".Bl -tag -width Ds",
    ".It Pa /var/lib/decant",
    ...prose("The store of root."),
    ".It Pa ~/.local/share/decant",
    ...prose("The store of other users."),
    ".It Pa decant.yaml",
    ...prose("Settings of a project, in the context or in the working directory."),
    ".El",
    ".Pp",
    ...prose("Hints of messages name files such as docs/ci.md. They are in the folder of the package, beside bin/decant."),
    ".Sh EXIT STATUS",
    ".Bl -tag -width Ds",
    ".It 0",
    ...prose("Success."),
    ".It 1",
    ...prose("An error of any kind, wrong use included."),
    ".It 130, 143, 129",
    ...prose("SIGINT, SIGTERM or SIGHUP ended the command."),
    ".El",
    ".Pp",
    ...prose("The command run passes on the exit code of the container."),
    ".Sh SEE ALSO",
    ...references(specs.map(({ name }) => pageOf(name))),
  ]);
}

function commandPage(spec: CommandSpec, head: readonly string[]): string {
  const { text, examples } = partsOf(spec.notes ?? "");
  const groups = optionGroups(spec);
  return lines([
    ...head,
    ".Sh NAME",
    `.Nm ${pageOf(spec.name)}`,
    `.Nd ${escape(spec.summary)}`,
    ".Sh SYNOPSIS",
    `.Nm decant ${spec.name}`,
    ".Op Ar OPTIONS",
    ...(spec.usage === "" ? [] : [`.Ar ${macroWords(spec.usage)}`]),
    ".Sh DESCRIPTION",
    ...prose(`${spec.summary}.`),
    ...(text.length === 0 ? [] : [".Pp", ...text]),
    ".Sh OPTIONS",
    ...groups.flatMap(({ title, rows }, at) => [
      ...(title === "" ? [] : [`.Ss ${escape(title)}`]),
      ".Bl -tag -width Ds",
      ...rows.flatMap(([name, option]) => [optionItem(name, option), ...prose(optionText(option))]),
      ...(at === groups.length - 1 ? [".It Fl h , Fl Fl help", ...prose("Show a summary of this page.")] : []),
      ".El",
    ]),
    ...(examples.length === 0 ? [] : [".Sh EXAMPLES", ...literal(examples)]),
    ".Sh SEE ALSO",
    ...references(["decant"]),
  ]);
}

function optionItem(name: string, { short, type, value = "VALUE" }: OptionSpec): string {
  const argument = type === "string" ? ` Ar ${macroWords(value)}` : "";
  return `.It ${short === undefined ? "" : `Fl ${short} , `}Fl Fl ${name}${argument}`;
}

function optionText({ help, choices, multiple }: OptionSpec): string {
  const end = /[.!?]$/.test(help) ? help : `${help}.`;
  return [
    end,
    ...(choices === undefined ? [] : [`One of: ${choices.join(", ")}.`]),
    ...(multiple === true ? ["May be repeated."] : []),
  ].join(" ");
}

/** Notes of a command's help: paragraphs, indented lines as they are, and the examples at the end. */
function partsOf(notes: string): { readonly text: readonly string[]; readonly examples: readonly string[] } {
  const [before = "", examples = ""] = notes.split(/^Examples?:\n/m);
  const text: string[] = [];
  // Lines of one kind that follow each other: a paragraph, or lines that keep their ends.
  for (const [part] of before.matchAll(/(?:^[ \t]+\S.*\n?)+|(?:^\S.*\n?)+/gm)) {
    const isLiteral = /^\s/.test(part);
    if (text.length > 0 && !isLiteral) text.push(".Pp");
    text.push(...(isLiteral ? literal(part.trimEnd().split("\n")) : prose(part)));
  }
  return { text, examples: examples.split("\n").filter((line) => line.trim() !== "") };
}

function literal(block: readonly string[]): string[] {
  return [".Bd -literal -offset indent", ...block.map((line) => escape(line.trim())), ".Ed"];
}

/** Each sentence begins a line, and no line is long: mandoc(1) wants it so. */
function prose(text: string): string[] {
  const sentences = text.trim().split(/(?<=[.!?:])\s+(?=["“(]?[\p{Lu}\d])/u);
  return sentences.flatMap((sentence) => {
    const out: string[] = [];
    for (const word of escape(sentence).split(/\s+/)) {
      const last = out.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= WIDTH) out[out.length - 1] = `${last} ${word}`;
      // A sign at the beginning of a line would be a request.
      else out.push(word.replace(/^(?=[.'])/, "\\&"));
    }
    return out;
  });
}

function references(pages: readonly string[]): string[] {
  const sorted = pages.toSorted();
  return sorted.map((page, at) => `.Xr ${page} 1${at < sorted.length - 1 ? " ," : ""}`);
}

/** One argument of a macro, whatever is in it. */
function macroWords(text: string): string {
  return text.split(" ").map(escape).join(" ");
}

/** roff(7): backslashes, signs at the beginning of a line, and what is not ASCII. */
function escape(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replace(/^(?=[.'])/, "\\&")
    .replace(/[^\n -~]/gu, (sign) => `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

function pageOf(name: string): string {
  return `decant-${name.replace(" ", "-")}`;
}

function dayOf(date: Date): string {
  return date.toLocaleDateString("en-US", { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" });
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
