import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allInstructions, showDiagnostic, showInstruction, showRange, textOf } from "../../test/support/dockerfile-dump.ts";
import { isDecantError } from "../errors.ts";
import { checkParsed, parseDockerfile } from "./index.ts";

const parse = (text: string | Uint8Array) => parseDockerfile(text, { name: "Dockerfile" });

describe("parseDockerfile() lines", () => {
  const rows: readonly { name: string; input: string; want: readonly string[] }[] = [
    { name: "S3: joins continuations", input: "FROM a\nRUN b \\\n  c", want: ["FROM a", "RUN b   c"] },
    { name: "S3: blanks behind the escape character", input: "FROM a\nRUN b\\ \t\nc", want: ["FROM a", "RUN bc"] },
    { name: "S3: a doubled escape character does not continue", input: "FROM a\nRUN b\\\\\nRUN c", want: ["FROM a", "RUN b\\\\", "RUN c"] },
    { name: "S3: three do not continue either", input: "FROM a\nRUN b\\\\\\\nRUN c", want: ["FROM a", "RUN b\\\\\\", "RUN c"] },
    { name: "S4: continuation lines keep their white space", input: "  FROM a\n\tRUN b\\\n\tc", want: ["FROM a", "RUN b\tc"] },
    { name: "S5: comments inside are dropped", input: "FROM a\nRUN b \\\n # x \\\nc", want: ["FROM a", "RUN b c"] },
    { name: "S6: a continuation at the end of the file", input: "FROM a\nRUN b \\", want: ["FROM a", "RUN b"] },
    { name: "a bare continuation before an instruction", input: "\\\nFROM a", want: ["FROM a"] },
    { name: "CRLF", input: "FROM a\r\nRUN b \\\r\nc\r\n", want: ["FROM a", "RUN b c"] },
    { name: "S1: a byte order mark", input: "\ufeffFROM a", want: ["FROM a"] },
    { name: "S2: escape=`", input: "# escape=`\nFROM a\nRUN b\\ `\nc", want: ["FROM a", "RUN b\\ c"] },
    { name: "tabs and vertical tabs split words", input: "FROM\ta\u000bAS\u000cb", want: ["FROM\ta\u000bAS\u000cb"] },
  ];
  for (const { name, input, want } of rows) {
    it(name, () => {
      const parsed = parse(input);
      assert.deepEqual(parsed.diagnostics, []);
      assert.deepEqual(
        allInstructions(parsed).map((each) => each.line),
        want,
      );
    });
  }

  it("S5: an empty line inside an instruction warns and does not end it", () => {
    const parsed = parse("FROM a\nRUN b \\\n\n  c");
    assert.deepEqual(
      parsed.diagnostics.map((each) => `${each.severity} ${each.code} ${showRange(each.range)}`),
      ["warning NoEmptyContinuation 4:3-4:4"],
    );
    assert.deepEqual(
      parsed.stages[0]?.instructions.map((each) => each.line),
      ["RUN b   c"],
    );
  });

  it("S7: a line of 65,536 bytes is an error, one of 65,535 is not", () => {
    const line = (bytes: number): string => `FROM a\n#${"é".repeat((bytes - 1) / 2)}${bytes % 2 === 0 ? "x" : ""}\n`;
    assert.deepEqual(parse(line(65_535)).diagnostics, []);
    assert.deepEqual(parse(line(65_536)).diagnostics.map(showDiagnostic), [
      "error LineTooLong 2:1-2:1 Cannot read line 2: it has 65536 bytes; dockerfile line greater than max allowed size of 65535",
    ]);
  });
});

