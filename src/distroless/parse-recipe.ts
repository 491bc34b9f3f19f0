/** YAML → `RecipeDocument`. Everything that is wrong is an error that shows the place; unknown fields are wrong. */
import * as v from "valibot";
import type { SourceFile, SourceRange } from "../source.ts";
import { recipeError } from "./errors.ts";
import { recipeSchema } from "./recipe-schema.ts";
import type { RecipeDocument } from "./recipe.ts";

/** Reads a recipe file. Throws `RECIPE` with the place of the first fault. */
export async function parseRecipe(file: SourceFile): Promise<RecipeDocument> {
  const { LineCounter, isNode, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, uniqueKeys: true });
  const range = (from: number, to: number): SourceRange => {
    const start = lines.linePos(from);
    const end = lines.linePos(Math.max(from, to));
    return { file, start: { line: start.line, column: start.col }, end: { line: end.line, column: end.col } };
  };
  const [fault] = document.errors;
  if (fault !== undefined) {
    const [why = "it is no YAML"] = fault.message.split("\n");
    throw recipeError(file.name, why.replace(/ at line \d+, column \d+:?$/, ""), { source: range(...fault.pos), cause: fault });
  }
  const parsed = v.safeParse(recipeSchema, toValue(file, document));
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = (issue.path ?? []).map((item) => item.key);
  const place = path.join(".");
  const why =
    issue.type === "strict_object"
      ? unknownOrMissing(issue, place)
      : `${place === "" ? "it" : `"${place}"`} is not right: ${issue.message}`;
  // A field that is missing has no place; what should hold it does.
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node: unknown = document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) throw recipeError(file.name, why, { source: range(node.range[0], node.range[1]) });
  }
  throw recipeError(file.name, why);
}

function toValue(file: SourceFile, document: { toJS(): unknown }): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases that multiply without end.
    throw recipeError(file.name, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function unknownOrMissing(issue: v.BaseIssue<unknown>, place: string): string {
  if (issue.expected === "never") return `the field "${place}" is not known`;
  return issue.received === "undefined" ? `the field "${place}" is missing` : `"${place}" is not right: ${issue.message}`;
}
