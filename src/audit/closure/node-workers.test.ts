import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nodeImportParser } from "./node-imports.ts";

/** "file ./a.js, directory ./b.js (lazy)" */
function workers(source: string): string {
  const found = nodeImportParser()(source, undefined)?.workers ?? [];
  return found
    .map(({ kind, base, path, lazy }) => `${kind === "child" ? "process " : ""}${base} ${path}${lazy ? " (lazy)" : ""}`)
    .join(", ");
}

const REQUIRE = 'const { Worker } = require("worker_threads"); ';
const IMPORT = 'import { Worker } from "node:worker_threads"; ';

describe("workerFinder()", () => {
  const rows: readonly (readonly [source: string, want: string])[] = [
    [`${REQUIRE}new Worker("./a.js");`, "directory ./a.js"],
    [`${REQUIRE}new Worker("/app/a.js", { workerData: 1 });`, "directory /app/a.js"],
    [`${REQUIRE}new Worker(__dirname + "/a.js");`, "file ./a.js"],
    [`${REQUIRE}new Worker(\`\${__dirname}/a.js\`);`, "file ./a.js"],
    [`${REQUIRE}const path = require("path"); const file = path.join(__dirname, "lib", "a.js"); new Worker(file);`, "file ./lib/a.js"],
    [`${REQUIRE}new Worker(path.resolve("a.js"));`, "directory a.js"],
    [`${REQUIRE}new Worker(path.join(process.cwd(), "a.js"));`, "directory ./a.js"],
    [`${REQUIRE}new Worker(require.resolve("./a"));`, "module ./a"],
    [`${IMPORT}new Worker(new URL("./a.js?x#y", import.meta.url));`, "file ./a.js"],
    [`${IMPORT}new Worker(fileURLToPath(new URL("a.js", import.meta.url)));`, "file a.js"],
    [`${IMPORT}const __dirname = dirname(fileURLToPath(import.meta.url)); new Worker(join(__dirname, "a.js"));`, "file ./a.js"],
    [`${IMPORT}new Worker(join(import.meta.dirname, "../a.js"));`, "file ./../a.js"],
    ['import * as threads from "worker_threads"; new threads.Worker("./a.js");', "directory ./a.js"],
    ['const t = __importStar(require("worker_threads")); new t.Worker("./a.js");', "directory ./a.js"],
    ['new (require("worker_threads").Worker)("./a.js");', "directory ./a.js"],
    // Whether the program dies with a process, its own code says.
    ['const { fork } = require("child_process"); fork("./a.js");', "process directory ./a.js (lazy)"],
    ['const cp = require("node:child_process"); cp.fork("a.js", ["x"], { silent: true });', "process directory a.js (lazy)"],
    ['require("child_process").fork(__dirname + "/a.js");', "process file ./a.js (lazy)"],
    ['import { fork as start } from "child_process"; start(new URL("a.js", import.meta.url));', "process file a.js (lazy)"],
    ['const { fork } = require("child_process"); fork("./a.js", { cwd: "/srv" });', ""],
    ['const { fork } = require("child_process"); fork("./a.js", args);', ""],
    ['const { fork } = require("git-tools"); fork("./a.js"); require("child_process").exec("./a.js");', ""],
    // What may not run, or need not end the program.
    [`${REQUIRE}function later() { new Worker("./a.js"); }`, "directory ./a.js (lazy)"],
    [`${REQUIRE}if (isMainThread) new Worker("./a.js");`, "directory ./a.js (lazy)"],
    [`${REQUIRE}new Worker("./a.js").on("error", log);`, "directory ./a.js (lazy)"],
    [`${REQUIRE}new Worker("./a.js").unref();`, "directory ./a.js (lazy)"],
    [`${REQUIRE}new Worker("./a.js", options);`, "directory ./a.js (lazy)"],
    [`${REQUIRE}new Worker("./a.ts", { execArgv: ["-r", "tsx"] });`, "directory ./a.ts (lazy)"],
    // What is no file, or not known.
    [`${REQUIRE}new Worker("./a.js", { eval: true });`, ""],
    [`${REQUIRE}new Worker(__filename);`, ""],
    [`${REQUIRE}new Worker(name); let file = "./a.js"; file = "./b.js"; new Worker(file);`, ""],
    [`${REQUIRE}new Worker(new URL("data:text/javascript,1"));`, ""],
    ['const { Worker } = require("bullmq"); new Worker("./a.js");', ""],
    ['new Worker("./a.js"); require("a");', ""],
  ];
  for (const [source, want] of rows) {
    it(`A1: finds ${want === "" ? "nothing" : want} in ${source}`, () => {
      assert.equal(workers(source), want);
    });
  }
});
