/** Lines, directives, tokens: rules S1 to S14. */
import { file, symlink } from "../files.ts";
import type { Case } from "../types.ts";
import { inBusybox } from "./support.ts";

const SYNTAX = "DOCKERFILE_SYNTAX";
const SEMANTIC = "DOCKERFILE_SEMANTIC";

export const syntax: readonly Case[] = [
  { name: "S1: a byte order mark before the directives", dockerfile: "\uFEFF# escape=`\nFROM scratch\nLABEL a=`\nb\n" },
  { name: "S1: a #! line ends the directives", dockerfile: "#!/usr/bin/env x\n# escape=`\nFROM scratch\nLABEL a=\\\nb\n" },
  { name: "S2: directives end at the first unknown one", dockerfile: "# foo=bar\n# escape=`\nFROM scratch\nLABEL a=\\\nb\n" },
  { name: "S2: directive names are case-insensitive", dockerfile: "# ESCAPE = `\nFROM scratch\nLABEL a=`\nb c=`\nd\n" },
  { name: "S2: a directive said twice", dockerfile: "# escape=`\n# escape=\\\nFROM scratch\n", fails: { says: "only one escape parser directive can be used", code: SYNTAX } },
  { name: "S2: an escape that is none", dockerfile: "# escape=x\nFROM scratch\n", fails: { says: "invalid escape token 'x' does not match", code: SYNTAX } },
  { name: "S3: blanks after the escape character still continue a line", dockerfile: "FROM scratch\nLABEL a=1 \\ \t\n  b=2\n" },
  { name: "S3: a doubled escape at the end of a line does not continue it", dockerfile: "FROM scratch\nENV A=x\\\\\nENV B=y\n" },
  { name: "S4: continuation lines keep their leading blanks", dockerfile: "FROM scratch\n   CMD echo a \\\n     b\n" },
  { name: "S5: comments and empty lines inside a continuation are dropped", dockerfile: "FROM scratch\nCMD echo a \\\n# comment\n   # another\n\n b\n" },
  { name: "S6: a last line that ends in a continuation", dockerfile: "FROM scratch\nCMD echo a \\\n" },
  { name: "S6: a last line without a line feed", dockerfile: "FROM scratch\nLABEL a=b" },
  { name: "S6: lines that end in CRLF", dockerfile: "FROM scratch\r\nENV A=1 \\\r\n  B=2\r\nCMD echo\r\n" },
  { name: "S7: a line of 65,535 bytes", dockerfile: `FROM scratch\nLABEL a=${"x".repeat(65_526)}\n` },
  { name: "S7: a longer line", dockerfile: `FROM scratch\nLABEL a=${"x".repeat(65_530)}\n`, fails: { says: "dockerfile line greater than max allowed size of 65535", code: SYNTAX } },
  { name: "S8: instruction names in any case", dockerfile: "from scratch As base\nlabel a=b\nFrom base\neNv c=d\n" },
  { name: "S8: an unknown instruction", dockerfile: "FROM scratch\nCOPPY a b\n", fails: { says: "unknown instruction: COPPY", code: SYNTAX } },
  { name: "S9: an unknown flag", dockerfile: "FROM scratch\nCOPY --foo=1 a /a\n", files: { a: "a" }, fails: { says: "unknown flag: --foo", code: SYNTAX } },
  { name: "S9: a repeated flag", dockerfile: "FROM scratch\nCOPY --chown=1 --chown=2 a /a\n", files: { a: "a" }, fails: { says: "duplicate flag specified", code: SYNTAX } },
  { name: "S9: a boolean flag with another word", dockerfile: "FROM scratch\nCOPY --link=yes a /a\n", files: { a: "a" }, fails: { says: "expecting boolean value for flag --link, not: yes", code: SYNTAX } },
  { name: "S9: a boolean flag with nothing", dockerfile: "FROM scratch\nCOPY --link= a /a\n", files: { a: "a" }, fails: { says: "missing a value on flag: --link", code: SYNTAX } },
  { name: "S9: flags end at --", dockerfile: "FROM scratch\nCOPY -- --odd /a\n", files: { "--odd": "odd" } },
  { name: "S9: link=false and link=true", dockerfile: "FROM scratch\nCOPY --link=false a /a\nCOPY --link=true a /b\n", files: { a: "a" } },
  { name: "S10: an array of strings is exec form", dockerfile: 'FROM scratch\nCMD [ "a b" , "c\\"d", "é" ]\n' },
  { name: "S10: bad JSON is shell form", dockerfile: 'FROM scratch\nCMD ["echo", "hi"]junk\nENTRYPOINT ["a",]\n' },
  { name: "S10: an array with a number", dockerfile: 'FROM scratch\nCMD ["echo", 1]\n', fails: { says: "only", code: SYNTAX } },
  { name: "S10: COPY falls back to words", dockerfile: 'FROM scratch\nCOPY ["a", b /\n', files: { a: "a", b: "b" }, fails: { says: "syntax error in pattern", code: SEMANTIC } },
  { name: "S10: VOLUME falls back to words", dockerfile: 'FROM scratch\nVOLUME ["/a", /b\n' },
  { name: "S10: COPY with an array of names with blanks", dockerfile: 'FROM scratch\nCOPY ["a b", "c", "/d e/"]\n', files: { "a b": "ab", c: "c" } },
  { name: "S10: RUN with bad JSON runs the shell", ...inBusybox('RUN ["echo", "hi"] > /junk || true') },
  { name: "S11: single quotes make shell form", dockerfile: "FROM scratch\nCMD ['echo', 'a']\n" },
  { name: "S12: a first word without = takes the rest of the line", dockerfile: "FROM scratch\nENV ONE TWO= THREE=world\nLABEL a b c\n" },
  { name: "S12: other words must contain =", dockerfile: "FROM scratch\nENV ONE=1 TWO\n", fails: { says: "can't find = in \"TWO\"", code: SYNTAX } },
  { name: "S12: ENV with one word", dockerfile: "FROM scratch\nENV ONE\n", fails: { says: "ENV must have two arguments", code: SYNTAX } },
  { name: "S12: quotes and blanks in values", dockerfile: "FROM scratch\nENV A=\"a b\" B='c d' C=e\\ f D=\"g\\\"h\" E= F=\"\"\nLABEL \"x y\"=z 'p'='q r'\n" },
  { name: "S13: nothing but ARG", dockerfile: "ARG A=1\n# comment\n", fails: { says: "dockerfile contains no stages to build", code: SYNTAX } },
  { name: "S13: an empty file", dockerfile: "", fails: { says: "the Dockerfile cannot be empty", code: SYNTAX } },
  { name: "S13: nothing but comments", dockerfile: "# a\n# b\n", fails: { says: "file with no instructions", code: SYNTAX } },
  { name: "S13: an instruction before FROM", dockerfile: "ENV A=1\nFROM scratch\n", fails: { says: "no build stage in current context", code: SYNTAX } },
  { name: "S14: a Dockerfile that is a symlink", dockerfile: "FROM scratch\nCOPY . /\n", file: "real/Dockerfile", files: { link: symlink("real/Dockerfile") } },
  { name: "COPY with one argument", dockerfile: "FROM scratch\nCOPY a\n", fails: { says: "COPY requires at least two arguments", code: SYNTAX } },
  { name: "FROM alone", dockerfile: "FROM\n", fails: { says: "FROM requires either one or three arguments", code: SYNTAX } },
  { name: "RUN alone", ...inBusybox("RUN") },
  { name: "a name with bytes above ASCII", dockerfile: "FROM scratch\nCOPY grün /ö\nLABEL ä=ß\nCMD é \u{1F600}\n", files: { grün: file("g") } },
];
