/** The published package as its users have it: installed by npm, imported by name, type-checked strictly, and started by npx. */
import assert from "node:assert/strict";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { type InstalledPackage, installedPackage } from "../support/installed-package.ts";

const PROGRAM = `
import { build, isDecantError, listImages } from "decant";
await using run = build({ context: "context", tags: ["lib:1"] });
const types = new Set();
for await (const event of run) types.add(event.type);
await run.result;
await using wrong = build({ context: "nothing" });
const error = await wrong.result.catch((reason) => reason);
console.log(JSON.stringify([types.has("vertex.done"), (await listImages()).map(({ name }) => name), isDecantError(error, "CONTEXT")]));
`;

/** The newest compiler, and the last one of the older kind. */
const COMPILERS = ["node_modules/typescript", "node_modules/@microsoft/api-extractor/node_modules/typescript"];
const MODULES = [
  { module: "node16", moduleResolution: "node16" },
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
];

describe("the package", () => {
  let user: InstalledPackage;
  before(async () => {
    user = await installedPackage();
    mkdirSync(join(user.folder, "context"));
    writeFileSync(join(user.folder, "context", "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
  });
  after(() => user[Symbol.dispose]());
  const inside = (path: string): string => join(user.folder, "node_modules", "decant", path);

  it("U11: works when a program imports it by name", async () => {
    writeFileSync(join(user.folder, "program.mjs"), PROGRAM);
    assert.deepEqual(JSON.parse(await user.run("node", "program.mjs")), [true, ["docker.io/library/lib:1"], true]);
  });

  it("U12: so does the example of docs/reference/library.md", async () => {
    const example = /```ts\n([\s\S]*?)```/.exec(readFileSync("docs/reference/library.md", "utf8"))?.[1] ?? "";
    writeFileSync(join(user.folder, "example.ts"), example);
    cpSync(join(user.folder, "context"), join(user.folder, "app"), { recursive: true });
    const shown = await user.attempt("node", "--no-warnings", "example.ts");
    assert.match(shown.stderr.toString(), /COPY Dockerfile/);
    assert.equal(shown.stdout.toString(), "true 1 []\n");
  });

  for (const compiler of COMPILERS)
    for (const modules of MODULES)
      it(`U11: has types for a strict program with moduleResolution ${modules.moduleResolution}, by ${compiler}`, async () => {
        const tsc = resolve(compiler, "bin/tsc");
        const compile = async (file: string): Promise<string> => {
          cpSync(`test/e2e/testdata/consumer/${file}.txt`, join(user.folder, file));
          const compilerOptions = {
            ...modules,
            target: "es2022",
            lib: ["es2023"],
            types: ["node"],
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            noPropertyAccessFromIndexSignature: true,
            verbatimModuleSyntax: true,
            skipLibCheck: false,
            noEmit: true,
          };
          writeFileSync(join(user.folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
          return (await user.attempt("node", tsc, "-p", "tsconfig.json")).stdout.toString();
        };
        assert.equal(await compile("consumer.ts"), "");
        // Nothing but the public names.
        const wrong = (await compile("wrong.ts")).split("\n").filter((line) => line !== "");
        assert.deepEqual(
          wrong.map((line) => /^wrong\.ts\((\d+)/.exec(line)?.[1]),
          ["3", "4", "5"],
          wrong.join("\n"),
        );
      });

  it("U11: is started by npx", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    assert.match(await user.run("npx", "decant", "version"), new RegExp(`^decant ${version} \\(node ${process.versions.node}, `));
    assert.match(await user.run("npx", "decant", "build", "-q", "-t", "npx:1", "context"), /^sha256:[0-9a-f]{64}\n$/);
    assert.match(await user.run("npx", "decant", "images"), /npx:1/);
    assert.match(await user.run("npx", "decant", "base", "list"), /static-debian13/);
    assert.equal(await user.run("npx", "decant", "completion", "bash"), readFileSync("completions/decant.bash", "utf8"));
  });

  it("U11: has the pages that hints name, and manual pages", () => {
    const named = new Set<string>();
    for (const file of globSync(inside("dist/*.{js,cjs}")))
      for (const [path] of readFileSync(file, "utf8").matchAll(/(?<![\w/])docs\/[\w/-]+\.md\b/g)) named.add(path);
    assert.ok(named.has("docs/ci.md") && named.has("docs/audit.md"), [...named].join());
    assert.deepEqual(
      [...named].filter((path) => !existsSync(inside(path))),
      [],
    );
    for (const rule of globSync("docs/checks/*.md")) assert.ok(existsSync(inside(rule)), rule);
    assert.match(readFileSync(inside("dist/man/decant-build.1"), "utf8"), /^\.Dt DECANT-BUILD 1$/m);
  });

  it("U11: has one file of types, no source, no tests, and the licences of what is bundled", () => {
    const files = globSync(inside("**/*")).map((path) => path.slice(inside("").length + 1));
    assert.deepEqual(
      files.filter((path) => path.endsWith(".ts")),
      ["dist/index.d.ts"],
    );
    assert.doesNotMatch(readFileSync(inside("dist/index.d.ts"), "utf8"), /^import |import\(|from "/m);
    assert.match(readFileSync(inside("dist/LICENSES.txt"), "utf8"), /^yaml \d[\s\S]*ISC|^acorn \d[\s\S]*MIT/m);
    assert.deepEqual([...new Set(files.map((path) => path.split("/", 1).join()))].toSorted(), [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "bin",
      "completions",
      "dist",
      "docs",
      "package.json",
      "recipes",
    ]);
    assert.equal(statSync(inside("bin/decant")).mode & 0o111, 0o111);
  });
});
