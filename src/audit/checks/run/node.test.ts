/** Node.js programs: what is found where something is missing. */
import { addon, at, NODE, run, testBroken, testWhole } from "../../../../test/support/broken-images.ts";

/** As napi-rs generates it. */
const NAPI_LOADER =
  "let native = null; const errors = []; " +
  "const isMusl = () => !process.report.getReport().header.glibcVersionRuntime; " +
  "function load() { if (process.platform === 'linux') { if (process.arch === 'x64') { if (isMusl()) { " +
  "try { return require('./fast.linux-x64-musl.node'); } catch (e) { errors.push(e); } try { return require('@fast/linux-x64-musl'); } catch (e) { errors.push(e); } } else { " +
  "try { return require('./fast.linux-x64-gnu.node'); } catch (e) { errors.push(e); } try { return require('@fast/linux-x64-gnu'); } catch (e) { errors.push(e); } } } } " +
  "else { errors.push(new Error('unsupported')); } } " +
  "native = load(); if (!native) { if (errors.length > 0) throw new Error('Cannot find native binding', { cause: errors }); throw new Error('Failed'); } module.exports = native;";
/** As node-gyp-build chooses. */
const GYP_LOADER =
  "const fs = require('fs'), path = require('path'), os = require('os'); const arch = process.env.npm_config_arch || os.arch(); " +
  "module.exports = (dir) => require(find(path.join(dir, 'prebuilds'))); " +
  "function find(dir) { const tuple = fs.readdirSync(dir).filter((name) => { const [platform, archs] = name.split('-'); return platform === os.platform() && archs.split('+').includes(arch); }).sort()[0]; " +
  "if (!tuple) throw new Error('No native build was found'); const file = fs.readdirSync(path.join(dir, tuple)).filter((name) => name.endsWith('.node'))[0]; return path.join(dir, tuple, file); }";

