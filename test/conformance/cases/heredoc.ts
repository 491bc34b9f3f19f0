/** Heredocs: rules S107 to S109. */
import type { Case } from "../types.ts";
import { BUSYBOX, inBusybox } from "./support.ts";

const SYNTAX = "DOCKERFILE_SYNTAX";

export const heredoc: readonly Case[] = [
  { name: "S107: RUN with a heredoc alone", ...inBusybox("ENV A=1\nRUN <<EOF\necho \"$A\" > /a\nfalse\necho b > /b\nEOF") },
  { name: "S107: a heredoc runs in the SHELL", ...inBusybox('SHELL ["/bin/sh", "-e", "-c"]\nRUN <<EOF\necho $- > /a\nEOF') },
  { name: "S107: RUN with a command and a heredoc is left to the shell", ...inBusybox("ENV A=1\nRUN cat <<EOF > /a\nx $A\nEOF\nRUN cat <<'EOF' > /b\nx $A\nEOF") },
  { name: "S107: RUN with two heredocs", ...inBusybox("RUN cat <<ONE > /a && cat <<TWO > /b\nfirst\nONE\nsecond\nTWO") },
  { name: "S107: RUN with a heredoc and exec form is no heredoc", ...inBusybox('RUN ["/bin/sh", "-c", "echo \'<<EOF\' > /a"]') },
  { name: "S107: RUN with #!", ...inBusybox("RUN <<EOF\n#!/bin/sh -e\necho $0 > /a\nEOF"), pending: 'RUN with a heredoc that starts with "#!"' },
  { name: "S107: RUN with a heredoc that fails at the end", ...inBusybox("RUN <<EOF\ntrue\nexit 4\nEOF"), fails: { says: "exit code: 4", code: "RUN_FAILED" } },
  { name: "S107: an arithmetic shift is no heredoc", ...inBusybox("RUN echo $((1<<3)) > /a") },
  { name: "S107: a here-string is no heredoc", ...inBusybox("RUN echo '<<<EOF' > /a") },
  { name: "S107: a heredoc with a file descriptor", ...inBusybox("RUN cat 3<<EOF <&3 > /a\nthree\nEOF") },
  { name: "S108: <<- strips tabs only", ...inBusybox("RUN <<-EOF\n\techo a > /a\n\t  echo \"\tb\" > /b\n\tEOF\nCOPY <<-X /x\n\tone\n  two\n\t\tthree\n\tX") },
  { name: "S108: quotes turn expansion off", dockerfile: "FROM scratch\nENV A=1\nCOPY <<EOF /1\n$A ${A} \\$A\nEOF\nCOPY <<'EOF' /2\n$A ${A} \\$A\nEOF\nCOPY <<\"EOF\" /3\n$A \\$A\nEOF\nCOPY <<E'O'F /4\n$A\nEOF\n" },
  { name: "S108: the delimiter must be alone on its line", dockerfile: "FROM scratch\nCOPY <<EOF /1\nEOF x\n EOF\nEOF\n" },
  { name: "S108: a heredoc that does not end", dockerfile: "FROM scratch\nCOPY <<EOF /1\nx\n", fails: { says: "unterminated heredoc", code: SYNTAX } },
  { name: "S108: a heredoc as destination", dockerfile: "FROM scratch\nCOPY a <<EOF\nx\nEOF\n", files: { a: "a" }, fails: { says: "COPY cannot accept a heredoc as a destination", code: SYNTAX } },
  { name: "S108: other instructions have no heredocs", dockerfile: "FROM scratch\nLABEL a=<<EOF\nENV b <<EOF\n" },
  { name: "S108: a quoted heredoc is a name", dockerfile: 'FROM scratch\nCOPY "<<EOF" /x\n', files: { "<<EOF": "odd" } },
  { name: "S109: a file of a heredoc", dockerfile: "FROM scratch\nENV A=1\nWORKDIR /w\nCOPY <<file.txt /d/\nhello \"$A\" '$A' \\n $NOPE ${A:-x}\nfile.txt\n" },
  { name: "S109: several heredocs and a file", dockerfile: "FROM scratch\nCOPY <<one a <<two /d/\n1\none\n2\ntwo\n", files: { a: "a" } },
  { name: "S109: ADD with a heredoc", dockerfile: "FROM scratch\nADD <<EOF /x\nadded\nEOF\n" },
  { name: "S109: --chmod, --chown and --link", dockerfile: "FROM scratch\nCOPY --chmod=755 --chown=5:6 <<EOF /x\nx\nEOF\nCOPY --link <<EOF /y/z\ny\nEOF\n" },
  { name: "S109: CRLF is kept", dockerfile: "FROM scratch\r\nCOPY <<EOF /x\r\na\r\nb\r\nEOF\r\n" },
  { name: "S109: a delimiter that is no file name", dockerfile: "FROM scratch\nCOPY <<a/b /x\ny\na/b\n", fails: { says: "no such file or directory", code: "DOCKERFILE_SEMANTIC" } },
  { name: "S109: an empty heredoc", dockerfile: "FROM scratch\nCOPY <<EOF /x\nEOF\n" },
  { name: "S109: comments and continuations in a body", dockerfile: "FROM scratch\nCOPY <<EOF /x\n# not a comment\na \\\nb\n\n\nEOF\n" },
  { name: "S109: a heredoc and the other escape character", dockerfile: "# escape=`\nFROM scratch\nENV A=1\nCOPY <<EOF /x\n`$A \\$A $A\nEOF\n" },
  { name: "S109: special characters and umlauts", dockerfile: "FROM scratch\nCOPY <<EOF /x\nä \u{1F600} \" ' ` $ $$ $1 \\\\ \\\" end\nEOF\n" },
  { name: "S109: two bodies of one name", dockerfile: "FROM scratch\nCOPY <<EOF <<EOF /d/\nfirst\nEOF\nsecond\nEOF\n" },
  { name: "S109: a broken variable in a body", dockerfile: "FROM scratch\nCOPY <<EOF /x\n${A\nEOF\n", fails: { says: 'failed to process "${A', code: "DOCKERFILE_SEMANTIC" } },
  { name: "a heredoc RUN in the history", busybox: true, dockerfile: `${BUSYBOX}RUN <<EOF\necho one\necho two\nEOF\nRUN cat <<EOF >/dev/null\nx\nEOF\n` },
];
