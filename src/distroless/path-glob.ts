/** Globs of absolute paths, as recipes have them: `*` and `?` within a name, `**` over any number of names, also none. Pure. */
import { fromText, type TreePath } from "../paths.ts";

/** A test of paths for a list of globs: does any of them match? */
export function pathGlobs(globs: readonly string[]): (path: TreePath) => boolean {
  const patterns = globs.map((glob) => namesOf(glob));
  const expressions = patterns.map((names) => new RegExp(`^${names.map(nameExpression).join("")}$`, "s"));
  return (path) => expressions.some((expression) => expression.test(`/${path}`));
}

/** Several `**` in a row mean what one does, and cost more. */
function namesOf(glob: string): string[] {
  const names = glob.replace(/^\/+|\/+$/g, "").split("/");
  return names.filter((name, at) => name !== "**" || names[at - 1] !== "**");
}

/** Every name comes with the "/" before it, so that `**` can stand for none. */
function nameExpression(name: string): string {
  if (name === "**") return "(?:/[^/]+)*";
  const escaped = fromText(name)
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, "[^/]*")
    .replaceAll("?", "[^/]");
  return `/${escaped}`;
}
