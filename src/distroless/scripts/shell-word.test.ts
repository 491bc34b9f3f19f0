import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../test/support/property.ts";
import { readScript } from "./read-script.ts";
import { wordPieces } from "./shell-word.ts";

/** Variables are <name>, what cannot be known is {text}. */
function show(word: string): string {
  return wordPieces(word)
    .map((piece) => {
      if (piece.kind === "text") return piece.text;
      if (piece.kind === "unknown") return `{${piece.text}}`;
      const otherwise = piece.otherwise === undefined ? "" : `${piece.otherwise.operator}${piece.otherwise.word}`;
      return `<${piece.name}${otherwise}${piece.plain ? "" : '"'}>`;
    })
    .join("");
}

describe("wordPieces()", () => {
  const rows: readonly (readonly [text: string, want: string])[] = [
    ['"a b"c', "a bc"],
    ["'d \"e'", 'd "e'],
    ["a\\ b\\$x", "a b$x"],
    ['"a\\$b\\n"', "a$b\\n"],
    ['$x"$y"${z}w$1/$#', '<x><y"><z>w<1>/<#>'],
    ["$10", "<1>0"],
    ["$(a $(b) ')' \"c)\")`c d`${x#y z}$((1 + 2))", "{$(a $(b) ')' \"c)\")}{`c d`}{${x#y z}}{$((1 + 2))}"],
    ['${x:-y}"${z:+--root="$z"}"', '<x:-y><z:+--root="$z"">'],
    ["'$x'\"'$x'\"", "$x'<x\">'"],
    ["$(open 'quote", "{$(open 'quote}"],
    ["<(list)", "{<(list)}"],
    ["$", "$"],
    ["", ""],
  ];
  for (const [text, want] of rows) it(`reads ${text === "" ? "nothing" : text}`, () => assert.equal(show(text), want));
  it("takes whatever it is given", () => {
    const text = fc.string({
      unit: fc.constantFrom(..."$ ( ) { } \" ' ` \\ a x ; | & < # = if then fi case in esac for do done".split(" "), "\n", " "),
      maxLength: 400,
    });
    fc.assert(fc.property(text, (word) => void wordPieces(word)));
    fc.assert(fc.property(text, (script) => void readScript(script, { package: "p", architecture: "amd64", script: "postinst" })));
  });
});
