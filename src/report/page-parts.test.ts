/** What of the page needs no browser. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ReportImage } from "./data.ts";
import { createAnsi } from "./page/ansi.ts";
import { type ByteNode, byteTree } from "./page/byte-tree.ts";
import { change, duration, share, size, visible } from "./page/text.ts";

describe("visible()", () => {
  const rows = [
    { name: "plain text", input: "a b", want: "a b" },
    { name: "controls", input: "a\u0000\u001b[31m\u007f\n", want: "a␀␛[31m␡␊" },
    { name: "directions", input: "evil\u202etxt.exe\u2066", want: "evil⟨U+202E⟩txt.exe⟨U+2066⟩" },
    { name: "what has no width", input: "pay\u200bpal\ufeff", want: "pay⟨U+200B⟩pal⟨U+FEFF⟩" },
    { name: "tags of emoji", input: "a\u{e0041}", want: "a⟨U+E0041⟩" },
    { name: "C1 controls", input: "\u009b31m", want: "⟨U+009B⟩31m" },
    { name: "other languages", input: "Größe שלום 日本", want: "Größe שלום 日本" },
  ];
  for (const { name, input, want } of rows) it(`G8: shows ${name}`, () => assert.equal(visible(input), want));
  it("G8: keeps line ends and tabs of logs", () => assert.equal(visible("a\n\tb\r", true), "a\n\tb␍"));
});

describe("numbers", () => {
  const rows = [
    { name: "bytes", is: size(999), want: "999 B" },
    { name: "kilobytes", is: size(1234), want: "1.23 kB" },
    { name: "what rounds up to the next unit", is: size(999_999), want: "1.00 MB" },
    { name: "less", is: size(-2_500_000), want: "−2.50 MB" },
    { name: "milliseconds", is: duration(350), want: "350 ms" },
    { name: "seconds", is: duration(4200), want: "4.2 s" },
    { name: "what rounds up to a minute", is: duration(59_960), want: "1 min 00 s" },
    { name: "hours", is: duration(3_720_000), want: "1 h 02 min" },
    { name: "shares", is: share(1, 3), want: "33 %" },
    { name: "small shares", is: share(1, 3000), want: "< 1 %" },
    { name: "shares of nothing", is: share(0, 0), want: "0 %" },
    { name: "more", is: change(5, String), want: "+5" },
    { name: "the same", is: change(0, String), want: "±0" },
  ];
  for (const { name, is, want } of rows) it(`G8: shows ${name}`, () => assert.equal(is, want));
});

describe("createAnsi()", () => {
  const rows = [
    { name: "a colour and its end", input: "\u001b[31mred\u001b[0m plain", want: "red:red| plain" },
    { name: "bold with a colour", input: "\u001b[1;32mok\u001b[22m ok", want: "bold,green:ok|green: ok" },
    { name: "bright colours", input: "\u001b[94mblue\u001b[39mx", want: "blue:blue|x" },
    { name: "256 colours, as the nearest", input: "\u001b[38;5;208mor\u001b[0m", want: "red:or" },
    { name: "true colours, as the nearest", input: "\u001b[38;2;250;10;10mred", want: "red:red" },
    { name: "greys as plain text", input: "\u001b[38;5;240mgrey", want: "grey" },
    { name: "no background", input: "\u001b[41;97mx\u001b[48;5;1my", want: "white:x|white:y" },
    { name: "no movement of the cursor", input: "a\u001b[2Kb\u001b[10;20Hc", want: "a|b|c" },
    { name: "no links", input: "\u001b]8;;javascript:alert(1)\u0007text\u001b]8;;\u001b\\!", want: "text|!" },
    { name: "no titles, also where they do not end", input: "\u001b]0;title", want: "" },
    { name: "what is left of a line that returns to its start", input: "10%\r99%\r100%\r", want: "100%" },
  ];
  for (const { name, input, want } of rows) {
    it(`G8: takes ${name}`, () => {
      const runs = createAnsi()(input);
      assert.equal(runs.map(({ looks, text }) => (looks.length === 0 ? text : `${looks.join()}:${text}`)).join("|"), want);
    });
  }
  it("G8: goes on in the next line", () => {
    const ansi = createAnsi();
    ansi("\u001b[31mone");
    assert.deepEqual(ansi("two"), [{ text: "two", looks: ["red"] }]);
  });
});

const IMAGE: ReportImage = {
  name: "app",
  platform: "linux/amd64",
  facts: [],
  fileCount: 4,
  bytes: 16,
  layers: [
    { instruction: "FROM base", files: 3, bytes: 17, hiddenBytes: 4 },
    { instruction: "COPY --from=build /a /a", copiedFrom: "stage build", files: 1, bytes: 3, hiddenBytes: 0 },
  ],
  files: {
    directories: ["/usr/lib/deep", "/usr/lib/deep/er", "/"],
    directory: [0, 1, 0, 2],
    name: ["one", "two", "gone", "top"],
    bytes: [5, 8, 4, 3],
    layer: [0, 0, 0, 1],
    package: [0, -1, 0, -1],
    hidden: [2],
    several: [[1, 6]],
  },
  packages: [{ kind: "deb", name: "libc6", version: "2", licences: [], purl: "", location: "/x", files: 1, bytes: 5 }],
  unread: [],
  duplicates: { wastedBytes: 0, largest: [] },
  findings: [],
  allowed: [],
};

function drawn({ label, bytes, files, hiddenBytes, children }: ByteNode, indent = ""): string {
  const hidden = hiddenBytes > 0 ? ` (${hiddenBytes} hidden)` : "";
  return `${indent}${label} ${bytes} in ${files}${hidden}\n${children.map((child) => drawn(child, `${indent}  `)).join("")}`;
}

describe("byteTree()", () => {
  const rows = [
    {
      grouping: "folder",
      want: "all files 16 in 8\n  usr/lib/deep 13 in 7\n    er 8 in 6\n      two 8 in 6\n    one 5 in 1\n  top 3 in 1\n",
    },
    {
      grouping: "instruction",
      want: "all files 20 in 9 (4 hidden)\n  FROM base 17 in 8 (4 hidden)\n    usr/lib/deep 17 in 8 (4 hidden)\n      er 8 in 6\n        two 8 in 6\n      one 5 in 1\n      gone 4 in 1 (4 hidden)\n  COPY --from=build /a /a 3 in 1\n    top 3 in 1\n",
    },
    {
      grouping: "package",
      want: "all files 16 in 8\n  no package 11 in 7\n    usr/lib/deep/er 8 in 6\n      two 8 in 6\n    top 3 in 1\n  libc6 2 5 in 1\n    usr/lib/deep 5 in 1\n      one 5 in 1\n",
    },
    {
      grouping: "stage",
      want: "all files 20 in 9 (4 hidden)\n  base image 17 in 8 (4 hidden)\n    usr/lib/deep 17 in 8 (4 hidden)\n      er 8 in 6\n        two 8 in 6\n      one 5 in 1\n      gone 4 in 1 (4 hidden)\n  stage build 3 in 1\n    top 3 in 1\n",
    },
  ] as const;
  for (const { grouping, want } of rows) it(`G8: sums bytes by ${grouping}`, () => assert.equal(drawn(byteTree(IMAGE, grouping)), want));
});
