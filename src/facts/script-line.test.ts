import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { envCommand, parseScriptLine } from "./script-line.ts";

const run = promisify(execFile);
const ECHO = "/usr/bin/echo";
const SPACES = " ".repeat(300);

/** Node starts what the kernel refuses as a script of sh; Python does not. */
const EXECVE = `
import errno, os, sys
try:
    os.execv(sys.argv[1], [sys.argv[1]])
except OSError as error:
    print(errno.errorcode[error.errno], end="")
`;

const LINES: readonly (readonly [name: string, text: string])[] = [
  ["an interpreter alone", `#!${ECHO}\n`],
  ["an interpreter without a line end", `#!${ECHO}`],
  ["spaces and tabs before it", `#! \t ${ECHO}\n`],
  ["one argument", `#!${ECHO} -e\n`],
  ["words that are one argument", `#!${ECHO} one  two\tthree \t\n`],
  ["an argument that is cut off after 256 bytes", `#!${ECHO} ${"x".repeat(400)}\n`],
  ["an interpreter that is cut off", `#!/${"x".repeat(400)}\n`],
  ["nothing behind it", "#!\n"],
  ["spaces only", "#!   \n"],
  ["spaces only, without end", `#!${SPACES}`],
  ["a carriage return behind the interpreter", `#!${ECHO}\r\n`],
  ["a carriage return behind the argument", `#!${ECHO} x\r\n`],
  ["no mark", "echo x\n"],
];

describe("parseScriptLine()", () => {
  for (const [name, text] of LINES) {
    it(`reads ${name} as this machine's kernel does`, async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), "decant-script-"));
      const path = join(folder.path, "script");
      await writeFile(path, text, { mode: 0o755 });
      const line = parseScriptLine(Buffer.from(text));
      const ours =
        line.kind === "script" && line.interpreter === ECHO
          ? `${[...(line.argument === undefined || line.argument === "-e" ? [] : [line.argument]), path].join(" ")}\n`
          : line.kind === "script"
            ? "ENOENT"
            : "no script";
      const { stdout } = await run("python3", ["-c", EXECVE, path]);
      assert.equal(ours, stdout.replace("ENOEXEC", "no script"));
    });
  }
});

describe("envCommand()", () => {
  const rows: readonly (readonly [argument: string | undefined, want: readonly string[]])[] = [
    [undefined, []],
    ["node", ["node"]],
    ["node --flag", ["node --flag"]],
    ["-S node --flag", ["node", "--flag"]],
    ["-Snode", ["node"]],
    ["-S NODE_ENV=x -i node a", ["node", "a"]],
    ["--split-string=node a", ["node", "a"]],
  ];
  for (const [argument, want] of rows) {
    it(`finds the program of ${JSON.stringify(argument)}`, () => {
      assert.deepEqual(envCommand(argument), want);
    });
  }
});
