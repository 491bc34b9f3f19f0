/** BuildKit's UndefinedArgInFrom. */
import { suggest } from "../suggest.ts";
import { atInstruction, buildkitRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** A FROM that uses a variable without an ARG before the first FROM. */
export const undefinedArgInFrom: Rule = buildkitRule(
  "UndefinedArgInFrom",
  "undefined-arg-in-from",
  "FROM command must use declared ARGs",
  function* ({ parsed, globals, stages }) {
    const declared = new Set([...globals.keys(), ...parsed.metaArgs.flatMap(({ args }) => args.map(({ key }) => key.text))]);
    for (const { stage, base, platform } of stages) {
      const { from } = stage;
      for (const [expansion, word] of [
        [base, from.image],
        [platform, from.platform],
      ] as const) {
        for (const name of expansion?.unmatched ?? []) {
          if (declared.has(name)) continue;
          const near = suggest(name, declared);
          const suggestion = near === undefined ? "" : ` (did you mean ${near}?)`;
          yield atInstruction(from, `FROM argument '${name}' is not declared${suggestion}`, word?.range);
        }
      }
    }
  },
);
