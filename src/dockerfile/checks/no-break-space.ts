/** Decant's NoBreakSpace. */
import { atStep, decantRule } from "./rule.ts";
import type { Rule } from "./types.ts";

/** Spaces of Unicode, as editors, chats and web pages leave them: they look like a space or like nothing. */
// oxlint-disable-next-line no-irregular-whitespace
const SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]/;

/** A space that is none: neither the Dockerfile nor the shell separates words by it. In quotes it may be meant. */
export const noBreakSpace: Rule = {
  ...decantRule("NoBreakSpace", "Words are separated by plain spaces only", function* ({ stages }) {
    for (const step of stages.flatMap(({ steps }) => steps)) {
      const { instruction } = step;
      const { kind, line } = instruction;
      if (kind === "label" || kind === "maintainer") continue;
      const bare = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, "");
      const found = SPACE.exec(bare);
      if (found === null) continue;
      const code = `U+${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
      const before = bare.slice(0, found.index).split(/\s/).at(-1) ?? "";
      yield atStep(step, `The space after "${before.slice(-40)}" is a special one (${code}), which separates no words: type a plain space`);
    }
  }),
  duringBuild: true,
};
