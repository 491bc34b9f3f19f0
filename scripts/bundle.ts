/**
 * Bundles the command: dist/decant.js with chunks that are loaded on use, and one file for each worker thread, beside it:
 * workers are the files called `*-worker.ts`, loaded by `new URL("./NAME.js", import.meta.url)`.
 */
import { chmodSync, globSync, mkdirSync, rmSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist");

const workers = globSync("src/**/*-worker.ts", { cwd: ROOT });
const names = workers.map((path) => basename(path, ".ts"));
const twice = names.find((name, at) => names.indexOf(name) !== at);
// Everything lies flat in dist.
if (twice !== undefined) throw new Error(`Cannot bundle: two workers are called "${twice}"; wanted different names`);

for (const old of globSync("{decant,chunk-*,*-worker}*.js", { cwd: OUT })) rmSync(join(OUT, old));
mkdirSync(OUT, { recursive: true });
await build({
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
});
chmodSync(join(OUT, "decant.js"), 0o755);
const files = globSync("*.js", { cwd: OUT });
console.log(`bundle: dist/decant.js and ${files.length - 1} files, ${Math.round(sizeOf(files) / 1000)} kB`);

function sizeOf(list: readonly string[]): number {
  return list.reduce((sum, name) => sum + statSync(join(OUT, name)).size, 0);
}
