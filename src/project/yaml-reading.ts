/** Reading YAML that a user wrote, with the place of every key and value for messages. */
import type * as yamlPackage from "yaml";
import type { Document, LineCounter, Node } from "yaml";
import { DecantError } from "../errors.ts";
import type { SourceFile, SourceRange } from "../source.ts";
import { parseYaml } from "../yaml.ts";

/** A parsed document. */
export interface YamlReading {
  readonly yaml: typeof yamlPackage;
  readonly document: Document;
  readonly file: SourceFile;
  readonly lines: LineCounter;
}

/** One key of a mapping. */
export interface YamlEntry {
  readonly key: string;
  readonly range: SourceRange;
  readonly value: unknown;
  readonly valueRange: SourceRange;
}

/** Parses a text. Throws `CONFIG_FILE` with the place of the first mistake. */
export async function readYaml(file: SourceFile): Promise<YamlReading> {
  const { yaml, document, lines, mistake } = await parseYaml(file.text);
  if (mistake !== undefined) throw configError(mistake.message, rangeAt(file, lines, mistake.pos));
  return { yaml, document, file, lines };
}

/** The keys of a mapping; none for nothing. `what` names it in messages: '"images"'. Throws `CONFIG_FILE`. */
export function* mappingEntries(read: YamlReading, node: unknown, what: string): Generator<YamlEntry, void, undefined> {
  const { yaml, document } = read;
  const mapping = yaml.isAlias(node) ? node.resolve(document) : node;
  // An empty file, or `images:` with nothing below it.
  if (mapping === null || mapping === undefined || (yaml.isScalar(mapping) && mapping.value === null)) return;
  if (!yaml.isMap(mapping)) throw configError(`${what} is no mapping; wanted keys and values`, placeOf(read, mapping));
  for (const pair of mapping.items) {
    const range = placeOf(read, pair.key);
    const key = yaml.isScalar(pair.key) ? pair.key.value : undefined;
    if (typeof key !== "string") throw configError("a key is no text; wanted text", range);
    const value = yaml.isAlias(pair.value) ? pair.value.resolve(document) : pair.value;
    yield { key, range, value, valueRange: yaml.isNode(pair.value) ? placeOf(read, pair.value) : range };
  }
}

/** The items of a list with their places; none for nothing. Throws `CONFIG_FILE`. */
export function* listItems(
  read: YamlReading,
  node: unknown,
  what: string,
  range: SourceRange,
): Generator<{ readonly value: unknown; readonly range: SourceRange }, void, undefined> {
  const { yaml, document } = read;
  const list = yaml.isAlias(node) ? node.resolve(document) : node;
  if (list === null || list === undefined || (yaml.isScalar(list) && list.value === null)) return;
  if (!yaml.isSeq(list)) throw configError(`${what} is no list; wanted items that start with "-"`, range);
  for (const item of list.items) {
    const value = yaml.isAlias(item) ? item.resolve(document) : item;
    yield { value, range: yaml.isNode(item) ? placeOf(read, item) : range };
  }
}

/** The text, number or truth value of a node; undefined for anything else. */
export function scalarOf({ yaml }: YamlReading, node: unknown): string | number | boolean | undefined {
  const value: unknown = yaml.isScalar(node) ? node.value : undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

/** A mistake in the project file, or in the configuration of the store: the message names the file. */
export function configError(state: string, source: SourceRange): DecantError {
  return new DecantError("CONFIG_FILE", `Cannot use "${source.file.name}": ${state}`, { source: [source] });
}

function placeOf({ yaml, file, lines }: YamlReading, node: unknown): SourceRange {
  if (!yaml.isNode(node)) return { file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
  return rangeOf(file, lines, node);
}

function rangeOf(file: SourceFile, lines: LineCounter, node: Node): SourceRange {
  const [from = 0, to = from] = node.range ?? [];
  return rangeAt(file, lines, [from, to]);
}

function rangeAt(file: SourceFile, lines: LineCounter, [from, to]: readonly [number, number]): SourceRange {
  const start = lines.linePos(from);
  const end = lines.linePos(to);
  return { file, start: { line: start.line, column: start.col }, end: { line: end.line, column: end.col } };
}
