/**
 * .dockerignore (rules S96-S99), also used for `--exclude` (S85). The last pattern that matches a path or one of its parents decides.
 */
import { given } from "../given.ts";
import { toText } from "../paths.ts";
import type { SourceRange } from "../source.ts";
import { semanticError, syntaxError } from "./errors.ts";
import { badPattern, compileGlob, type GlobToken, hasWildcard, readGlob } from "./glob.ts";
import { createLocator } from "./locate.ts";
import { compilePathPattern } from "./path-pattern.ts";
import { trimSpace } from "./slices.ts";

/** One pattern. */
export interface IgnorePattern {
  /** Cleaned, without "!" and without a leading slash. */
  readonly pattern: string;
  /** `!pattern`: re-includes. */
  readonly negated: boolean;
  /** Absent for patterns that are not from a file. */
  readonly range?: SourceRange;
}

/** Decides about paths. Walk depth-first: what is known of a directory is kept while its children are asked for. */
export interface IgnoreMatcher {
  /** Is `path` (a TreePath; any but the root) left out? */
  excludes(path: string): boolean;
  /** Can anything below the directory `path` be kept? When not, it need not be walked. True for a directory that is not left out. */
  mayReinclude(path: string): boolean;
}

/** Reads an ignore file. Throws `DOCKERFILE_SYNTAX` for a "!" alone, `DOCKERFILE_SEMANTIC` for a malformed pattern. */
export function parseIgnore(text: string, options: { readonly name: string } = { name: ".dockerignore" }): IgnorePattern[] {
  const content = text.startsWith("\ufeff") ? text.slice(1) : text;
  const locator = createLocator({ name: options.name, text: content });
  const patterns: IgnorePattern[] = [];
  for (const [index, start] of locator.lineStarts.entries()) {
    const line = content.slice(start, (locator.lineStarts[index + 1] ?? content.length + 1) - 1);
    const trimmed = trimSpace(line);
    // Only in column 0: an indented "#x" is a pattern.
    if (line.startsWith("#") || trimmed === "") continue;
    const from = start + line.indexOf(trimmed);
    const range = locator.range(from, from + trimmed.length);
    const negated = trimmed.startsWith("!");
    const cleaned = cleanPath(trimSpace(negated ? trimmed.slice(1) : trimmed));
    const pattern = cleaned.length > 1 && cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
    patterns.push(checkPattern({ pattern, negated, range }));
  }
  return patterns;
}

/** The values of `--exclude`, which know no comments. Throws as `parseIgnore`. */
export function excludePatterns(values: readonly { readonly text: string; readonly range?: SourceRange }[]): IgnorePattern[] {
  const patterns: IgnorePattern[] = [];
  for (const { text, range } of values) {
    const trimmed = trimSpace(text);
    if (trimmed === "") continue;
    const cleaned = cleanPath(trimmed);
    const negated = cleaned.startsWith("!");
    patterns.push(checkPattern({ pattern: negated ? cleaned.slice(1) : cleaned, negated, ...given({ range }) }));
  }
  return patterns;
}

