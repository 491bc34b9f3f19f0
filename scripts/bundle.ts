/**
 * Bundles the command: dist/decant.js with chunks that are loaded on use, and one file for each worker thread, beside it:
 * workers are the files called `*-worker.ts`, loaded by `new URL("./NAME.js", import.meta.url)`.
 */
import { globSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build } from "esbuild";
import { ourSources } from "./sources.ts";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist");
const KEEP_MS = 3_600_000;

const workers = globSync("src/**/*-worker.ts", { cwd: ROOT });
const names = workers.map((path) => basename(path, ".ts"));
const twice = names.find((name, at) => names.indexOf(name) !== at);
// Everything lies flat in dist.
if (twice !== undefined) throw new Error(`Cannot bundle: two workers are called "${twice}"; wanted different names`);

/** What a build loads at its start. */
const CORE = "src/cli/commands/build.ts";
/** What most builds do not need: it is loaded by import() where one does. */
const LATE = /^src\/(?:audit\/(?:run-audit|closure\/)|debian\/|distroless\/(?:assemble|recipe|probe\/|scripts\/)|sbom\/)/;

const { outputFiles, metafile } = await build({
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
  plugins: [ourSources({ root: ROOT, core: CORE, light: ["src/cli/*.ts", "src/cli/errors/*.ts", "src/cli/commands/version.ts"] })],
  legalComments: "eof",
  logLevel: "warning",
  metafile: true,
  write: false,
});

const early = startedWith(CORE).find((path) => LATE.test(path));
if (early !== undefined) throw new Error(`Cannot bundle: every build loads ${early}; wanted: import() where it is needed`);

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

/** The sources in the chunks that are loaded with an entry. */
function startedWith(entry: string): string[] {
  const { outputs } = metafile;
  const open = Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === entry);
  const chunks = new Set(open);
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const { path: to, kind, external } of outputs[path]?.imports ?? []) {
      if (kind !== "import-statement" || external === true || chunks.has(to)) continue;
      chunks.add(to);
      open.push(to);
    }
  }
  return [...chunks].flatMap((path) =>
    Object.entries(outputs[path]?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
}
