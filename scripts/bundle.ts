/**
 * Bundles the command: dist/decant.js with chunks that are loaded on use, and one file for each worker, beside it.
 * Files that the source names by `new URL("./x", import.meta.url)` are found here: code becomes an entry point, data is copied.
 */
import { chmodSync, copyFileSync, globSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist");
const BESIDE = /new URL\(\s*"(\.{1,2}\/[^"]+)",\s*import\.meta\.url\s*,?\s*\)/g;

const code = new Set<string>();
const data = new Set<string>();
for (const file of globSync("src/**/*.ts", { cwd: ROOT })) {
  if (file.endsWith(".test.ts")) continue;
  for (const [, target = ""] of readFileSync(join(ROOT, file), "utf8").matchAll(BESIDE)) {
    const path = join(ROOT, dirname(file), target);
    if (!target.endsWith("/")) (target.endsWith(".ts") ? code : data).add(path);
  }
}
const names = [...code, ...data].map((path) => basename(path));
const twice = names.find((name, at) => names.indexOf(name) !== at);
if (twice !== undefined) throw new Error(`Cannot bundle: two files beside the bundle are called "${twice}"; wanted different names`);

/** Everything lies flat in dist, so what was in another folder is beside. */
const besideInBundle: Plugin = {
  name: "beside-in-bundle",
  setup(context) {
    context.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(BESIDE, (_all, target: string) => {
        return `new URL("./${basename(target).replace(/\.ts$/, ".js")}", import.meta.url)`;
      }),
      loader: "ts",
    }));
  },
};

for (const old of globSync("{decant,chunk-*,*-worker}*.js", { cwd: OUT })) rmSync(join(OUT, old));
mkdirSync(OUT, { recursive: true });
await build({
  absWorkingDir: ROOT,
  entryPoints: [{ in: "src/cli/main.ts", out: "decant" }, ...[...code].map((path) => ({ in: path, out: basename(path, ".ts") }))],
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
  plugins: [besideInBundle],
});
for (const path of data) copyFileSync(path, join(OUT, basename(path)));
chmodSync(join(OUT, "decant.js"), 0o755);
const files = globSync("*.js", { cwd: OUT });
console.log(`bundle: dist/decant.js and ${files.length - 1} files, ${Math.round(sizeOf(files) / 1000)} kB`);

function sizeOf(list: readonly string[]): number {
  return list.reduce((sum, name) => sum + statSync(join(OUT, name)).size, 0);
}