/** Compiles `patterns`; malformed ones throw `DOCKERFILE_SEMANTIC`. */
export function createIgnoreMatcher(patterns: readonly IgnorePattern[]): IgnoreMatcher {
  const rules = patterns.map(({ pattern, negated }) => ({ test: compilePathPattern(pattern), negated }));
  const belows = patterns.map(({ pattern, negated }) => (negated ? compileBelow(pattern) : undefined));
  const hasNegated = patterns.some((pattern) => pattern.negated);
  /** Verdicts of the directories above the path asked for last. */
  const parents: { readonly path: string; readonly verdict: Verdict }[] = [];

  /** `matches` takes what the children need to know, where there will be children. */
  const judge = (path: string, parent: Verdict | undefined, matches?: Uint8Array): { excluded: boolean; decidedBy: number } => {
    let excluded = false;
    let decidedBy = -1;
    for (let index = 0; index < rules.length; index += 1) {
      const rule = rules[index];
      // A pattern that could not change the verdict is not tried, and so is not known to match the children either, as in moby.
      if (rule === undefined || (parent?.matches[index] !== 1 && (rule.negated !== excluded || !rule.test(path)))) continue;
      if (matches !== undefined) matches[index] = 1;
      excluded = !rule.negated;
      if (excluded) decidedBy = index;
    }
    return { excluded, decidedBy };
  };

  const judgeFolder = (path: string, parent: Verdict | undefined): Verdict => {
    if (parent?.excluded === true && !hasNegated) return parent;
    const matches = new Uint8Array(rules.length);
    return { ...judge(path, parent, matches), matches };
  };

  const parentVerdict = (path: string): Verdict | undefined => {
    const slash = path.lastIndexOf("/");
    if (slash < 0) return undefined;
    while (parents.length > 0) {
      const last = parents.at(-1);
      if (last !== undefined && path.startsWith(last.path) && path.charAt(last.path.length) === "/") break;
      parents.pop();
    }
    for (let at = path.indexOf("/", (parents.at(-1)?.path.length ?? -1) + 1); at >= 0; at = path.indexOf("/", at + 1)) {
      const folder = path.slice(0, at);
      parents.push({ path: folder, verdict: judgeFolder(folder, parents.at(-1)?.verdict) });
    }
    return parents.at(-1)?.verdict;
  };

  return {
    excludes: (path) => {
      if (rules.length === 0) return false;
      const text = toText(path);
      const parent = parentVerdict(text);
      if (parent?.excluded === true && !hasNegated) return true;
      return judge(text, parent).excluded;
    },
    mayReinclude: (path) => {
      const text = toText(path);
      const { excluded, decidedBy } = judge(text, parentVerdict(text));
      // What excluded the directory excludes its children, so only later patterns can bring one back.
      return !excluded || belows.some((below, index) => index > decidedBy && below?.(text) === true);
    },
  };
}

interface Verdict {
  readonly excluded: boolean;
  /** 1 for each pattern that matches the path or a parent of it. */
  readonly matches: Uint8Array;
  /** The last pattern that excluded. */
  readonly decidedBy: number;
}

/** Could `pattern` match something below a directory? Says yes when in doubt. */
function compileBelow(pattern: string): (path: string) => boolean {
  if (/[[\\]/.test(pattern)) return () => true;
  const parts = pattern.split("/").map((part) => ({
    isDeep: part.includes("**"),
    test: hasWildcard(part) ? compileGlob(part) : (name: string) => name === part,
  }));
  return (path) => {
    const names = path.split("/");
    for (const [index, name] of names.entries()) {
      const part = parts[index];
      if (part === undefined) return false;
      if (part.isDeep) return true;
      if (!part.test(name)) return false;
    }
    return parts.length > names.length;
  };
}

function checkPattern(pattern: IgnorePattern): IgnorePattern {
  const { range } = pattern;
  if (pattern.negated && (pattern.pattern === "" || pattern.pattern === "/")) {
    const message = 'Cannot use "!" alone: illegal exclusion pattern: "!"; a pattern must follow it';
    const hint = "Write !PATTERN, or remove the line";
    throw range === undefined ? semanticError(message, { hint }) : syntaxError("IgnoreExclusion", message, { range, hint });
  }
  // COPY takes such a class for one that matches nothing; here it is an error, as in moby.
  const isBackwards = (token: GlobToken): boolean => token.kind === "class" && token.ranges.some(([low, high]) => low > high);
  if (readGlob(pattern.pattern, range).some(isBackwards))
    throw badPattern(pattern.pattern, range, "Write the smaller character first: [a-b]");
  return pattern;
}

/** Go's filepath.Clean: shortest equal path; "" is ".". */
function cleanPath(path: string): string {
  if (path === "") return "";
  const isRooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!isRooted) parts.push("..");
  }
  return (isRooted ? "/" : "") + parts.join("/") || ".";
}
