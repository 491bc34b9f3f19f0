/** COPY and ADD: sources (paths or heredocs), destination, flags. What a source means (URL, git, archive) is decided after expansion. */
import { syntaxError } from "../errors.ts";
import { readFlags } from "../flags.ts";
import { parseHeredocWord } from "../heredoc.ts";
import type { Statement } from "../statement.ts";
import { present } from "../slices.ts";
import type { AddInstruction, CopyInstruction, Heredoc, Word } from "../types.ts";
import { blankWords, jsonWords } from "../split-line.ts";

interface Operands {
  readonly sources: readonly Word[];
  readonly heredocs: readonly Heredoc[];
  readonly destination: Word;
  readonly json: boolean;
}

/** COPY. */
export function readCopy(statement: Statement): CopyInstruction {
  const words = readWords(statement);
  const flags = readFlags(statement, {
    from: "string",
    chown: "string",
    chmod: "string",
    link: "bool",
    parents: "bool",
    exclude: "strings",
  });
  return {
    ...statement.base,
    kind: "copy",
    ...readOperands(statement, words),
    excludes: flags.words("exclude"),
    ...present({
      from: nonEmpty(flags.word("from")),
      chown: nonEmpty(flags.word("chown")),
      chmod: nonEmpty(flags.word("chmod")),
      link: flags.bool("link"),
      parents: flags.bool("parents"),
    }),
  };
}

/** ADD. */
export function readAdd(statement: Statement): AddInstruction {
  const words = readWords(statement);
  const flags = readFlags(statement, {
    chown: "string",
    chmod: "string",
    link: "bool",
    "keep-git-dir": "bool",
    checksum: "string",
    unpack: "bool",
    exclude: "strings",
  });
  return {
    ...statement.base,
    kind: "add",
    ...readOperands(statement, words),
    excludes: flags.words("exclude"),
    ...present({
      chown: nonEmpty(flags.word("chown")),
      chmod: nonEmpty(flags.word("chmod")),
      link: flags.bool("link"),
      keepGitDir: flags.bool("keep-git-dir"),
      checksum: nonEmpty(flags.word("checksum")),
      unpack: flags.bool("unpack"),
    }),
  };
}

/** `--from=` is the same as no flag. */
function nonEmpty(word: Word | undefined): Word | undefined {
  return word === undefined || word.text === "" ? undefined : word;
}

function readWords(statement: Statement): { words: readonly Word[]; json: boolean } {
  const name = statement.name.toUpperCase();
  const array = jsonWords(statement.line, statement.args);
  const words = array ?? blankWords(statement.line, statement.args);
  if (words.length < 2) {
    const state = words.length === 1 ? "but only one was provided" : "but none was provided";
    throw syntaxError(
      "MissingArgument",
      `Cannot parse ${name}: ${name} requires at least two arguments, ${state}. Destination could not be determined`,
      {
        range: statement.base.range,
        hint: `Write ${name} source destination`,
      },
    );
  }
  return { words, json: array !== undefined };
}

function readOperands(statement: Statement, operands: { readonly words: readonly Word[]; readonly json: boolean }): Operands {
  const { words, json } = operands;
  const name = statement.name.toUpperCase();
  const destination = words.at(-1);
  if (destination === undefined || parseHeredocWord(destination.text) !== undefined) {
    throw syntaxError("HeredocDestination", `Cannot parse ${name}: ${name} cannot accept a heredoc as a destination`, {
      range: destination?.range ?? statement.base.range,
      hint: `Write ${name} <<EOF /path`,
    });
  }
  const sources: Word[] = [];
  const heredocs: Heredoc[] = [];
  for (const word of words.slice(0, -1)) {
    const marker = parseHeredocWord(word.text);
    if (marker === undefined) {
      sources.push(word);
      continue;
    }
    // Two with the same name: the last body counts.
    const heredoc = statement.heredocs.findLast((each) => each.name === marker.name);
    if (heredoc === undefined) {
      throw syntaxError(
        "HeredocWithoutBody",
        `Cannot parse ${name}: the heredoc "${marker.name}" has no body, because this line cannot hold one`,
        {
          range: word.range,
          hint: json ? "Use the form without brackets" : "Check the quotes of the line",
        },
      );
    }
    heredocs.push(heredoc);
  }
  return { sources, heredocs, destination, json };
}