testBroken("Node.js program", [
  {
    name: "A1: a module that only a later Node.js has built in",
    tree: { ...NODE, "app/main.cjs": 'file 644 0:0 require("node:sqlite"); require("node:test");\n' },
    config: { ...at("/app", "node", "main.cjs"), Env: ["NODE_VERSION=20.19.0"] },
    want: "warning node-module-missing /app/main.cjs",
    message: /imports "node:sqlite", which the Node.js of the image is too old for/,
    remedy: /later Node.js/,
  },
  {
    name: "a main module that is missing",
    tree: { ...NODE, "app/index.js": "file" },
    config: at("/app", "node", "server.js"),
    want: "error node-main-missing /app/server.js",
    message: /the image has no "\/app\/server.js"/,
    remedy: /^Copy it into the image/,
  },
  {
    name: "node twice, as ENTRYPOINT of the base and in CMD",
    tree: { ...NODE, "app/server.js": "file" },
    config: { ...run("/usr/bin/node"), Cmd: ["node", "server.js"], WorkingDir: "/app" },
    want: "error node-main-missing /app/node",
    message: /with "node" as its main module/,
    remedy: /^Leave "node" out of CMD/,
  },
  {
    name: "CMD in shell form behind an ENTRYPOINT that is node",
    tree: { ...NODE, "app/server.js": "file" },
    config: { ...run("/usr/bin/node"), Cmd: ["/bin/sh", "-c", "server.js"], WorkingDir: "/app" },
    want: "error node-main-missing /bin/sh",
    message: /with "\/bin\/sh" as its main module/,
    remedy: /in shell form it becomes the arguments of ENTRYPOINT/,
  },
  {
    name: "a package that is not in node_modules",
    tree: { ...NODE, "app/server.js": 'file 644 0:0 import express from "express";', "app/package.json": 'file 644 0:0 {"type":"module"}' },
    config: at("/app", "node", "server.js"),
    want: "error node-module-missing /app/server.js",
    message: /^"\/app\/server.js" imports "express", which is not in the image$/,
    remedy: /not "devDependencies"/,
  },
  {
    name: "a package of a package that is missing",
    tree: {
      ...NODE,
      "app/server.js": 'file 644 0:0 const app = require("express")();',
      "app/node_modules/express/package.json": 'file 644 0:0 {"main":"lib"}',
      "app/node_modules/express/lib/index.js": 'file 644 0:0 require("body-parser"); try { require("optional") } catch {}',
    },
    config: at("/app", "node", "server"),
    want: "error node-module-missing /app/node_modules/express/lib/index.js",
    message: /imports "body-parser"/,
    remedy: /COPY node_modules whole/,
  },
  {
    name: "an import in the wrong case",
    tree: { ...NODE, "app/main.mjs": 'file 644 0:0 import "./Util.mjs";', "app/util.mjs": "file" },
    config: at("/app", "node", "main.mjs"),
    want: "error node-module-missing /app/main.mjs",
    message: /it has "\/app\/util.mjs"/,
    remedy: /upper and lower case/,
  },
  {
    name: "a subpath that a package does not export",
    tree: {
      ...NODE,
      "app/main.mjs": 'file 644 0:0 import "tool/inner.js";',
      "app/node_modules/tool/package.json": 'file 644 0:0 {"exports":{".":"./index.js"}}',
      "app/node_modules/tool/inner.js": "file",
    },
    config: at("/app", "node", "main.mjs"),
    want: "error node-module-missing /app/main.mjs",
    message: /"tool\/inner.js"/,
    remedy: /Install it/,
  },
  {
    name: "npm start without the script",
    tree: { ...NODE, "usr/bin/npm": "file 755 0:0 #!/usr/bin/env node\n", "app/package.json": 'file 644 0:0 {"scripts":{"build":"tsc"}}' },
    config: at("/app", "npm", "start"),
    want: "error node-main-missing /app/package.json",
    message: /^"npm start" needs a script "start", which "\/app\/package.json" does not have$/,
    remedy: /CMD \["node", "server.js"\]/,
  },
  {
    name: "npm start whose program is missing",
    tree: {
      ...NODE,
      "usr/bin/npm": "file 755 0:0 #!/usr/bin/env node\n",
      "app/package.json": 'file 644 0:0 {"scripts":{"start":"node dist/main.js"}}',
    },
    config: at("/app", "npm", "start"),
    want: "error node-main-missing /app/dist/main.js",
    message: /"dist\/main.js"/,
    remedy: /Copy/,
  },
  {
    name: "a native add-on of another machine",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("sqlite");',
      "app/node_modules/sqlite/index.js": 'file 644 0:0 require("bindings")("x")',
      "app/node_modules/bindings/index.js": "file",
      "app/node_modules/sqlite/build/Release/sqlite.node": addon({ machine: 183 }),
    },
    config: at("/app", "node", "main.cjs"),
    want: "error elf-wrong-architecture /app/node_modules/sqlite/build/Release/sqlite.node",
    message: /it is for arm64/,
    remedy: /do not copy node_modules from the host/,
  },
  {
    name: "a native add-on without its library",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("./addon.node");',
      "app/addon.node": addon({ needed: ["libvips.so.42", "libc.so.6"] }),
    },
    config: at("/app", "node", "main.cjs"),
    want: "error elf-missing-library /app/addon.node",
    message: /needs the library "libvips.so.42"/,
    remedy: /Copy "libvips.so.42"/,
  },
  {
    name: "A1: a loader of napi-rs whose platform's package is missing",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("fast");',
      "app/node_modules/fast/package.json":
        'file 644 0:0 {"name":"fast","optionalDependencies":{"@fast/linux-x64-gnu":"1","@fast/linux-x64-musl":"1"}}',
      "app/node_modules/fast/index.js": `file 644 0:0 ${NAPI_LOADER}`,
      "app/node_modules/@fast/linux-x64-musl/package.json": 'file 644 0:0 {"main":"fast.node"}',
      "app/node_modules/@fast/linux-x64-musl/fast.node": addon({ needed: ["libc.musl-x86_64.so.1"] }),
    },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-missing /app/node_modules/fast/index.js",
    message:
      /imports "@fast\/linux-x64-gnu", which is not in the image, nor is anything else that it would take \("\.\/fast\.linux-x64-gnu\.node"\)/,
    remedy: /platform and the C library of the image, without --omit=optional/,
  },
  {
    name: "A1: the add-on that a package chooses, without its library",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("store");',
      "app/node_modules/store/package.json": 'file 644 0:0 {"name":"store","dependencies":{"node-gyp-build":"4"}}',
      "app/node_modules/store/index.js": 'file 644 0:0 module.exports = require("node-gyp-build")(__dirname);',
      "app/node_modules/node-gyp-build/package.json": 'file 644 0:0 {"name":"node-gyp-build"}',
      "app/node_modules/node-gyp-build/index.js": `file 644 0:0 ${GYP_LOADER}`,
      "app/node_modules/store/prebuilds/linux-x64/store.node": addon({ needed: ["libpq.so.5"] }),
      "app/node_modules/store/prebuilds/darwin-arm64/store.node": "file 644 0:0 macho",
    },
    config: at("/app", "node", "main.cjs"),
    want: "error elf-missing-library /app/node_modules/store/prebuilds/linux-x64/store.node",
    message: /needs the library "libpq.so.5"/,
    remedy: /libpq5/,
  },
  {
    name: "A1: prebuilt add-ons for another system only",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("store");',
      "app/node_modules/store/package.json": 'file 644 0:0 {"name":"store","dependencies":{"node-gyp-build":"4"}}',
      "app/node_modules/store/index.js": 'file 644 0:0 module.exports = require("./load");',
      "app/node_modules/store/load.js":
        "file 644 0:0 const name = `./prebuilds/${process.platform}-${process.arch}/store.node`; try { module.exports = require(name); } catch (error) { throw new Error(`no build: ${error.message}`); }",
      "app/node_modules/store/prebuilds/darwin-arm64/store.node": "file 644 0:0 macho",
    },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-missing /app/node_modules/store/load.js",
    message: /imports ".\/prebuilds\/linux-x64\/store.node"/,
    remedy: /Copy the file into the image/,
  },
  {
    name: "A1: a dynamic import that the top level waits for",
    tree: { ...NODE, "app/main.mjs": 'file 644 0:0 const { go } = await import("x"); go();' },
    config: at("/app", "node", "main.mjs"),
    want: "error node-module-missing /app/main.mjs",
    message: /imports "x"/,
    remedy: /Install it/,
  },
  {
    name: "A1: require of a template without expressions",
    tree: { ...NODE, "app/main.cjs": "file 644 0:0 require(`x`);" },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-missing /app/main.cjs",
    message: /imports "x"/,
    remedy: /Install it/,
  },
  {
    name: "A1: a Worker file that is missing",
    tree: {
      ...NODE,
      "app/main.mjs":
        'file 644 0:0 import { Worker } from "node:worker_threads"; new Worker(new URL("./worker.mjs", import.meta.url)).on("exit", console.log);',
      "app/Worker.mjs": "file",
    },
    config: at("/srv", "node", "/app/main.mjs"),
    want: "error node-module-missing /app/main.mjs",
    message: /^"\/app\/main.mjs" starts a Worker from "\/app\/worker.mjs", which is not in the image; it has "\/app\/Worker.mjs"$/,
    remedy: /upper and lower case/,
  },
  {
    name: "A1: a Worker file that is missing in the working directory, not beside the program",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 const threads = require("worker_threads"); new threads.Worker("./worker.js");',
      "app/worker.js": "file",
      srv: "dir 755",
    },
    config: at("/srv", "node", "/app/main.cjs"),
    want: "error node-module-missing /app/main.cjs",
    message: /starts a Worker from "\/srv\/worker.js"/,
    remedy: /Copy the file into the image/,
  },
  {
    name: "A1: a module that a Worker imports",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 const { Worker } = require("worker_threads"); new Worker(__dirname + "/worker");',
      "app/worker.js": 'file 644 0:0 require("pdf"); process.exit(0);',
    },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-missing /app/worker.js",
    message: /imports "pdf"/,
    remedy: /Install it/,
  },
  {
    name: "A1: a Worker file that is missing, in a program that hears of it",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 const { Worker } = require("worker_threads"); require("./safe"); new Worker("./worker.js");',
      "app/safe.js": 'file 644 0:0 process.on("uncaughtException", console.error);',
    },
    config: at("/app", "node", "main.cjs"),
    want: "warning node-module-missing /app/main.cjs",
    message: /starts a Worker from "\/app\/worker.js"/,
    remedy: /Copy the file into the image/,
  },
  {
    name: "A1: what a package requires where the process decides",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("debug");',
      "app/node_modules/debug/index.js":
        "file 644 0:0 if (process.type === 'renderer' || process.browser === true) { module.exports = require('./browser'); } else { module.exports = require('./node'); }",
    },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-missing /app/node_modules/debug/index.js",
    message: /imports ".\/node"/,
    remedy: /Copy the file/,
  },
  {
    name: "A1: CommonJS in a package of ES modules",
    tree: {
      ...NODE,
      "app/package.json": 'file 644 0:0 {"type":"module"}',
      "app/main.js": 'file 644 0:0 import "./dist/old.js";',
      "app/dist/old.js": 'file 644 0:0 "use strict"; Object.defineProperty(exports, "__esModule", { value: true }); exports.a = 1;',
    },
    config: at("/app", "node", "main.js"),
    want: "error node-module-kind /app/dist/old.js",
    message: /as an ES module, because its package.json says "type": "module"; but it uses require, exports or module/,
    remedy: /name the file with ".cjs"/,
  },
  {
    name: "A1: an ES module that is named as CommonJS",
    tree: { ...NODE, "app/main.cjs": 'file 644 0:0 import fs from "node:fs";' },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-kind /app/main.cjs",
    message: /as CommonJS, because its name ends with ".cjs"; but it has import or export/,
    remedy: /name the file with ".mjs"/,
  },
  {
    name: "A1: a dependency that only a function of a package loads",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("core");',
      "app/node_modules/core/package.json": 'file 644 0:0 {"dependencies":{"binding":"1","types":"1","whole":"1"}}',
      "app/node_modules/core/index.js": 'file 644 0:0 const load = (name) => require(name || "binding"); load();',
      "app/node_modules/binding/package.json": 'file 644 0:0 {"main":"binding.js"}',
      "app/node_modules/types/package.json": 'file 644 0:0 {"types":"index.d.ts"}',
      "app/node_modules/whole/package.json": 'file 644 0:0 {"exports":"./whole.mjs"}',
      "app/node_modules/whole/whole.mjs": "file",
    },
    config: at("/app", "node", "main.cjs"),
    want: "warning node-module-missing /app/node_modules/core/package.json",
    message: /^"\/app\/node_modules\/core\/package.json" names the dependency "binding", which is not whole in the image$/,
    remedy: /COPY node_modules whole/,
  },
  {
    name: "A1: an optional package for the platform that lacks its main module",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("ffi");',
      "app/node_modules/ffi/package.json": 'file 644 0:0 {"optionalDependencies":{"@ffi/linux-x64":"1","@ffi/darwin-arm64":"1"}}',
      "app/node_modules/ffi/index.js": "file 644 0:0 module.exports = find(process.platform); function find(name) { return hidden(name); }",
      "app/node_modules/@ffi/linux-x64/package.json": 'file 644 0:0 {"main":"./index.js"}',
    },
    config: at("/app", "node", "main.cjs"),
    want: "warning node-module-missing /app/node_modules/ffi/package.json",
    message: /names the dependency "@ffi\/linux-x64", which is not whole in the image$/,
    remedy: /COPY node_modules whole/,
  },
  {
    name: "A1: a loader that looks for prebuilt add-ons, and that keeps its own variables apart",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("store");',
      "app/node_modules/store/package.json": 'file 644 0:0 {"name":"my-store","dependencies":{"node-gyp-build":"4"}}',
      "app/node_modules/store/index.js": 'file 644 0:0 module.exports = require("node-gyp-build")(__dirname);',
      "app/node_modules/node-gyp-build/package.json": 'file 644 0:0 {"name":"node-gyp-build"}',
      "app/node_modules/node-gyp-build/index.js":
        "file 644 0:0 const fs = require('fs'), path = require('path'); var platform = process.env.npm_config_platform || process.platform; " +
        "module.exports = (dir) => { try { var name = require(path.join(dir, 'package.json')).name.toUpperCase().replace(/-/g, '_'); if (process.env[name + '_PREBUILD']) dir = process.env[name + '_PREBUILD']; } catch (err) {} " +
        "var tuple = fs.readdirSync(path.join(dir, 'prebuilds')).map(parse).filter((one) => one.platform === platform)[0]; " +
        "if (tuple) return require(path.join(dir, 'prebuilds', tuple.name, 'store.node')); throw new Error('No native build was found'); }; " +
        "function parse(name) { var platform = name.split('-')[0]; return { name, platform }; }",
      "app/node_modules/store/prebuilds/darwin-arm64/store.node": "file 644 0:0 macho",
    },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-missing /app/node_modules/store/index.js",
    message: /imports ".\/prebuilds\/linux-x64", which is not in the image/,
    remedy: /Copy the file into the image/,
  },
  {
    name: "A1: what another package lacks, which a package with a fallback requires",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("hash");',
      "app/node_modules/hash/package.json": 'file 644 0:0 {"name":"hash","dependencies":{"node-gyp-build":"4"}}',
      "app/node_modules/hash/index.js":
        'file 644 0:0 try { module.exports = require("./native"); } catch (err) { module.exports = require("./js"); }',
      "app/node_modules/hash/native.js": 'file 644 0:0 require("stream2"); module.exports = require("./build/hash.node");',
      "app/node_modules/hash/js.js": 'file 644 0:0 module.exports = require("stream2");',
      "app/node_modules/stream2/package.json": 'file 644 0:0 {"name":"stream2"}',
      "app/node_modules/stream2/index.js":
        'file 644 0:0 if (process.env.READABLE_STREAM === "disable") module.exports = require("stream"); else module.exports = require("./lib/state");',
    },
    config: at("/app", "node", "main.cjs"),
    want: "error node-module-missing /app/node_modules/stream2/index.js",
    message: /imports ".\/lib\/state"/,
    remedy: /Copy the file into the image/,
  },
  {
    name: "A5: a package.json that only its owner may read, of a package that finds add-ons",
    tree: {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("store");',
      "app/node_modules/store/package.json": 'file 644 0:0 {"name":"store","dependencies":{"node-gyp-build":"4"}}',
      "app/node_modules/store/index.js":
        'file 644 0:0 const load = typeof process.versions.bun === "string" ? require("./bun") : require("node-gyp-build"); module.exports = load(__dirname);',
      "app/node_modules/store/bun.js": "file",
      "app/node_modules/node-gyp-build/package.json": 'file 600 0:0 {"name":"node-gyp-build"}',
      "app/node_modules/node-gyp-build/index.js": `file 644 0:0 ${GYP_LOADER}`,
      "app/node_modules/store/prebuilds/linux-x64/store.node": addon(),
    },
    config: at("/app", "node", "main.cjs"),
    want: "error file-not-readable /app/node_modules/node-gyp-build/package.json",
    message: /may not read it/,
    remedy: /--chmod=644/,
  },
  {
    name: "A5: a module that only its owner may read",
    tree: { ...NODE, "app/main.cjs": 'file 644 0:0 require("./db");', "app/db.js": "file 600 0:0 exports.a = 1;" },
    config: at("/app", "node", "main.cjs"),
    want: "error file-not-readable /app/db.js",
    message: /may not read it/,
    remedy: /--chmod=644/,
  },
]);

