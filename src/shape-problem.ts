/** What is wrong with data that does not fit its schema, in words for whoever wrote it. */
import type { BaseIssue } from "valibot";

const KINDS: Readonly<Record<string, string>> = {
  Array: "a list",
  Object: "keys and values",
  boolean: "true or false",
  number: "a number",
  string: "a text",
};

/** "\"rules.0\" has no key \"acton\"; wanted action, …", "\"a.b\" is missing", "\"a.b\" is not right: wanted a list". Shows no values. */
export function shapeProblem(issue: BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map(({ key }) => String(key));
  const at = (path: readonly string[]): string => (path.length === 0 ? "it" : `"${path.join(".")}"`);
  // Of an object: `expected` is "never" for a key that it does not know, and the key itself for one that it wants.
  const isObject = issue.type === "strict_object" || issue.type === "object" || issue.type === "loose_object";
  if (isObject && issue.expected === "never") return `${at(keys.slice(0, -1))} has no key "${keys.at(-1) ?? ""}"`;
  if (isObject && issue.received === "undefined") return `${at(keys)} is missing`;
  // Without a message of its own, a schema speaks of its types, and shows the value.
  const isPlain = isObject || issue.message.startsWith("Invalid type:");
  return `${at(keys)} is not right: ${isPlain ? `wanted ${KINDS[issue.expected ?? ""] ?? issue.expected}` : issue.message}`;
}
