/** Node.js programs: what is found where something is missing. */
import { addon, at, NODE, run, testBroken, testWhole } from "../../../../test/support/broken-images.ts";

testBroken("Node.js program", [
  {
    name: "a main module that is missing",
    tree: { ...NODE, "app/index.js": "file" },
    config: at("/app", "node", "server.js"),
    want: "error node-main-missing /app/server.js",
    message: /there is no "\/app\/server.js"/,
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
    message: /there is "\/app\/util.mjs"/,
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
]);

testWhole([
  [
    "add-ons for many platforms, of which one is used",
    {
      ...NODE,
      "app/main.js":
        'file 644 0:0 const load = (name) => require(name); load("./prebuilds/x"); function later() { return require("none"); }'.replace(
          ' function later() { return require("none"); }',
          "",
        ),
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
