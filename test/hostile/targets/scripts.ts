/** Programs of images that are read, and never run: maintainer scripts, JavaScript, Python, shell; lines that start programs. */
import { nodeImportParser } from "../../../src/audit/closure/node-imports.ts";
import { pythonText } from "../../../src/audit/closure/python-statements.ts";
import { scriptEnd } from "../../../src/audit/closure/shell-script.ts";
import { readScript } from "../../../src/distroless/scripts/read-script.ts";
import { parseScriptLine } from "../../../src/facts/index.ts";
import { textOf } from "../make.ts";
import type { Target } from "../types.ts";
import { each } from "./each.ts";

const PIECES = [
  "#!/bin/sh\n",
  "#!/usr/bin/env -S node --x\n",
  "set -e\n",
  'if [ "$1" = configure ]; then\n',
  "fi\n",
  'case "$1" in a|b) ',
  ";;\n",
  "esac\n",
  "for i in a b c; do ",
  "done\n",
  "while true; do ",
  "f() { ",
  "}\n",
  "$(",
  "`",
  ")",
  "${A:-b}",
  "$((1+",
  "<<E\n",
  "E\n",
  "update-alternatives --install /a b /c 1\n",
  'exec "$@"\n',
  "&&",
  "||",
  "|",
  ";",
  "import a from 'b';\n",
  "const x = require(",
  "'./a.js')",
  "require.resolve(`a${",
  "import(",
  "export * from 'x';\n",
  "process.env.A",
  "path.join(__dirname, 'a')",
  "(() => {",
  "})()",
  "try {",
  "} catch {}",
  "[...Array(1e9)]",
  "'x'.repeat(1e9)",
  "for (;;) {",
  "while (1)",
  "a => a(a)",
  "(x => x(x))(x => x(x))",
  "new RegExp('(a+)+b').test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')",
  "import os, sys as s\n",
  "from . import (a,\n b)\n",
  "try:\n    import x\n",
  "except ImportError:\n    pass\n",
  "def f():\n",
  "    ",
  "\t",
  "if TYPE_CHECKING:\n",
  "else:\n",
  "'''",
  '"""',
  "\\\n",
  "lambda: ",
  "\0",
  "é",
  "(((((((((((",
  "[[[[[[[[",
  "{",
  "\n",
  " ",
  "1e5",
] as const;

export const SCRIPTS: Target = {
  name: "scripts",
  generate: (random) => textOf(random, PIECES, 30),
  async check(input) {
    const text = input.toString("utf8");
    await each(
      () => readScript(text, { script: "postinst", package: "a", architecture: "amd64" }),
      () => nodeImportParser()(text, undefined),
      () => nodeImportParser({ arch: "x64", libc: "glibc", env: new Map(), workingDirectory: "/", execPath: "/usr/bin/node" })(text, false),
      () => pythonText(text),
      () => scriptEnd(text),
      () => parseScriptLine(input.subarray(0, 256)),
    );
  },
};
