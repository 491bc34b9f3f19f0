import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { scriptCommands } from "./script-commands.ts";
import { shellWords } from "./shell-words.ts";

/** Words are divided by a bar, variables are <name>, what cannot be known is {text}. */
function show(text: string): string {
  return shellWords(text)
    .map((pieces) =>
      pieces
        .map((piece) =>
          piece.kind === "text" ? piece.text : piece.kind === "unknown" ? `{${piece.text}}` : `<${piece.name}${piece.plain ? "" : '"'}>`,
        )
        .join(""),
    )
    .join("|");
}

describe("shellWords()", () => {
  const rows: readonly (readonly [text: string, want: string])[] = [
    ["a  b\tc", "a|b|c"],
    ['"a b"c \'d "e\'', 'a bc|d "e'],
    ["\"\" ''", "|"],
    ["a\\ b \\$x", "a b|$x"],
    ['$x "$y" ${z}w $1/$#', '<x>|<y">|<z>w|<1>/{$#}'],
    ["$(a b) `c d` ${x#y z} $((1 + 2))", "{$(a b)}|{`c d`}|{${x#y z}}|{$((1 + 2)})"],
    ["'$x' \"'$x'\"", "$x|'<x\">'"],
    ["$(open 'quote", "{$(open 'quote}"],
    ["it's", "its"],
    ["", ""],
  ];
  for (const [text, want] of rows) it(`reads ${text === "" ? "nothing" : text}`, () => assert.equal(show(text), want));
  it("takes whatever it is given", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."$ ( ) { } \" ' ` \\ a x ; | & < # =".split(" "), "\n", " "), maxLength: 400 }),
        (text) => void scriptCommands(text),
      ),
    );
  });
});
