/** Globs of absolute paths, as recipes have them: `*` and `?` within a name, `**` over any number of names, also none. Pure. */
import { fromText, type TreePath } from "../paths.ts";
import { matchesWildcards } from "../wildcards.ts";

/** A test of paths for a list of globs: does any of them match? */
export function pathGlobs(globs: readonly string[]): (path: TreePath) => boolean {
  const tests = globs.map((glob) => testOf(namesOf(glob)));
  return (path) => tests.some((test) => test(path));
}

/** An expression is faster, as long as it has few stars to try. */
function testOf(names: readonly string[]): (path: string) => boolean {
  const isCheap = names.filter((name) => name === DEEP).length <= 1 && names.every((name) => name.split("*").length <= MAX_STARS + 1);
  if (isCheap) {
    const expression = new RegExp(`^${names.map(nameExpression).join("")}$`, "s");
    return (path) => expression.test(`/${path}`);
  }
  const parts = names.map((name) => (name === DEEP ? name : (fromText(name).match(/\*+|[^*]/gs) ?? [])));
  return (path) => matchesWildcards(parts, path.split("/"), PATH_RULES);
}

const DEEP = "**";
const MAX_STARS = 2;
const NAME_RULES = {
  repeats: (token: string): boolean => token.startsWith("*"),
  takes: (token: string, char: string): boolean => token.startsWith("*") || token === "?" || token === char,
};
const PATH_RULES = {
  repeats: (part: string | readonly string[]): boolean => part === DEEP,
  takes: (part: string | readonly string[], name: string): boolean =>
    typeof part === "string" ? name !== "" : matchesWildcards(part, name.split(""), NAME_RULES),
};

/** Several `**` in a row mean what one does, and cost more. */
function namesOf(glob: string): string[] {
  const names = glob.replace(/^\/+|\/+$/g, "").split("/");
  return names.filter((name, at) => name !== DEEP || names[at - 1] !== DEEP);
}

/** Every name comes with the "/" before it, so that `**` can stand for none. */
function nameExpression(name: string): string {
  if (name === DEEP) return "(?:/[^/]+)*";
  const escaped = fromText(name)
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, "[^/]*")
    .replaceAll("?", "[^/]");
  return `/${escaped}`;
}
