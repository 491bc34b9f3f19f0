/**
 * Bundles the command and the library: dist/decant.js and dist/index.js, with chunks that both share and load on use (as-scripts.ts), and one for each
 * worker thread, beside them: workers are the files called `*-worker.ts`, loaded by `new URL("./NAME.js", import.meta.url)`. dist/LICENSES.txt
 * has the licences of the packages that are in the bundle. `--clean` removes the chunks of earlier bundles at once, as for a release.
 */
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { pageCode } from "../src/report/page-code.ts";
import { chunkAsScript, entryWithScripts } from "./as-scripts.ts";
import { ourSources } from "./sources.ts";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist");
/** A package without a licence file, and one of the same repository that has it. */
const SAME_LICENCE: ReadonlyMap<string, string> = new Map([["@sigstore/verify", "@sigstore/bundle"]]);
const KEEP_MS = process.argv.includes("--clean") ? 0 : 3_600_000;

const workers = globSync("src/**/*-worker.ts", { cwd: ROOT });
const names = workers.map((path) => basename(path, ".ts"));
const twice = names.find((name, at) => names.indexOf(name) !== at);
// Everything lies flat in dist.
if (twice !== undefined) throw new Error(`Cannot bundle: two workers are called "${twice}"; wanted different names`);

/** What a build loads at its start. */
const CORE = "src/cli/commands/build.ts";
/** What most builds do not need: it is loaded by import() where one does. */
const LATE =
  /^src\/(?:audit\/(?:run-audit|closure\/)|buildkit\/|debian\/|distroless\/(?:assemble|recipe|probe\/|scripts\/)|report\/|sbom\/|signatures\/)/;

const page = await pageCode();

/** What loads the other scripts, so it has no script of its own. */
const main = await build({
  absWorkingDir: ROOT,
  entryPoints: [{ in: "src/cli/main.ts", out: "decant" }],
  outdir: OUT,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "esnext",
  external: ["./process.ts"],
  logLevel: "warning",
  write: false,
});

const { outputFiles, metafile } = await build({
  absWorkingDir: ROOT,
  entryPoints: [
    { in: "src/cli/process.ts", out: "process" },
    { in: "src/index.ts", out: "index" },
    ...workers.map((path) => ({ in: path, out: basename(path, ".ts") })),
  ],
  outdir: OUT,
  chunkNames: "chunk-[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  // At node24 esbuild lowers `await using` to helpers.
  target: "esnext",
  // Native, LGPL and big, or CommonJS with WebAssembly: they stay packages and are loaded on use.
  external: ["koffi", "openpgp", "xz-decompress"],
  // The ES modules of this package are called its browser build; its CommonJS does not split.
  alias: { yaml: "./node_modules/yaml/browser/index.js" },
  plugins: [
    reportPage(),
    ourSources({ root: ROOT, core: CORE, light: ["src/cli/*.ts", "src/cli/errors/*.ts", "src/cli/commands/version.ts", "src/version.ts"] }),
  ],
  legalComments: "eof",
  logLevel: "warning",
  metafile: true,
  write: false,
});

const early = startedWith(CORE).find((path) => LATE.test(path));
if (early !== undefined) throw new Error(`Cannot bundle: every build loads ${early}; wanted: import() where it is needed`);

mkdirSync(OUT, { recursive: true });
const files = [...main.outputFiles, ...outputFiles].map(({ path, text }) =>
  /^(?:chunk-.*|process)\.js$/.test(basename(path))
    ? { path: path.replace(/\.js$/, ".cjs"), text: chunkAsScript(text) }
    : { path, text: entryWithScripts(text) },
);
for (const { path, text } of files) replaceFile(path, text);
replaceFile(join(OUT, "LICENSES.txt"), licences([...Object.keys(metafile.inputs), ...page.files]));
// Chunks of the last bundle stay for a while: a command that runs may still want to load one.
const fresh = new Set(files.map(({ path }) => path));
for (const name of globSync("chunk-*.{js,cjs}", { cwd: OUT })) {
  const path = join(OUT, name);
  if (!fresh.has(path) && Date.now() - statSync(path).mtimeMs > KEEP_MS) rmSync(path);
}
const bytes = files.reduce((sum, { text }) => sum + text.length, 0);
console.log(`bundle: dist/decant.js, dist/index.js and ${files.length - 2} files, ${Math.round(bytes / 1000)} kB`);

/** The page of reports, as text in the place of what makes it. */
function reportPage(): Plugin {
  return {
    name: "report page",
    setup(on) {
      on.onLoad({ filter: /\/src\/report\/page-code\.ts$/ }, () => ({
        contents: `const code = ${JSON.stringify({ ...page, files: [] })};\nexport const pageCode = async () => code;`,
        loader: "js",
      }));
    },
  };
}

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

/** By rename, as a command may be starting at this moment. */
function replaceFile(path: string, contents: Uint8Array | string): void {
  writeFileSync(`${path}.${process.pid}`, contents);
  renameSync(`${path}.${process.pid}`, path);
}

/** The licence texts of the packages that these files are of. */
function licences(files: readonly string[]): string {
  const packages = new Set(files.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []));
  const texts = [...packages].toSorted().map((name) => {
    const [file] = [
      ...globSync(`node_modules/${SAME_LICENCE.get(name) ?? name}/LICEN[CS]E*`, { cwd: ROOT }).toSorted(),
      // Of packages that say their licence in their sources only.
      ...globSync(`packaging/licenses/${name.replace("/", "+")}.txt`, { cwd: ROOT }),
    ];
    if (file === undefined) throw new Error(`Cannot bundle: the package "${name}" has no licence file`);
    const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")) as { readonly version: string };
    return `${name} ${version}\n\n${readFileSync(join(ROOT, file), "utf8").trim()}\n`;
  });
  return `The files of this folder contain these packages:\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}
