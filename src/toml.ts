/** TOML files of other tools: text in, checked values out; whatever is wrong is told with its line. */
import * as v from "valibot";
import { shapeProblem } from "./shape-problem.ts";

/** Why a file cannot be used, as the end of a sentence, and where. */
interface TomlProblem {
  readonly problem: string;
  /** From 1; undefined where no line is at fault. */
  readonly line: number | undefined;
}

type Path = readonly (string | number)[];

/** Parses and checks. */
export async function readToml<const Schema extends v.GenericSchema>(
  text: string,
  schema: Schema,
): Promise<{ readonly value: v.InferOutput<Schema> } | TomlProblem> {
  // Loaded on use: most machines have nothing to parse here.
  const { parse, TomlError } = await import("smol-toml");
  let toml: unknown;
  try {
    toml = parse(text);
  } catch (error) {
    // The parser's message quotes the text; its line says enough.
    return { problem: "it is no TOML", line: error instanceof TomlError ? error.line : undefined };
  }
  const result = v.safeParse(schema, toml);
  if (result.success) return { value: result.output };
  const [issue] = result.issues;
  const path = (issue.path ?? []).map((item) => item.key).filter((key) => typeof key === "string" || typeof key === "number");
  return { problem: shapeProblem(issue), line: tomlLine(text, path) };
}

/** The line, from 1, of what `path` leads to, or of the nearest that is around it. Undefined for a path that nothing in the text fits. */
export function tomlLine(text: string, path: Path): number | undefined {
  const counts = new Map<string, number>();
  let table: Path = [];
  let best = { depth: 0, line: undefined as number | undefined };
  const look = (at: Path, line: number): void => {
    // What is inside of it is a place of it, too.
    const depth = Math.min(at.length, path.length);
    if (depth > best.depth && at.slice(0, depth).every((key, index) => key === path[index])) best = { depth, line };
  };
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const header = /^\s*(\[\[?)(.*?)\]\]?\s*(?:#.*)?$/.exec(line);
    if (header?.[1] !== undefined && header[2] !== undefined) {
      table = tablePath(keysOf(header[2]), header[1] === "[[", counts);
      look(table, index + 1);
      continue;
    }
    const key = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(line)?.[1];
    if (key !== undefined) look([...table, ...keysOf(key)], index + 1);
  }
  return best.line;
}

/** Arrays of tables count: the second [[registry]] is registry, 1. */
function tablePath(keys: readonly string[], isItem: boolean, counts: Map<string, number>): Path {
  const path: (string | number)[] = [];
  for (const [index, key] of keys.entries()) {
    path.push(key);
    const id = JSON.stringify(path);
    if (isItem && index === keys.length - 1) counts.set(id, (counts.get(id) ?? -1) + 1);
    const count = counts.get(id);
    if (count !== undefined) path.push(count);
  }
  return path;
}

function keysOf(text: string): string[] {
  return (text.match(/"[^"]*"|'[^']*'|[\w-]+/g) ?? []).map((key) => key.replace(/^["']|["']$/g, ""));
}
