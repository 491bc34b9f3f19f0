/** BuildKit's CopyIgnoredFile. */
import { posix } from "node:path";
import { cleanTreePath, fromText } from "../../paths.ts";
import { createIgnoreMatcher } from "../ignore.ts";
import { atStep, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

const REMOTE = /^(?:https?|git|ssh):\/\/|^git@/;

/** A source that the ignore file leaves out. Not judged when the file has a `!`: too much may come back. */
export const copyIgnoredFile: Rule = buildkitRule(
  "CopyIgnoredFile",
  "copy-ignored-file",
  "Attempting to Copy file that is excluded by .dockerignore",
  function* ({ stages, options }) {
    const { ignore = [] } = options;
    if (ignore.length === 0 || ignore.some(({ negated }) => negated)) return;
    const matcher = createIgnoreMatcher(ignore);
    const leavesAll = ignore.some(({ pattern }) => pattern === "*" || pattern === "**" || pattern === "**/*");
    for (const step of stages.flatMap(({ steps }) => steps)) {
      const { instruction, values } = step;
      if ((instruction.kind !== "copy" && instruction.kind !== "add") || (instruction.kind === "copy" && instruction.from !== undefined))
        continue;
      for (const [index, word] of instruction.sources.entries()) {
        const source = values[index] ?? "";
        if (REMOTE.test(source)) continue;
        const path = posix.normalize(source === "" ? "." : source).replace(/(?<=.)\/$/, "");
        const isRoot = path === "." || path === "/";
        if (isRoot ? !leavesAll : !matcher.excludes(cleanTreePath(fromText(path)))) continue;
        const message = `Attempting to ${instruction.kind === "copy" ? "Copy" : "Add"} file "${path}" that is excluded by .dockerignore`;
        yield atStep(step, message, word.range);
      }
    }
  },
);
