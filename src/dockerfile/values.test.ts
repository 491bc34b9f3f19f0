import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDecantError } from "../errors.ts";
import { parseChmod, parseExpose, parsePort, parseSize, parseStopSignal, suggest } from "./index.ts";
import { parseBool, parseDuration } from "./values.ts";
import { parseCsv } from "./csv.ts";

const isSemantic = (error: unknown): boolean => isDecantError(error, "DOCKERFILE_SEMANTIC");

describe("parseDuration()", () => {
  const rows: readonly [string, number][] = [
    ["0", 0],
    ["1m30s", 90e9],
    ["1.5h", 5400e9],
    ["100ms", 1e8],
    ["1us2ns", 1002],
    ["-1s", -1e9],
    [".5s", 5e8],
    ["0.1s", 1e8],
    ["2000000h", 7.2e18],
  ];
  for (const [input, want] of rows) it(`reads ${input}`, () => assert.equal(parseDuration(input), want));
  for (const input of ["", "5", "s", ".s", "1x", "1s ", "1e3s", "3000000h", "+"]) {
    it(`rejects "${input}"`, () => assert.throws(() => parseDuration(input), isSemantic));
  }
});

describe("parseBool()", () => {
  it("reads what Go reads", () => {
    assert.deepEqual(
      ["1", "t", "TRUE", "0", "F", "false"].map((text) => parseBool(text)),
      [true, true, true, false, false, false],
    );
  });
  for (const input of ["", "yes", "tRUE"]) it(`rejects "${input}"`, () => assert.throws(() => parseBool(input), isSemantic));
});

describe("parseSize()", () => {
  const rows: readonly [string, number][] = [
    ["0", 0],
    ["100", 100],
    ["100b", 100],
    ["64m", 64 << 20],
    ["1GiB", 1 << 30],
    ["1.5 kb", 1536],
  ];
  for (const [input, want] of rows) it(`reads ${input}`, () => assert.equal(parseSize(input), want));
  for (const input of ["", "m", "-1", "1mm", "1e3", "99999999p"])
    it(`rejects "${input}"`, () => assert.throws(() => parseSize(input), isSemantic));
});

describe("parseExpose()", () => {
  const rows: readonly { input: readonly string[]; want: readonly string[] }[] = [
    { input: ["80"], want: ["80/tcp"] },
    { input: ["8000-8002/UDP", "53/sctp"], want: ["8000/udp", "8001/udp", "8002/udp", "53/sctp"] },
    { input: ["80", "80/tcp"], want: ["80/tcp", "80/tcp"] },
    { input: ["127.0.0.1:8080:80", "[::1]:1-2:3-4", "9:7"], want: ["80/tcp", "3/tcp", "4/tcp", "7/tcp"] },
    { input: ["0", "65535/"], want: ["0/tcp", "65535/tcp"] },
    { input: ["1-2:7"], want: ["7/tcp"] },
  ];
  for (const { input, want } of rows) it(`S54: ${input.join(" ")}`, () => assert.deepEqual(parseExpose(input), want));

  const failures: readonly [string, RegExp][] = [
    ["", /no port specified/],
    ["80/foo", /invalid proto: foo/],
    ["65536", /invalid containerPort: 65536/],
    ["80-79", /invalid containerPort/],
    ["x", /invalid containerPort/],
    ["1:2:3", /invalid IP address: 1/],
    ["1-3:3-4", /invalid ranges specified for container and host Ports/],
    ["x:80", /invalid hostPort: x/],
  ];
  for (const [input, want] of failures) it(`S54: rejects "${input}"`, () => assert.throws(() => parseExpose([input]), want));

  it("S54: bounds the number of ports", () =>
    assert.throws(() => parseExpose(Array.from({ length: 4 }, () => "0-65535")), /more than 196608 ports/));
  it("parsePort() tells lint what it needs", () => {
    assert.deepEqual(parsePort("1:80/TCP"), { first: 80, last: 80, protocol: "tcp", protocolAsWritten: "TCP", hasHostPart: true });
  });
});