testWhole([
  [
    "A1: loaders with a fallback in JavaScript, or with the right package",
    {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("fast"); require("soft");',
      "app/node_modules/fast/package.json": 'file 644 0:0 {"name":"fast","optionalDependencies":{"@fast/linux-x64-gnu":"1"}}',
      "app/node_modules/fast/index.js": `file 644 0:0 ${NAPI_LOADER}`,
      "app/node_modules/@fast/linux-x64-gnu/package.json": 'file 644 0:0 {"main":"fast.node"}',
      "app/node_modules/@fast/linux-x64-gnu/fast.node": addon(),
      "app/node_modules/soft/package.json": 'file 644 0:0 {"name":"soft","optionalDependencies":{"@soft/linux-x64":"1"}}',
      "app/node_modules/soft/index.js":
        'file 644 0:0 let native; try { native = require(`@soft/${process.platform}-${process.arch}`); } catch { native = require("./plain"); } if (!native) throw new Error("none"); module.exports = native;',
      "app/node_modules/soft/plain.js": "file 644 0:0 exports.a = 1;",
    },
    at("/app", "node", "main.cjs"),
  ],
  [
    "A1: Workers that are there, or are no files",
    {
      ...NODE,
      "app/main.cjs":
        'file 644 0:0 const { Worker } = require("worker_threads"); new Worker("./worker"); new Worker("1", { eval: true }); new Worker(__filename);',
      "app/worker.js": "file",
    },
    at("/app", "node", "main.cjs"),
  ],
  [
    "A1: branches that never run, and code for both kinds of modules",
    {
      ...NODE,
      "app/package.json": 'file 644 0:0 {"type":"module"}',
      "app/main.js":
        'file 644 0:0 import { createRequire } from "node:module"; const require = createRequire(import.meta.url); ' +
        'if (process.platform === "win32") require("winreg"); typeof Bun !== "undefined" && (await import("bun:sqlite")); ' +
        'const a = process.env.DISABLE === "1" ? await import("none") : 1;',
    },
    at("/app", "node", "main.js"),
  ],
  [
    "A1: a script for browsers and CommonJS in a package of ES modules",
    {
      ...NODE,
      "app/package.json": 'file 644 0:0 {"type":"module"}',
      "app/main.js":
        'file 644 0:0 (function (root, make) { if (typeof exports === "object") module.exports = make({}); else root.it = make(); })(globalThis, function (exports) { exports.a = 1; });',
    },
    at("/app", "node", "main.js"),
  ],
  [
    "A1: add-ons for many platforms and versions, of which a switch chooses one",
    {
      ...NODE,
      "app/main.cjs": 'file 644 0:0 require("prof");',
      "app/node_modules/prof/package.json": 'file 644 0:0 {"name":"prof","dependencies":{"node-abi":"4"}}',
      "app/node_modules/prof/index.js":
        'file 644 0:0 const { getAbi } = require("node-abi"); const abi = getAbi(process.versions.node, "node"); const name = process.platform + "-" + process.arch; ' +
        'function load() { if (name === "linux-x64") { if (abi === "137") return require("./prof-linux-x64-137.node"); } if (name === "linux-arm64") return require("./prof-linux-arm64-137.node"); ' +
        'return require("./prof-none.node"); } module.exports = load();',
      "app/node_modules/node-abi/package.json": 'file 644 0:0 {"name":"node-abi"}',
      "app/node_modules/node-abi/index.js": "file 644 0:0 exports.getAbi = () => {};",
      "app/node_modules/prof/prof-linux-x64-137.node": addon(),
      "app/node_modules/prof/prof-linux-arm64-137.node": addon({ machine: 183 }),
    },
    { ...at("/app", "node", "main.cjs"), Env: ["NODE_VERSION=24.1.0"] },
  ],
  [
    "A1: an add-on for another version of Node.js, of those that lie side by side (zeromq)",
    {
      ...NODE,
      "app/main.js": "file",
      "app/node_modules/z/build/linux/x64/node/108/addon.node": addon({ needed: ["libc.musl-x86_64.so.1"] }),
    },
    at("/app", "node", "main.js"),
  ],
  [
    "A1: an add-on for musl beside the one for glibc (koffi)",
    { ...NODE, "app/main.js": "file", "app/node_modules/k/build/musl_x64/k.node": addon({ needed: ["libc.musl-x86_64.so.1"] }) },
    at("/app", "node", "main.js"),
  ],
  [
    "add-ons for many platforms, of which one is used",
    {
      ...NODE,
      "app/main.js": "file 644 0:0 const load = (name) => require(name); load(process.argv[2]);",
      "app/node_modules/a/prebuilds/linux-arm64/a.node": addon({ machine: 183 }),
      "app/node_modules/a/prebuilds/linux-x64/a.musl.node": addon({ needed: ["libc.musl-x86_64.so.1"] }),
    },
    at("/app", "node", "main.js"),
  ],
  [
    "node: exports with conditions, imports of its own, builtins, JSON, optional packages",
    {
      ...NODE,
      "app/package.json": 'file 644 0:0 {"name":"me","type":"module","imports":{"#db":"./lib/db.js"},"exports":{"./self":"./lib/db.js"}}',
      "app/main.js":
        'file 644 0:0 import "node:fs"; import "path"; import "#db"; import "me/self"; import "tool/deep/x"; import data from "./a.json" with { type: "json" };',
      "app/a.json": "file 644 0:0 {}",
      "app/lib/db.js": 'file 644 0:0 export const db = 1; try { await import("pg-native"); } catch {}',
      "app/node_modules/tool/package.json": 'file 644 0:0 {"exports":{"./deep/*":{"require":"./no.cjs","import":"./esm/*.mjs"}}}',
      "app/node_modules/tool/esm/x.mjs": "file",
    },
    at("/app", "node", "--enable-source-maps", "main.js"),
  ],
]);
