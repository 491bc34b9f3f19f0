import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { given } from "../../given.ts";
import type { CliContext, OutputStream } from "../context.ts";
import { runCli } from "../run-cli.ts";
import { parseCall } from "./parse.ts";

/** `decant build ARGS .` in a folder with these files; bases are scratch, so that nothing is looked up. */
async function build(files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-call-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
  const texts = { out: "", err: "" };
  const stream = (name: "out" | "err"): OutputStream => ({
    write: async (data) => {
      texts[name] += typeof data === "string" ? data : Buffer.from(data).toString();
    },
    isTerminal: false,
    color: false,
    size: () => ({ columns: 80, rows: 24 }),
  });
  const context: CliContext = {
    env: {},
    cwd: folder.path,
    stdin: (async function* () {})(),
    stdout: stream("out"),
    stderr: stream("err"),
    signal: new AbortController().signal,
    forwardSignals: () => ({ [Symbol.dispose]: () => undefined }),
  };
  const code = await runCli(["build", ...args, "."], context);
  return { code, ...texts };
}

test("parseCall() reads the forms of docker buildx", () => {
  assert.deepEqual(parseCall("check"), { method: "check", format: "text", ignoresStatus: false });
  assert.deepEqual(parseCall("lint,format=json,ignorestatus"), { method: "check", format: "json", ignoresStatus: true });
  assert.throws(() => parseCall("chek"), /Cannot use --call "chek"/);
  assert.throws(() => parseCall("check,format=xml"), /"format=xml" is not/);
});

test("decant build --check prints what docker buildx prints, and exits with 1", async () => {
  const { code, out, err } = await build({ Dockerfile: "FROM scratch as base\nCOPY a /\nCMD [\n\nUSER 1\n" }, "--check");
  assert.equal(code, 1);
  assert.equal(
    out,
    `Check complete, 2 warnings have been found!

WARNING: FromAsCasing - https://docs.docker.com/go/dockerfile/rule/from-as-casing/
'as' and 'FROM' keywords' casing do not match
Dockerfile:1
--------------------
   1 | >>> FROM scratch as base
   2 |     COPY a /
   3 |     CMD [
--------------------

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
Dockerfile:3
--------------------
   1 |     FROM scratch as base
   2 |     COPY a /
   3 | >>> CMD [
   4 |${" ".repeat(5)}
   5 |     USER 1
--------------------

`,
  );
  assert.equal(err, "");
});

test("decant build --check passes with suggestions only", async () => {
  const { code, out } = await build({ Dockerfile: 'FROM scratch\nCMD ["/a"]\n' }, "--check");
  assert.equal(code, 0);
  assert.match(out, /^Check complete, no warnings found\.\n\n1 suggestion \(does not affect the result\):\n\nSUGGESTION: MissingUser/);
});

test("decant build --call=check prints errors of the file, and JSON in the schema of BuildKit", async () => {
  const files = { Dockerfile: "# check=error=true\nFROM scratch as a\n" };
  const { code, out, err } = await build(files, "--call=check,format=json");
  assert.equal(code, 1);
  assert.match(err, /lint violation found for rules: FromAsCasing/);
  assert.deepEqual(JSON.parse(out), {
    warnings: [
      {
        ruleName: "FromAsCasing",
        description: "The 'as' keyword should match the case of the 'from' keyword",
        url: "https://docs.docker.com/go/dockerfile/rule/from-as-casing/",
        detail: "'as' and 'FROM' keywords' casing do not match",
        location: { ranges: [{ start: { line: 2 }, end: { line: 2 } }] },
      },
    ],
    sources: [{ filename: "Dockerfile", data: Buffer.from(files.Dockerfile).toString("base64"), language: "Dockerfile" }],
    buildError: { message: "lint violation found for rules: FromAsCasing", location: {} },
  });
  assert.equal((await build(files, "--call=check,ignorestatus")).code, 0);
  const broken = await build({ Dockerfile: "FROM scratch AS a\nRUM x\n" }, "--check");
  assert.equal(broken.code, 1);
  assert.match(broken.err, /unknown instruction: RUM/);
});

test("decant build --call=targets and outline print what docker buildx prints", async () => {
  const files = { Dockerfile: "# VER is the version\nARG VER=1\n# build compiles\nFROM scratch AS build\nARG VER\nFROM scratch\n" };
  assert.equal((await build(files, "--call=targets")).out, "TARGET    DESCRIPTION\nbuild     compiles\n(default) \n");
  assert.equal(
    (await build(files, "--call=outline", "--target=build")).out,
    "TARGET:      build\nDESCRIPTION: compiles\n\nBUILD ARG   VALUE   DESCRIPTION\nVER         1       is the version\n\n",
  );
  const location = { ranges: [{ start: { line: 2 }, end: { line: 2 } }] };
  assert.deepEqual(JSON.parse((await build(files, "--call=outline,format=json", "--target=build")).out), {
    name: "build",
    description: "compiles",
    args: [{ name: "VER", description: "is the version", value: "1", location }],
    sources: [Buffer.from(files.Dockerfile).toString("base64")],
  });
});

/** Recorded: docker buildx build --call=…,format=json --build-arg ver=2 (Docker 28.5), without `definition`, which is about how BuildKit loaded the file. */
test("decant build --call prints field by field the JSON of docker buildx", async () => {
  const recorded: Record<string, unknown> = JSON.parse(readFileSync(new URL("testdata/buildx.json", import.meta.url), "utf8"));
  const { dockerfile, ...answers } = recorded;
  assert.ok(Array.isArray(dockerfile));
  for (const [call, want] of Object.entries(answers)) {
    const flags = [`--call=${call},format=json`, "--build-arg=ver=2", ...(call === "outline" ? ["--target=b"] : [])];
    const got: { warnings?: readonly { readonly url?: string }[] } = JSON.parse(
      (await build({ Dockerfile: dockerfile.join("\n") }, ...flags)).out,
    );
    const warnings = got.warnings?.filter(({ url }) => url?.startsWith("docs/checks/") !== true);
    assert.deepEqual({ ...got, ...given({ warnings }) }, want, call);
  }
});

test("decant build --check looks at every platform, and says which ones have what", async () => {
  const Dockerfile =
    "FROM scratch\nARG TARGETARCH\nENV A=$NOPE\nWORKDIR /${TARGETARCH#arm64}/x\nWORKDIR ${TARGETVARIANT}\nUSER 1\nEXPOSE 80/TCP\n";
  const { out } = await build({ Dockerfile: Dockerfile.replace("WORKDIR /", "WORKDIR ") }, "--check", "--platform=linux/amd64,linux/arm64");
  assert.match(out, /Relative workdir "amd64\/x" can have unexpected results if the base image changes \(linux\/amd64\)/);
  assert.match(out, /^Usage of undefined variable '\$NOPE'$/m);
});
