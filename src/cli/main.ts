/**
 * The command's first file: says clearly when Node is too old, finds the caches of compiled code, and only then loads the rest.
 * It must parse and link under older Nodes, so it uses no new syntax, and imports statically only what does neither.
 * Only bin/decant may start it. Node looks for some of its own options in all arguments, so bin/decant puts a colon before each.
 */
import type * as Process from "./process.ts";
import { createScriptLoader } from "./script-loader.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `ERROR: Cannot start decant with Node ${process.versions.node}: it needs Node 24.15 or newer\n` +
      'Hint: install Node 24, or take the tarball of Decant, which has Node inside; in a checkout, run "npm ci"\n',
  );
  process.exit(1);
}
// An import would make Node read all that these modules export, with what that loads: it is slower.
const { existsSync, mkdirSync } = process.getBuiltinModule("node:fs");
const { homedir } = process.getBuiltinModule("node:os");
const { posix } = process.getBuiltinModule("node:path");
const MARK = ":";
const words = process.argv.slice(2);
if (!words.every((word) => word.startsWith(MARK))) {
  process.stderr.write(
    "ERROR: Cannot start decant by its main module: Node would read its own options out of the arguments\n" +
      "Hint: run the command decant with the same arguments: bin/decant of a checkout, node_modules/.bin/decant of the npm package\n",
  );
  process.exit(1);
}
const args = words.map((word) => word.slice(MARK.length));
const { dirname, filename } = import.meta;
// Not Node's default, which is below /tmp: whoever can write there could plant code for root.
const caches = process.env["NODE_DISABLE_COMPILE_CACHE"] ? undefined : process.env["XDG_CACHE_HOME"] || homeCaches();
const cache = caches !== undefined && makeFolder(`${caches}/decant`) ? `${caches}/decant` : undefined;
if (filename.endsWith(".ts")) {
  if (cache !== undefined) process.getBuiltinModule("node:module").enableCompileCache(`${cache}/compile-cache`);
  const { runProcess } = await import("./process.ts");
  await runProcess(args, () => undefined);
} else {
  // The bundle has scripts in the place of modules.
  const scripts = createScriptLoader({ folder: dirname, cache: cache && `${cache}/code`, command: args[0] ?? "" });
  const { runProcess } = scripts.load("./process.cjs") as typeof Process;
  await runProcess(args, () => scripts.keep());
}

/** Undefined for a number without an account, as containers start programs. */
function homeCaches(): string | undefined {
  try {
    return `${homedir()}/.cache`;
  } catch {
    return undefined;
  }
}

/** Without a folder there is no cache. It is made here, because Node's own way never ends where nobody can make one, as below /proc. */
function makeFolder(path: string): boolean {
  if (existsSync(path)) return true;
  const parent = posix.dirname(path);
  if (parent === path || !makeFolder(parent)) return false;
  try {
    mkdirSync(path);
    return true;
  } catch {
    // Perhaps another process was first.
    return existsSync(path);
  }
}