describe("parseDockerfile() stages", () => {
  it("keeps ARGs before the first FROM apart", () => {
    const parsed = parse("ARG a=1\nARG b\nFROM $a AS One\nRUN x\nFROM two\nRUN y");
    assert.deepEqual(parsed.metaArgs.map(showInstruction), [`arg args=[{key: "a", value: "1"}]`, `arg args=[{key: "b"}]`]);
    assert.deepEqual(
      parsed.stages.map((stage) => [
        stage.index,
        stage.name,
        stage.nameAsWritten,
        stage.from.image.text,
        stage.instructions.map((each) => each.line),
      ]),
      [
        [0, "one", "One", "$a", ["RUN x"]],
        [1, undefined, undefined, "two", ["RUN y"]],
      ],
    );
  });

  it("F44: takes a stage's description from the comment above", () => {
    const [stage] = parse("# x\n# build compiles it\nFROM a AS Build").stages;
    assert.equal(stage?.description, "compiles it");
  });

  it("F4: keeps the comments above an instruction, from the last empty comment on", () => {
    const parsed = parse("# a\n#\n# check=skip=X\nFROM a\n# b\n\n# c\nRUN x");
    assert.deepEqual(
      allInstructions(parsed).map((each) => each.comments.map((comment) => comment.text)),
      [["check=skip=X"], ["b", "c"]],
    );
  });

  it("ranges cover what was written", () => {
    const text =
      'FROM --platform=$P a AS b\nRUN --mount=type=cache,"target=/x" \\\n  echo hi\nCOPY ["a b", "c"]\nENV x="y z" q=1\nADD <<E /x\nbody\nE\n';
    const [stage] = parse(text).stages;
    const [run, copy, env, add] = stage?.instructions ?? [];
    assert.ok(stage !== undefined && run?.kind === "run" && copy?.kind === "copy" && env?.kind === "env" && add?.kind === "add");
    assert.deepEqual(
      [
        stage.from.platform,
        stage.from.image,
        stage.from.stageName,
        run,
        run.mounts[0],
        run.mounts[0]?.options[1],
        run.command,
        copy.sources[0],
        copy.destination,
        env.pairs[0],
        env.pairs[0]?.value,
        add,
        add.heredocs[0],
      ].map((each) => (each === undefined ? undefined : textOf(each.range))),
      [
        "$P",
        "a",
        "b",
        'RUN --mount=type=cache,"target=/x" \\\n  echo hi',
        '--mount=type=cache,"target=/x"',
        "target=/x",
        "echo hi",
        '"a b"',
        '"c"',
        'x="y z"',
        '"y z"',
        "ADD <<E /x\nbody\nE",
        "body\nE",
      ],
    );
    assert.equal(textOf(stage.range), text.trimEnd());
  });
});

describe("parseDockerfile() directives", () => {
  const rows: readonly { name: string; input: string; want: Readonly<Record<string, string>> }[] = [
    {
      name: "S2: reads all three, keys in any case",
      input: "# SYNTAX = a b \n#escape=`\n# check=skip=all\nFROM x",
      want: { syntax: "a b", escape: "`", check: "skip=all" },
    },
    { name: "S2: stops at an unknown key", input: "# foo=bar\n# escape=`\nFROM x", want: {} },
    { name: "S2: stops at an empty line", input: "\n# escape=`\nFROM x", want: {} },
    { name: "S2: stops at a comment", input: "# hello\n# escape=`\nFROM x", want: {} },
    { name: "S1: a #! line may come first", input: "#!/bin/x\n# syntax=y\nFROM x", want: { syntax: "y" } },
    { name: "blanks before the #", input: "  # syntax=y\nFROM x", want: { syntax: "y" } },
  ];
  for (const { name, input, want } of rows) {
    it(name, () => {
      const { directives, diagnostics } = parse(input);
      assert.deepEqual(diagnostics, []);
      assert.deepEqual(Object.fromEntries(Object.entries(directives).map(([key, directive]) => [key, directive.value.text])), want);
    });
  }

  it("S2: the same directive twice is an error with both places", () => {
    const [problem] = parse("# escape=`\n# escape=\\\nFROM x").diagnostics;
    assert.match(problem?.message ?? "", /only one escape parser directive can be used/);
    assert.deepEqual(
      [problem?.range, ...(problem?.related ?? [])].map((range) => range?.start.line),
      [2, 1],
    );
  });

  it("an escape character must be one of two", () => {
    assert.deepEqual(parse("# escape=x\nFROM x").diagnostics.map(showDiagnostic), [
      "error InvalidEscape 1:10-1:11 Cannot use \"x\" as escape character: invalid escape token 'x' does not match ` or \\",
    ]);
  });
});