describe("parseChmod()", () => {
  const rows: readonly { text: string; mode: number; directory?: boolean; want: number }[] = [
    { text: "644", mode: 0o777, want: 0o644 },
    { text: "04755", mode: 0, want: 0o4755 },
    { text: "u+x", mode: 0o644, want: 0o744 },
    { text: "+x", mode: 0o644, want: 0o755 },
    { text: "a-w,u+w", mode: 0o666, want: 0o644 },
    { text: "u=rwX,go=rX", mode: 0o600, want: 0o644 },
    { text: "u=rwX,go=rX", mode: 0o700, want: 0o755 },
    { text: "u=rwX,go=rX", mode: 0o600, directory: true, want: 0o755 },
    { text: "go=", mode: 0o777, want: 0o700 },
    { text: "g=u", mode: 0o750, want: 0o770 },
    { text: "g=u-w", mode: 0o750, want: 0o750 },
    { text: "o+u", mode: 0o700, want: 0o707 },
    { text: "u+s,g+s,o+t", mode: 0o755, want: 0o6755 },
    { text: "+t", mode: 0o777, want: 0o1777 },
    { text: "a=", mode: 0o7777, want: 0o1000 },
    { text: "-X", mode: 0o755, want: 0o644 },
    { text: "ug=rw,o=r", mode: 0, want: 0o664 },
  ];
  for (const { text, mode, directory = false, want } of rows) {
    it(`S75: ${text} on ${directory ? "d" : ""}${mode.toString(8)}`, () => {
      assert.equal(parseChmod(text).apply(mode, directory).toString(8), want.toString(8));
    });
  }
  it("S74: keeps the octal value for implicit parents", () =>
    assert.deepEqual([parseChmod("0750").octal, parseChmod("u+x").octal], [0o750, undefined]));
  for (const text of ["", "8", "10000", "0o755", "u", "u+z", "u+x,", "rwx", "-1"]) {
    it(`S75: rejects "${text}"`, () =>
      assert.throws(() => parseChmod(text), /invalid chmod parameter: '.*'. it should be octal string and between 0 and 07777/));
  }
});

describe("parseStopSignal()", () => {
  const rows: readonly [string, number][] = [
    ["SIGTERM", 15],
    ["term", 15],
    ["9", 9],
    ["1000", 1000],
    ["SIGRTMIN+3", 37],
    ["RTMAX-14", 50],
  ];
  for (const [input, want] of rows) it(`S56: ${input}`, () => assert.equal(parseStopSignal(input), want));
  for (const input of ["", "0", "SIGFOO", "a b"])
    it(`S56: rejects "${input}"`, () => assert.throws(() => parseStopSignal(input), /invalid signal: /));
  it("S56: suggests", () =>
    assert.throws(
      () => parseStopSignal("SIGTREM"),
      (error) => isDecantError(error) && error.hint === "Did you mean SIGTERM?",
    ));
});

describe("parseCsv()", () => {
  const rows: readonly { input: string; want: readonly string[] }[] = [
    { input: "a=1,b", want: ["a=1", "b"] },
    { input: '"a=1,2",b', want: ["a=1,2", "b"] },
    { input: '"a""b"', want: ['a"b'] },
    { input: "a,,b\n", want: ["a", "", "b"] },
  ];
  for (const { input, want } of rows)
    it(JSON.stringify(input), () =>
      assert.deepEqual(
        parseCsv(input).map((field) => field.text),
        want,
      ),
    );
  for (const input of ["", "\n", 'a"b', '"a', '"a"b'])
    it(`rejects ${JSON.stringify(input)}`, () => assert.throws(() => parseCsv(input), isSemantic));
  it("a comma at the end opens an empty field", () =>
    assert.deepEqual(
      parseCsv("a,").map((field) => field.text),
      ["a", ""],
    ));
});

describe("suggest()", () => {
  const rows: readonly { word: string; candidates: readonly string[]; want: string | undefined }[] = [
    { word: "RUM", candidates: ["RUN", "ARG"], want: "RUN" },
    { word: "rum", candidates: ["RUN", "ARG"], want: "run" },
    { word: "CPOY", candidates: ["COPY", "CMD"], want: "COPY" },
    { word: "target", candidates: ["target"], want: undefined },
    { word: "xyz", candidates: ["run", "env"], want: undefined },
    { word: "foo", candidates: ["iot"], want: undefined },
    { word: "x".repeat(1000), candidates: ["x"], want: undefined },
  ];
  for (const { word, candidates, want } of rows)
    it(`${word.slice(0, 10)} among ${candidates.join(" ")}`, () => assert.equal(suggest(word, candidates), want));
});
