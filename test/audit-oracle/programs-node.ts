/** Node.js programs: real packages of npm, nearly all with native add-ons that are chosen when they are loaded. */
import type { Program } from "./types.ts";

/** Packages with their versions, all installed into one folder without their scripts. */
export const NPM_PACKAGES: readonly string[] = (
  "sharp@0.35.5 @swc/core@1.16.22 lightningcss@1.33.0 rollup@4.68.8 @libsql/client@0.18.0 @node-rs/argon2@2.2.1 @node-rs/bcrypt@2.0.0 " +
  "@node-rs/crc32@1.10.8 @node-rs/jieba@2.0.3 @node-rs/xxhash@1.7.8 @node-rs/jsonwebtoken@0.5.11 @parcel/watcher@2.6.0 @napi-rs/canvas@1.1.1 " +
  "@napi-rs/image@1.15.0 @napi-rs/snappy@1.0.2 @napi-rs/nice@1.1.1 @napi-rs/keyring@2.1.2 @duckdb/node-api@1.5.6-r.1 lmdb@3.5.6 " +
  "classic-level@3.0.0 bcrypt@6.0.0 better-sqlite3@13.2.0 esbuild@0.28.2 msgpackr-extract@3.0.7 msgpackr@2.1.4 bufferutil@4.1.0 " +
  "utf-8-validate@6.0.6 sodium-native@5.1.0 argon2@0.45.1 @tailwindcss/oxide@4.3.5 @rspack/binding@2.3.4 @rspack/core@2.3.4 " +
  "oxc-parser@0.159.0 oxc-transform@0.158.0 oxc-resolver@11.24.2 oxc-minify@0.157.0 oxlint@1.94.0 @ast-grep/napi@0.51.2 koffi@3.3.4 " +
  "snappy@7.4.3 @resvg/resvg-js@2.6.2 @serialport/bindings-cpp@13.0.1 node-hid@3.4.0 leveldown@6.1.1 zeromq@6.8.0 @datadog/pprof@5.20.0 " +
  "unrs-resolver@1.13.0 rolldown@1.3.3 @vscode/ripgrep@1.18.0 tree-sitter-javascript@0.25.0 tree-sitter-json@0.24.8 ssh2@1.17.0 " +
  "onnxruntime-node@1.30.0 sass-embedded@1.108.2 @lydell/node-pty@1.1.0 secp256k1@5.0.2 keccak@3.0.4 farmhash@5.0.1 ffi-rs@1.3.7 cbor-x@1.6.9 " +
  "@css-inline/css-inline@0.21.2 @minify-html/node@0.18.1 @swc/html@1.16.22 ws@8.23.0 socket.io@4.8.4 usb@3.1.0 libpg-query@18.1.5 " +
  "@sentry/profiling-node@11.1.0 @node-rs/deno-lint@1.20.4 blake-hash@2.0.0 xxhash-addon@2.1.0 isolated-vm@7.0.1"
).split(" ");

const NODE = "/nodejs/bin/node";

function program(name: string, files: Program["files"], main = "main.cjs"): Program {
  return { kind: "node", name: `node ${name}`, files, args: [NODE, main] };
}

/** One program for each package, and what needs more than one line. */
export const NODE_PROGRAMS: readonly Program[] = [
  ...NPM_PACKAGES.map((one) => {
    const name = one.replace(/@[^@]*$/, "");
    return program(name, { "app/main.cjs": `require(${JSON.stringify(name)});\nconsole.log("ok");\nprocess.exit(0);\n` });
  }),
  program(
    "modules, dynamic imports and a worker",
    {
      "app/package.json": '{"type":"module"}',
      "app/main.js":
        'import { Worker } from "node:worker_threads";\nimport sharp from "sharp";\nconst { greet } = await import("./greet.js");\n' +
        'new Worker(new URL("./worker.js", import.meta.url)).on("exit", () => console.log(greet(typeof sharp)));\n',
      "app/greet.js": "export const greet = (name) => `ok ${name}`;\n",
      "app/worker.js": 'import { threadId } from "node:worker_threads";\nconsole.log(threadId);\n',
    },
    "main.js",
  ),
  program("Workers in the working directory, and with modules of their own", {
    "app/main.cjs":
      'const { Worker } = require("worker_threads");\nconst path = require("path");\nconst file = path.join(__dirname, "lib", "second.cjs");\n' +
      'new Worker("./first");\nnew Worker(file, { workerData: "ok" });\n',
    "app/first.js": "console.log('first');\n",
    "app/lib/second.cjs": 'require("./used.cjs");\nconsole.log(require("worker_threads").workerData);\n',
    "app/lib/used.cjs": "",
  }),
  program("Workers whose errors the program takes", {
    "app/main.cjs":
      'const { Worker } = require("worker_threads");\nnew Worker("./first.cjs").on("error", (error) => console.log(error.message));\nrequire("./second.cjs");\n',
    "app/first.cjs": "",
    "app/second.cjs": 'new (require("worker_threads").Worker)(__dirname + "/third.cjs").unref();\n',
    "app/third.cjs": "",
  }),
  program("try, catch and throw", {
    "app/main.cjs": "let b;\ntry { b = require(`./a`); } catch (error) { throw new Error('no a: ' + error.message); }\nconsole.log(b);\n",
    "app/a.js": 'module.exports = (() => { try { return require("./fast"); } catch { return require("./slow"); } })();\n',
    "app/fast.js": "module.exports = 'fast';\n",
    "app/slow.js": "module.exports = 'slow';\n",
  }),
];
