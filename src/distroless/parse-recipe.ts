/** YAML → `RecipeDocument`. Everything that is wrong is an error that shows the place; unknown fields are wrong. */
import * as v from "valibot";
import type { Document, Node } from "yaml";
import type * as yamlPackage from "yaml";
import { suggest } from "../dockerfile/index.ts";
import type { SourceFile, SourceRange } from "../source.ts";
import { parseYaml } from "../yaml.ts";
import { recipeError } from "./errors.ts";
import { RECIPE_FIELDS, recipeSchema } from "./recipe-schema.ts";
import type { RecipeDocument } from "./recipe.ts";

const RESERVED = new Set(["__proto__", "prototype", "constructor"]);

/** Reads a recipe file. Throws `RECIPE` with the place of the first fault. */
export async function parseRecipe(file: SourceFile): Promise<RecipeDocument> {
  const { yaml, document, lines, mistake } = await parseYaml(file.text);
  const range = (from: number, to: number): SourceRange => {
    const start = lines.linePos(from);
    const end = lines.linePos(Math.max(from, to));
    return { file, start: { line: start.line, column: start.col }, end: { line: end.line, column: end.col } };
  };
  if (mistake !== undefined) throw recipeError(file.name, mistake.message, { source: range(...mistake.pos) });
  // The schema leaves these names out without a word.
  yaml.visit(document, {
    Pair(_key, { key }) {
      if (!yaml.isScalar(key) || !RESERVED.has(String(key.value)) || !key.range) return;
      throw recipeError(file.name, `"${String(key.value)}" cannot be a name here`, { source: range(key.range[0], key.range[1]) });
    },
  });
  const parsed = v.safeParse(recipeSchema, toValue(file, document));
  if (parsed.success) return parsed.output;
  const fault = faultOf(parsed.issues[0]);
  const node = placeOf(yaml, document, fault);
  throw recipeError(file.name, fault.why, {
    ...(node?.range ? { source: range(node.range[0], node.range[1]) } : {}),
    hint: fault.hint,
  });
}

interface Fault {
  readonly why: string;
  readonly hint?: string | undefined;
  readonly path: readonly unknown[];
  /** The name of the field is wrong, not its value. */
  readonly isKey: boolean;
}

function faultOf(issue: v.BaseIssue<unknown>): Fault {
  const chain = chainOf(issue);
  const items = pathOf(chain);
  const path = items.map(({ key }) => key);
  const place = path.join(".");
  const deepest = chain.at(-1) ?? issue;
  if (deepest.type === "strict_object" && deepest.expected === "never") {
    const near = suggest(String(path.at(-1)), RECIPE_FIELDS);
    return {
      why: `the field "${place}" is not known`,
      path,
      isKey: true,
      hint: near && `Did you mean "${near}"?`,
    };
  }
  if (deepest.type === "strict_object" && deepest.received === "undefined")
    return { why: `the field "${place}" is missing`, path, isKey: false };
  const what = place === "" ? "it" : `"${place}"`;
  const wanted = place === "" ? "wanted fields such as name, extends and packages" : deepest.message;
  return { why: `${what} is not right: ${wanted}`, path, isKey: items.at(-1)?.origin === "key" };
}

/**
 * An issue, the issue in it that is meant, and so on. Of the forms that a value may have, that one is meant which it fits best: where the fault is
 * deepest. An issue in another counts its path from there.
 */
function chainOf(issue: v.BaseIssue<unknown>): readonly v.BaseIssue<unknown>[] {
  const chains = (issue.issues ?? []).map(chainOf).toSorted((a, b) => pathOf(b).length - pathOf(a).length);
  const depths = chains.map((chain) => pathOf(chain).length);
  const [deepest = 0, next = 0] = depths;
  // Where two forms fit equally well, the message that names all forms is better.
  return [issue, ...(deepest > next ? (chains[0] ?? []) : [])];
}

function pathOf(chain: readonly v.BaseIssue<unknown>[]): readonly v.IssuePathItem[] {
  return chain.flatMap((issue) => issue.path ?? []);
}

/** A field that is missing has no place; what should hold it does. */
function placeOf(yaml: typeof yamlPackage, document: Document, { path, isKey }: Fault): Node | undefined {
  if (isKey) {
    const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
    const pair = yaml.isMap(parent) ? parent.items.find(({ key }) => yaml.isScalar(key) && String(key.value) === path.at(-1)) : undefined;
    if (yaml.isScalar(pair?.key)) return pair.key;
  }
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (yaml.isNode(node)) return node;
  }
  return undefined;
}

function toValue(file: SourceFile, document: { toJS(): unknown }): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases that multiply without end.
    throw recipeError(file.name, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
