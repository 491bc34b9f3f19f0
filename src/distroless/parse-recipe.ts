/** YAML → `RecipeDocument`. Everything that is wrong is an error that shows the place; unknown fields are wrong. */
import * as v from "valibot";
import type { SourceFile, SourceRange } from "../source.ts";
import { recipeError } from "./errors.ts";
import type { RecipeDocument } from "./recipe.ts";

const text = (pattern: RegExp, wanted: string): v.GenericSchema<string, string> =>
  v.pipe(v.string(`wanted ${wanted}`), v.regex(pattern, `wanted ${wanted}`));
const packageName = text(/^[a-z0-9][a-z0-9+.-]+$/, "the name of a Debian package");
const recipeName = text(/^[a-z0-9][a-z0-9._-]*$/, "a name of lower-case letters, digits, dots and dashes");
const accountName = text(/^[a-z_][a-z0-9_-]{0,31}$/, "the name of an account");
const passwdField = text(/^[^:\n\r]*$/, "text without colons and line breaks");
const absolutePath = text(/^(?:\/(?!\.{1,2}(?:\/|$))[^/:\0\n]+)+$/, "an absolute path without . and ..");
const directoryPath = v.union([v.literal("/"), absolutePath], "wanted an absolute path");
const octalMode = text(/^[0-7]{3,4}$/, 'an octal mode as a quoted string, such as "0755"');
const id = v.pipe(
  v.number("wanted a number"),
  v.integer("wanted a whole number"),
  v.minValue(0, "wanted 0 or more"),
  v.maxValue(4_294_967_294, "wanted at most 4294967294"),
);
const env = v.record(text(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of a variable"), v.string("wanted a string"));

const variantFields = {
  user: v.exactOptional(text(/^[0-9a-z_][0-9a-z_-]*(?::[0-9a-z_-]+)?$/, "a user as a quoted string")),
  workdir: v.exactOptional(directoryPath),
  entrypoint: v.exactOptional(v.array(v.string("wanted a string"), "wanted a list of strings")),
  env: v.exactOptional(env),
};
const fileSchema = v.pipe(
  v.strictObject({
    path: absolutePath,
    text: v.exactOptional(v.string("wanted a string")),
    link: v.exactOptional(text(/^[^\0\n]+$/, "the target of a link")),
    directory: v.exactOptional(v.literal(true, "wanted true")),
    mode: v.exactOptional(octalMode),
    uid: v.exactOptional(id),
    gid: v.exactOptional(id),
  }),
  v.check(
    (file) => [file.text, file.link, file.directory].filter((one) => one !== undefined).length === 1,
    "wanted exactly one of text, link and directory",
  ),
);
const schema = v.strictObject({
  name: recipeName,
  description: v.exactOptional(v.string()),
  extends: v.exactOptional(recipeName),
  suite: v.exactOptional(text(/^[a-z]+$/, "a Debian codename")),
  packages: v.exactOptional(v.array(packageName, "wanted a list of packages")),
  certificates: v.exactOptional(packageName),
  users: v.exactOptional(
    v.array(
      v.strictObject({
        name: accountName,
        uid: id,
        gid: id,
        home: absolutePath,
        shell: v.exactOptional(absolutePath),
        comment: v.exactOptional(passwdField),
      }),
    ),
  ),
  groups: v.exactOptional(v.array(v.strictObject({ name: accountName, gid: id }))),
  files: v.exactOptional(v.array(fileSchema, "wanted a list of files")),
  node: v.exactOptional(
    v.strictObject({
      version: text(/^\d+\.\d+\.\d+$/, 'an exact version such as "18.20.8"'),
      packages: v.record(
        v.string(),
        v.strictObject({
          name: text(/^(?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*$/, "the name of an npm package"),
          integrity: v.exactOptional(text(/^sha512-[A-Za-z0-9+/]{86}==$/, '"sha512-" and its base64 value')),
        }),
      ),
    }),
  ),
  variants: v.exactOptional(v.record(v.string(), v.strictObject(variantFields))),
  ...variantFields,
});

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
  const parsed = v.safeParse(schema, toValue(file, document));
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
