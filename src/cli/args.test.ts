import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../errors.ts";
import { HelpWanted, parseCommandLine } from "./args.ts";
import type { CommandSpec, OptionTable } from "./command.ts";

const OPTIONS = {
  tag: { type: "string", multiple: true, short: "t", help: "" },
  file: { type: "string", short: "f", help: "" },
  progress: { type: "string", choices: ["auto", "plain"], help: "" },
  pull: { type: "boolean", help: "" },
  quiet: { type: "boolean", short: "q", help: "" },
  audit: { type: "string", bare: "error", help: "" },
  attach: { type: "string", bare: "true", bareUnless: /^true$|=/, help: "" },
} as const satisfies OptionTable;

const SPEC: CommandSpec<typeof OPTIONS> = {
  name: "build",
  usage: "CONTEXT",
  summary: "",
  options: OPTIONS,
  unsupported: {
    secret: { type: "string" },
    publish: { type: "string", short: "p", hint: "no" },
  },
  words: { min: 1, max: 1 },
};

const GOOD: readonly (readonly [string, readonly string[], string])[] = [
  ["takes a separate value", ["--file", "D", "."], '{"tag":[],"file":"D"} .'],
  ["takes --flag=value", ["--file=D", "."], '{"tag":[],"file":"D"} .'],
  ["takes -fvalue", ["-fD", "."], '{"tag":[],"file":"D"} .'],
  ["takes -f=value as docker does", ["-f=D", "."], '{"tag":[],"file":"D"} .'],
  ["keeps an = of a separate value", ["-f", "=D", "."], '{"tag":[],"file":"=D"} .'],
  ["takes - as a value", ["-f", "-", "."], '{"tag":[],"file":"-"} .'],
  ["takes a value that starts with a dash", ["-f", "-x", "."], '{"tag":[],"file":"-x"} .'],
  ["collects repeated options", ["-t", "a", ".", "--tag", "b"], '{"tag":["a","b"]} .'],
  ["lets the last of a single option win", ["-f", "a", "-f", "b", "."], '{"tag":[],"file":"b"} .'],
  ["reads --flag=false", ["--pull=false", "."], '{"tag":[],"pull":false} .'],
  ["reads groups of short options", ["-qt", "a", "."], '{"tag":["a"],"quiet":true} .'],
  ["takes no word for the value of an option that may stand alone", ["--audit", "."], '{"tag":[],"audit":"error"} .'],
  ["takes --flag=value of one that may stand alone", ["--audit=warn", "."], '{"tag":[],"audit":"warn"} .'],
  ["takes a word for its value that looks like one", ["--attach", "a=b", "."], '{"tag":[],"attach":"a=b"} .'],
  ["takes no option for its value", ["--attach", "--tag=b", "."], '{"tag":["b"],"attach":"true"} .'],
  ["takes none that does not", ["--attach", "."], '{"tag":[],"attach":"true"} .'],
  ["ends options at --", ["--", "-q"], '{"tag":[]} -q'],
];

for (const [name, args, want] of GOOD) {
  test(`parseCommandLine() ${name}`, () => {
    const { values, words } = parseCommandLine(SPEC, args);
    assert.equal(`${JSON.stringify(values)} ${words.join(" ")}`, want);
  });
}

const BAD: readonly (readonly [string, readonly string[], string])[] = [
  [
    "suggests the option that was meant",
    ["--progres=plain", "."],
    'USAGE Cannot use option --progres: "decant build" has no such option | Did you mean --progress?',
  ],
  [
    "refuses an unknown short option",
    ["-z", "."],
    'USAGE Cannot use option -z: "decant build" has no such option | See: decant build --help',
  ],
  [
    "refuses what is not supported, by name",
    ["--secret", "id=a", "."],
    'UNSUPPORTED Option --secret of "decant build" is not supported yet | ',
  ],
  [
    "names the long form of a short option",
    ["-p", "80:80", "."],
    'UNSUPPORTED Option --publish of "decant build" is not supported yet | no',
  ],
  ["wants a value", [".", "--file"], "USAGE Cannot use --file: it needs a value | See: decant build --help"],
  ["checks choices", ["--progress", "loud", "."], 'USAGE Cannot use --progress "loud": wanted auto or plain | '],
  ["checks booleans", ["--pull=maybe", "."], 'USAGE Cannot use --pull="maybe": wanted true or false | '],
  ["counts too few words", [], 'USAGE Cannot run "decant build" with no argument; wanted one argument | See: decant build --help'],
  [
    "shows too many words",
    ["a", "b"],
    'USAGE Cannot run "decant build" with 2 arguments: "a" "b"; wanted one argument | See: decant build --help',
  ],
  [
    "X10: shows no password of too many words",
    ["https://me:s3cret@host/x", "b"],
    'USAGE Cannot run "decant build" with 2 arguments: "https://host/x" "b"; wanted one argument | See: decant build --help',
  ],
];

for (const [name, args, want] of BAD) {
  test(`parseCommandLine() ${name}`, () => {
    assert.throws(
      () => parseCommandLine(SPEC, args),
      (error) => {
        assert.ok(isDecantError(error));
        assert.equal(`${error.code} ${error.message} | ${error.hint ?? ""}`, want);
        return true;
      },
    );
  });
}

test("parseCommandLine() ends options at the first word when the table says so", () => {
  const { values, words } = parseCommandLine({ ...SPEC, words: { min: 1, max: Infinity }, optionsFirst: true }, [
    "-q",
    "image",
    "sh",
    "-q",
    "--",
    "x",
  ]);
  assert.deepEqual(values, { tag: [], quiet: true });
  assert.deepEqual(words, ["image", "sh", "-q", "--", "x"]);
});

test("parseCommandLine() throws HelpWanted for --help before it checks the rest", () => {
  assert.throws(() => parseCommandLine(SPEC, ["--help"]), HelpWanted);
});
