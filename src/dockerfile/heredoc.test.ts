import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseBody } from "../../test/support/dockerfile-dump.ts";
import { findHeredocs, parseHeredocWord } from "./heredoc.ts";
import { runScript, scriptTitle } from "./index.ts";

describe("parseHeredocWord()", () => {
  const rows: readonly { word: string; want: string | undefined }[] = [
    { word: "<<EOF", want: "EOF expand" },
    { word: "<<-EOF", want: "EOF expand chomp" },
    { word: "3<<EOF", want: "EOF expand 3" },
    { word: "<<'EOF'", want: "EOF" },
    { word: '<<E"O"F', want: "EOF" },
    { word: "<<E\\'F", want: "E'F expand" },
    { word: "<<'one two'", want: "one two" },
    { word: "<<$EOF", want: "$EOF expand" },
    { word: "<<  EOF", want: "EOF expand" },
    { word: "<<<EOF", want: undefined },
    { word: "<<", want: undefined },
    { word: '<<""', want: undefined },
    { word: "<<'EOF", want: undefined },
    { word: "<<a b", want: undefined },
    { word: "x<<a", want: undefined },
  ];
  for (const { word, want } of rows) {
    it(`S108: ${word}`, () => {
      const found = parseHeredocWord(word);
      const shown =
        found && [found.name, found.expand && "expand", found.chomp && "chomp", found.fileDescriptor || ""].filter(Boolean).join(" ");
      assert.equal(shown, want);
    });
  }
});

describe("findHeredocs()", () => {
  const rows: readonly { line: string; want: readonly string[] }[] = [
    { line: "RUN cat <<A 3<<-B | x <<'C D' > y", want: ["A", "B", "C D"] },
    { line: 'RUN "<<A"', want: [] },
    { line: "RUN it's <<A", want: [] },
    { line: "RUN <<  A  > foo", want: ["A"] },
  ];
  for (const { line, want } of rows)
    it(line, () =>
      assert.deepEqual(
        findHeredocs(line).map((each) => each.name),
        want,
      ),
    );
});

describe("runScript()", () => {
  const rows: readonly { name: string; input: string; want: object }[] = [
    { name: "exec form", input: 'RUN ["a", "b"]', want: { form: "exec", args: ["a", "b"] } },
    { name: "shell form", input: "RUN a  b", want: { form: "shell", script: "a  b" } },
    { name: "S107: the body is the script", input: "RUN <<EOF\na $b\n\tc\nEOF", want: { form: "shell", script: "a $b\n\tc\n" } },
    { name: "S108: <<- removes tabs", input: "RUN <<-EOF\n\t a\n\t\tb\n\tEOF", want: { form: "shell", script: " a\nb\n" } },
    {
      name: "S107: #! is a file",
      input: "RUN <<-'EOF'\n#!/bin/x\n\ty\nEOF",
      want: { form: "file", name: "EOF", content: "#!/bin/x\ny\n" },
    },
    {
      name: "S107: anything else is the shell's",
      input: "RUN cat <<-A && tee <<B\n\tx\n\tA\ny\nB",
      want: { form: "shell", script: "cat <<-A && tee <<B\n\tx\nA\ny\nB" },
    },
    {
      name: "S107: a heredoc with a command behind it",
      input: "RUN <<EOF python3\nx\nEOF",
      want: { form: "shell", script: "<<EOF python3\nx\nEOF" },
    },
    { name: "S109: CRLF stays in the body", input: "RUN <<EOF\r\na\r\nEOF\r\n", want: { form: "shell", script: "a\r\n" } },
  ];
  for (const { name, input, want } of rows) {
    it(name, () => {
      const [run] = parseBody(input);
      assert.ok(run?.kind === "run");
      assert.deepEqual(runScript(run), want);
    });
  }
});

describe("U2: scriptTitle() shows what docker shows of a script", () => {
  const rows: readonly { readonly name: string; readonly input: string; readonly want: string | undefined }[] = [
    { name: "one line", input: "RUN <<EOF\necho hi\nEOF", want: "echo hi" },
    { name: "more lines", input: "RUN <<EOF\nset -eux\necho hi\nEOF", want: "set -eux..." },
    { name: "blank lines first", input: "RUN <<EOF\n\n\n   echo   spaced  \n  echo b\nEOF", want: "echo   spaced  ..." },
    { name: "tabs that <<- removes", input: "RUN <<-EOF\n\techo tabs\nEOF", want: "echo tabs" },
    { name: "a program", input: "RUN <<EOF\n#!/bin/sh\necho x\nEOF", want: "#!/bin/sh..." },
    { name: "nothing", input: "RUN <<EOF\nEOF", want: "" },
    { name: "CRLF", input: "RUN <<EOF\r\necho a\r\necho b\r\nEOF\r\n", want: "echo a..." },
    { name: "flags", input: "RUN --mount=type=tmpfs,target=/q <<EOF\necho\nEOF", want: "echo" },
    { name: "a command behind it", input: "RUN <<EOF cat >/x\na\nEOF", want: undefined },
    { name: "a redirection", input: "RUN <<EOF 2>&1\na\nEOF", want: undefined },
    { name: "no heredoc", input: "RUN a", want: undefined },
    { name: "exec form", input: 'RUN ["a"]', want: undefined },
  ];
  for (const { name, input, want } of rows)
    it(name, () => {
      const [run] = parseBody(input);
      assert.ok(run?.kind === "run");
      assert.equal(scriptTitle(run), want);
    });
});
