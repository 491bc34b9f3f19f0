/**
 * Measures prose: a sentence has at most 25 words, and says who does what. Reads Markdown and the texts of the command table; knows nothing
 * of what they are about. A heading, a list item and a table cell are sentences of their own; code and links count as one word.
 */
import { globSync, readFileSync } from "node:fs";
import type { CommandSpec } from "../src/cli/command.ts";

/** Words that a sentence may have. */
const MOST_WORDS = 25;

/** Passives that hide who tells, has or lacks something. */
const HOLLOW = /\b(?:is|are|was|were|be|been|being) (?:told|had)\b|\bcannot be had\b|\bthere (?:is|are|was|were) (?:none|no|nothing)\b/i;

/** The documents that are measured. */
const PAGES = ["*.md", "docs/**/*.md", "examples/*/README.md", "src/**/*.md", "bench/*.md", "test/**/*.md", "scripts/*.md"];

/** What is wrong with the prose of all documents and of these commands' help; a line for each sentence. */
export function proseProblems(commands: readonly CommandSpec[]): string[] {
  const pages = globSync(PAGES, { exclude: ["**/testdata/**/*.md"] }).map((file) => [file, blocksOf(readFileSync(file, "utf8"))] as const);
  const help = commands.map((spec) => [`decant ${spec.name} --help`, helpOf(spec)] as const);
  return [...pages, ...help].flatMap(([place, blocks]) => blocks.flatMap(sentencesOf).flatMap((sentence) => judge(place, sentence)));
}

/** Paragraphs, headings, list items and table cells of a Markdown text, without code blocks, comments and folded lists of names. */
export function blocksOf(markdown: string): string[] {
  const text = markdown.replace(/^ *(```+)[\s\S]*?^ *\1 *$/gm, "\n\n").replace(/<!--[\s\S]*?-->|<details>[\s\S]*?<\/details>/g, "");
  return text.split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )|\n(?=#)|(?<=^#.*)\n|\n(?=\|)/m).flatMap((block) => {
    const lead = block.trimStart();
    return lead.startsWith("|") ? plain(lead).split(/(?<!\\)\|/) : [plain(block)];
  });
}

/** The sentences of a block. */
export function sentencesOf(block: string): string[] {
  return block.split(/(?<=[.!?]["”)]?)\s+(?=["“(]?[\p{Lu}\d])/u);
}

/** How many words a sentence has; signs between words are none. */
export function countWords(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

function plain(block: string): string {
  return block
    .replace(/(`+)[^`]?[\s\S]*?\1/g, "CODE")
    .replace(/!?\[[^\]]*\](?:\([^)]*\)|\[[^\]]*\])/g, "LINK")
    .replace(/^\s*(?:#+|[-*>]|\d+\.)\s+/, "")
    .replace(/\*\*/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

function helpOf({ summary, notes = "", options, unsupported = {} }: CommandSpec): string[] {
  const prose = notes.replace(/^Examples?:\n(?: .*\n?)*/gm, "");
  const hints = Object.values(unsupported).map(({ hint = "" }) => hint);
  // Indented lines are items of a list.
  return [
    summary,
    ...prose.split(/\n\s*\n|\n(?=\s)|(?<=(?:^|\n)\s[^\n]*)\n/).map(plain),
    ...Object.values(options).map(({ help }) => help),
    ...hints,
  ];
}

function judge(place: string, sentence: string): string[] {
  const words = countWords(sentence);
  const hollow = HOLLOW.exec(sentence)?.[0];
  return [
    ...(words > MOST_WORDS ? [`${place}: ${words} words, at most ${MOST_WORDS}: ${sentence}`] : []),
    ...(hollow === undefined ? [] : [`${place}: say who does it, not "${hollow}": ${sentence}`]),
  ];
}
