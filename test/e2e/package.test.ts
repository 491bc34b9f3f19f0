/** The published package as its users import it: compiled, from another folder, by name. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";

const PROGRAM = `
import { build, isDecantError, listImages } from "decant";
const options = { root: process.argv[2] + "/store" };
await using run = build({ ...options, context: process.argv[2] + "/context", tags: ["lib:1"] });
const types = new Set();
for await (const event of run) types.add(event.type);
await run.result;
await using wrong = build({ ...options, context: process.argv[2] + "/nothing" });
const error = await wrong.result.catch((reason) => reason);
console.log(JSON.stringify([types.has("vertex.done"), (await listImages(options)).map(({ name }) => name), isDecantError(error, "CONTEXT")]));
`;

it("the package works when it is imported by name, and so does the example of docs/reference/library.md", async () => {
  const folder = mkdtempSync(join(tmpdir(), "decant-package-"));
  try {
    const installed = join(folder, "node_modules", "decant");
    mkdirSync(join(folder, "context"), { recursive: true });
    mkdirSync(installed, { recursive: true });
    writeFileSync(join(folder, "context", "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const compiled = await runProcess({
      argv: [resolve("node_modules/.bin/tsc"), "-p", "tsconfig.build.json", "--outDir", join(installed, "dist")],
      env: process.env,
    });
    assert.equal(compiled.exitCode, 0, compiled.stdout.toString());
    cpSync("package.json", join(installed, "package.json"));
    symlinkSync(resolve("node_modules"), join(installed, "node_modules"));
    writeFileSync(join(folder, "program.mjs"), PROGRAM);
    const ran = await runProcess({ argv: [process.execPath, join(folder, "program.mjs"), folder], env: process.env });
    assert.equal(ran.stderr.toString(), "");
    assert.deepEqual(JSON.parse(ran.stdout.toString()), [true, ["docker.io/library/lib:1"], true]);

    const example = /```ts\n([\s\S]*?)```/.exec(readFileSync("docs/reference/library.md", "utf8"))?.[1] ?? "";
    writeFileSync(join(folder, "example.ts"), example);
    cpSync(join(folder, "context"), join(folder, "app"), { recursive: true });
    const shown = await runProcess({
      argv: [process.execPath, join(folder, "example.ts")],
      env: { ...process.env, DECANT_ROOT: join(folder, "store"), NODE_NO_WARNINGS: "1" },
      cwd: folder,
    });
    assert.match(shown.stderr.toString(), /COPY Dockerfile/);
    assert.equal(shown.stdout.toString(), "true 1 []\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
