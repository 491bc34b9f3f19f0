import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TABLES } from "../commands.ts";
import { complete, type NameLookup } from "./complete.ts";
import { argumentSource, sourceOf } from "./value-kinds.ts";

const NAMES = { images: ["app:v1", "localhost:5000/app:v1"], containers: ["0123456789ab"], bases: ["static-debian13"] };
const lookUp: NameLookup = async (kind, root) => NAMES[kind].map((name) => (root === undefined ? name : `${name}@${root}`));

/** "paths: word word …" */
async function answer(line: readonly string[]): Promise<string> {
  const { paths, candidates } = await complete(line, TABLES, lookUp);
  return `${paths}: ${candidates.map(({ word }) => word).join(" ")}`;
}

describe("complete()", () => {
  const rows: readonly { readonly line: string; readonly want: string }[] = [
    { line: "bui", want: "none: build builders builder buildx" },
    { line: "im", want: "none: images import image" },
    { line: "buildx p", want: "none: prune" },
    { line: "image r", want: "none: rm remove" },
    { line: "history l", want: "none: ls logs localhost:5000/app:v1" },
    { line: "rm", want: "none: rm rmi" },
    { line: "help vers", want: "none: version" },
    { line: "help base ver", want: "none: verify" },
    { line: "base ve", want: "none: verify" },
    { line: "base build stat", want: "files: static-debian13" },
    { line: "frobnicate ", want: "none: " },
    { line: "__proto__ ", want: "none: " },
    { line: "build ", want: "folders: " },
    { line: "build . ", want: "none: " },
    { line: "build --no-cache-", want: "none: --no-cache-filter" },
    { line: "build --progress ", want: "none: auto tty plain rawjson quiet none" },
    { line: "build --progress=p", want: "none: --progress=plain" },
    { line: "build --audit=", want: "none: --audit=error --audit=strict --audit=warn" },
    { line: "build --audit ", want: "folders: " },
    { line: "build --pull=n", want: "none: --pull=never" },
    { line: "build --push=f", want: "none: --push=false" },
    { line: "build -f ", want: "files: " },
    { line: "build --file=D", want: "files: " },
    { line: "build --ca-certs o", want: "files: off" },
    { line: "build -qf ", want: "files: " },
    { line: "build -fDockerfile ", want: "folders: " },
    { line: "build --platform linux/arm64 --plat", want: "none: --platform" },
    { line: "build --target a --targ", want: "none: --target-all" },
    { line: "build --nonsense=", want: "none: " },
    { line: "build -t a -- --pu", want: "folders: " },
    { line: "version -", want: "none: --format --help" },
    { line: "ps -", want: "none: --root --all --format --no-trunc --quiet --help -a -q" },
    { line: "push ", want: "none: app:v1 localhost:5000/app:v1" },
    { line: "push --root /x loc", want: "none: localhost:5000/app:v1@/x" },
    { line: "push --root=/x app", want: "none: app:v1@/x" },
    { line: "push app:v1 ", want: "none: " },
    { line: "rmi app:v1 lo", want: "none: localhost:5000/app:v1" },
    { line: "stop ", want: "none: 0123456789ab" },
    { line: "audit ap", want: "files: app:v1" },
    { line: "run -w ", want: "none: " },
    { line: "run app:v1 --en", want: "none: " },
    { line: "run --init ap", want: "none: app:v1" },
    { line: "import - ", want: "none: " },
  ];
  for (const { line, want } of rows) it(`U11: decant ${line}`, async () => assert.equal(await answer(line.split(" ")), want));
});

describe("value kinds", () => {
  const rows = [
    { usage: "IMAGE [NAME]", at: 0, want: { names: ["images"], words: [] } },
    { usage: "IMAGE [NAME]", at: 1, want: { names: [], words: [] } },
    { usage: "IMAGE [NAME]", at: 2, want: undefined },
    { usage: "", at: 0, want: undefined },
    { usage: "CONTAINER…", at: 7, want: { names: ["containers"], words: [] } },
    { usage: "RECIPE[:VARIANT] [IMAGE]", at: 0, want: { names: ["bases"], words: [], paths: "files" } },
    { usage: "RECIPE[:VARIANT] [IMAGE]", at: 1, want: { names: ["images"], words: [] } },
  ];
  for (const { usage, at, want } of rows) it(`U11: argument ${at} of "${usage}"`, () => assert.deepEqual(argumentSource(usage, at), want));
  it("U11: auto|off|FILE", () => assert.deepEqual(sourceOf("auto|off|FILE"), { names: [], words: ["auto", "off"], paths: "files" }));
});
