/**
 * Writes dist/index.d.ts: the types of the library in one file, with the public names of src/index.ts and what these are made of. The types of
 * the rooms come from tsc, and @microsoft/api-extractor joins them.
 */
import { spawnSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";

const ROOT = resolve(import.meta.dirname, "..");
const OUT = join(ROOT, "dist", "index.d.ts");

// Below the package, as the extractor looks for its package.json.
using folder = mkdtempDisposableSync(join(ROOT, "dist", ".types-"));
const { status, stdout } = spawnSync(
  join(ROOT, "node_modules/.bin/tsc"),
  ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", folder.path],
  { encoding: "utf8" },
);
if (status !== 0) throw new Error(`Cannot make the types: tsc failed:\n${stdout}`);

const entry = join(folder.path, "index.d.ts");
const silent = { default: { logLevel: ExtractorLogLevel.None } };
const rolled = join(folder.path, "rolled.d.ts");
const config = ExtractorConfig.prepare({
  configObjectFullPath: undefined,
  packageJsonFullPath: join(ROOT, "package.json"),
  configObject: {
    projectFolder: ROOT,
    mainEntryPointFilePath: entry,
    compiler: {
      overrideTsconfig: {
        compilerOptions: { target: "esnext", module: "nodenext", lib: ["esnext"], types: ["node"], strict: true, skipLibCheck: true },
        files: [entry],
      },
    },
    newlineKind: "lf",
    dtsRollup: { enabled: true, untrimmedFilePath: rolled },
    messages: {
      compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      // Of release tags and of types without a public name, which the file has all the same.
      extractorMessageReporting: silent,
      tsdocMessageReporting: silent,
    },
  },
});
const { succeeded } = Extractor.invoke(config, {
  localBuild: true,
  messageCallback: (message) => {
    // It prints a line of its own on success, too.
    message.handled = message.logLevel !== ExtractorLogLevel.Error;
  },
});
if (!succeeded) throw new Error("Cannot make the types: api-extractor failed, see above");
// What it needs of the language, whatever "lib" its users have.
writeFileSync(rolled, `/// <reference lib="esnext.disposable" />\n${readFileSync(rolled, "utf8")}`);
renameSync(rolled, OUT);