describe("parseDockerfile() whole files", () => {
  const rows: readonly { name: string; input: string | Uint8Array; want: readonly string[] }[] = [
    { name: "S13: empty", input: "", want: ["error Empty 1:1-1:1 Cannot build: the Dockerfile cannot be empty"] },
    { name: "S13: only comments", input: "# x\n", want: ["error NoStages 1:1-1:1 Cannot build the Dockerfile: file with no instructions"] },
    {
      name: "S13: only ARG",
      input: "ARG x\n",
      want: ["error NoStages 1:1-1:1 Cannot build the Dockerfile: dockerfile contains no stages to build"],
    },
    {
      name: "an instruction before FROM",
      input: "RUN x\nRUN y\nFROM a",
      want: ["error NoStage 1:1-1:4 Cannot use RUN before the first FROM: no build stage in current context; only ARG may stand there"],
    },
    {
      name: "recovers and reports every mistake",
      input: "FROM a\nRUM x\nUSER\nRUN y",
      want: [
        "error UnknownInstruction 2:1-2:4 Cannot parse the line: unknown instruction: RUM",
        "error MissingArgument 3:1-3:5 Cannot parse USER: USER requires exactly one argument",
      ],
    },
    {
      name: "a broken FROM is the only mistake",
      input: "FROM a b\nRUN x",
      want: ["error FromArguments 1:1-1:9 Cannot parse FROM: FROM requires either one or three arguments"],
    },
    {
      name: "the body of a heredoc of an unknown instruction is no instruction",
      input: "FROM a\nRUM <<EOF\nfoo\nEOF\nRUN x",
      want: ["error UnknownInstruction 2:1-2:4 Cannot parse the line: unknown instruction: RUM"],
    },
    {
      name: "bytes that are not UTF-8, in an instruction",
      input: Buffer.from("FROM a\nENV a=\xe9\n", "latin1"),
      want: ["error NotUtf8 2:1-2:8 Cannot read ENV: it is not valid UTF-8"],
    },
    { name: "bytes that are not UTF-8, in a comment", input: Buffer.from("# \xe9\nFROM a\n", "latin1"), want: [] },
    { name: "UTF-8 bytes with a byte order mark", input: Buffer.from("\ufeffFROM é"), want: [] },
  ];
  for (const { name, input, want } of rows) it(name, () => assert.deepEqual(parse(input).diagnostics.map(showDiagnostic), want));

  it("stops after 100 mistakes", () => assert.equal(parse("FOO\n".repeat(1000)).diagnostics.length, 100));
});

describe("checkParsed()", () => {
  it("throws the first error, with its place, and lists the others", () => {
    assert.throws(
      () => checkParsed(parse("FROM a\nRUN b \\\n\nc\nCOPY --from=a --from=b x y\nRUM x")),
      (error) => {
        assert.ok(isDecantError(error, "DOCKERFILE_SYNTAX"));
        assert.match(error.message, /duplicate flag specified: --from/);
        assert.deepEqual(error.source.map(showRange), ["5:15-5:23", "5:6-5:14"]);
        assert.deepEqual(error.details["errors"], [
          { code: "DuplicateFlag", message: "Cannot parse COPY: duplicate flag specified: --from", line: 5, column: 15 },
          { code: "UnknownInstruction", message: "Cannot parse the line: unknown instruction: RUM", line: 6, column: 1 },
        ]);
        return true;
      },
    );
  });

  it("lets warnings pass", () => assert.doesNotThrow(() => checkParsed(parse("FROM a\nRUN b \\\n\nc"))));
});
