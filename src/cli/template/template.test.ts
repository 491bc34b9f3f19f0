/** U10: templates of --format, as docker's users type them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDecantError } from "../../errors.ts";
import { createTemplate } from "./evaluate.ts";
import type { Value } from "./functions.ts";

const DATA: Value = {
  ID: "8ea4fd7591cd",
  Empty: "",
  Tags: ["app:1", "app:2"],
  None: [],
  Config: {
    Env: ["A=1", "B=2"],
    Cmd: null,
    Labels: new Map<string, Value>([
      ["team", "web"],
      ["a.b/c", "\u001b[31mred\nline"],
    ]),
  },
  Size: 42,
};

const ROWS: readonly (readonly [template: string, want: string])[] = [
  ["{{.ID}}", "8ea4fd7591cd"],
  ["{{ .ID }}: {{.Size}}", "8ea4fd7591cd: 42"],
  ["x {{- .Size -}} y", "x42y"],
  ["{{/* nothing */}}a", "a"],
  ["{{json .Config.Env}}", '["A=1","B=2"]'],
  ["{{.Config.Env | json}}", '["A=1","B=2"]'],
  ["{{json .Config.Cmd}}", "null"],
  ["{{.Config.Env}}", "[A=1 B=2]"],
  ["{{.Config.Cmd}}", "<nil>"],
  ['{{join .Tags ", "}}', "app:1, app:2"],
  ["{{upper .ID}} {{lower `ABC`}} {{title `a bc`}}", "8EA4FD7591CD abc A Bc"],
  ["{{range .Config.Env}}{{println .}}{{end}}", "A=1\nB=2\n"],
  ["{{range $i, $e := .Tags}}{{$i}}={{$e}};{{end}}", "0=app:1;1=app:2;"],
  ["{{range $k, $v := .Config.Labels}}{{$k}} {{end}}", "a.b/c team "],
  ["{{range .None}}x{{else}}none{{end}}", "none"],
  ["{{if .Empty}}a{{else if .Tags}}b{{else}}c{{end}}", "b"],
  ["{{if eq .ID `8ea4fd7591cd`}}yes{{end}}{{if not .Empty}}!{{end}}", "yes!"],
  ["{{if and .ID (gt .Size 40)}}big{{end}}", "big"],
  ["{{with .Config}}{{index .Env 1}}{{$.Size}}{{end}}", "B=242"],
  ['{{index .Config.Labels "team"}}', "web"],
  ['{{index (split (index .Tags 0) ":") 1}}', "1"],
  ["{{.Config.Labels.none}}", "<no value>"],
  ['{{index .Config.Labels "a.b/c"}}', "\ufffd[31mred\nline"],
  ['{{printf "%-6s|%5d|%q|%%" "ab" .Size "x"}}', 'ab    |   42|"x"|%'],
  ["{{len .Tags}}{{len .Config.Labels}}", "22"],
  ["{{$x := .Size}}{{$x}}", "42"],
  ["{{truncate .ID 4}}", "8ea4"],
  ["{{print .ID}}{{(index .Tags 0)}}", "8ea4fd7591cdapp:1"],
];
for (const [template, want] of ROWS) {
  test(`U10: createTemplate() runs ${template}`, () => assert.equal(createTemplate(template)(DATA), want));
}

const MISTAKES: readonly (readonly [template: string, problem: RegExp])[] = [
  ["{{.Foo}}", /there is no field \.Foo; there are \.ID, \.Empty, /],
  ["{{.Config.Foo}}", /there is no field \.Foo; there are \.Env, /],
  ["{{frobnicate .ID}}", /function "frobnicate" is not supported; there are and, eq, /],
  ["{{.ID", /\{\{ has no \}\}/],
  ["{{if .ID}}", /\{\{if\}\} has no \{\{end\}\}/],
  ["{{end}}", /closes nothing/],
  ["{{}}", /is empty/],
  ["{{define `x`}}{{end}}", /\{\{define\}\} is not supported/],
  ["{{.ID % 2}}", /"% 2" is not understood/],
  ["{{.ID .Size}}", /a value takes no arguments/],
  ["{{index .Tags 7}}", /there is no element 7: the list has 2/],
  ["{{range .Size}}{{end}}", /range cannot go through 42/],
  ["{{upper .Size}}", /42 is no text/],
  ['{{printf "%x" .Size}}', /%x of printf is not supported/],
  ["{{$x}}", /there is no variable \$x/],
  ["{{(.ID}}", /\( has no \)/],
  ["{{.constructor}}", /there is no field \.constructor/],
];
for (const [template, problem] of MISTAKES) {
  test(`U10: createTemplate() names what is wrong with ${template}`, () => {
    assert.throws(
      () => createTemplate(template)(DATA),
      (error) => isDecantError(error, "USAGE") && problem.test(error.message),
    );
  });
}
