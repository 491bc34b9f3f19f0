#!/usr/bin/env node
/**
 * The command's first file: says clearly when Node is too old, turns the compile cache on, and only then loads the rest.
 * It must parse and link under older Nodes, so it uses no new syntax and imports nothing of ours statically.
 */
import module from "node:module";
import { homedir } from "node:os";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `ERROR: Cannot start decant with Node ${process.versions.node}: it needs Node 24.15 or newer\n` +
      "Hint: install Node 24, or run bin/decant or npm run decant in Decant's folder, which bring their own\n",
  );
  process.exit(1);
}
// Not Node's default, which is below /tmp: whoever can write there could plant code for root.
module.enableCompileCache(`${process.env["XDG_CACHE_HOME"] || `${homedir()}/.cache`}/decant/compile-cache`);
const { runProcess } = await import("./process.ts");
await runProcess(process.argv.slice(2));
