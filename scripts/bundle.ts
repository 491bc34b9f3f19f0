/**
 * Bundles the command: dist/decant.js with chunks that are loaded on use, and one file for each worker thread, beside it:
 * workers are the files called `*-worker.ts`, loaded by `new URL("./NAME.js", import.meta.url)`.
 */
import { globSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist");
const KEEP_MS = 3_600_000;

const workers = globSync("src/**/*-worker.ts", { cwd: ROOT });
const names = workers.map((path) => basename(path, ".ts"));
const twice = names.find((name, at) => names.indexOf(name) !== at);
// Everything lies flat in dist.
if (twice !== undefined) throw new Error(`Cannot bundle: two workers are called "${twice}"; wanted different names`);

const { outputFiles } = await build({
  absWorkingDir: ROOT,
  entryPoints: [{ in: "src/cli/main.ts", out: "decant" }, ...workers.map((path) => ({ in: path, out: basename(path, ".ts") }))],
  outdir: OUT,
  chunkNames: "chunk-[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  // At node24 esbuild lowers `await using` to helpers.
  target: "esnext",
  // Native, or LGPL and big: they stay packages and are loaded on use.
  external: ["koffi", "openpgp"],
  // The ES modules of this package are called its browser build; its CommonJS does not split.
  alias: { yaml: "./node_modules/yaml/browser/index.js" },
  legalComments: "eof",
  logLevel: "warning",
  write: false,
});

mkdirSync(OUT, { recursive: true });
for (const { path, contents } of outputFiles) {
  // By rename, as a command may be starting at this moment.
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}
// Chunks of the last bundle stay for a while: a command that runs may still want to load one.
const fresh = new Set(outputFiles.map(({ path }) => path));
for (const name of globSync("chunk-*.js", { cwd: OUT })) {
  const path = join(OUT, name);
  if (!fresh.has(path) && Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path);
}
const bytes = outputFiles.reduce((sum, { contents }) => sum + contents.byteLength, 0);
console.log(`bundle: dist/decant.js and ${outputFiles.length - 1} files, ${Math.round(bytes / 1000)} kB`);
