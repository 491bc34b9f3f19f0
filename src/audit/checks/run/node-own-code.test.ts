/** Node.js programs whose own code decides what it loads: what they certainly die of, and what they survive. */
import { addon, at, NODE, testBroken, testWhole } from "../../../../test/support/broken-images.ts";

const CONFIG = at("/app", "node", "main.js");
const MODULE = { "app/package.json": 'file 644 0:0 {"type":"module"}' };

const broken = (name: string, source: string, more: Readonly<Record<string, string>> = {}): Parameters<typeof testBroken>[1][number] => ({
  name: `A1: ${name}`,
  tree: { ...NODE, ...more, "app/main.js": `file 644 0:0 ${source}` },
  config: CONFIG,
  want: "error node-module-missing /app/main.js",
  message: /imports "(?:none|\/app\/lib\/none\.js)", which is not in the image/,
  remedy: /Install it|Copy the file/,
});

testBroken("Node.js program by its own code", [
  broken("a handler that throws", 'let a; try { a = require("none"); } catch (e) { throw new Error("need it: " + e.message); }'),
  broken("a handler that ends the program", 'try { require("none"); } catch (e) { console.error(e); process.exit(1); }'),
  broken(
    "a handler that throws for this reason only",
    'try { require("none"); } catch (e) { if (e.code === "MODULE_NOT_FOUND") throw e; }',
  ),
  broken("try without a handler", 'try { require("none"); } finally { console.log(1); }'),
  broken("a function that is called", 'function main() { require("none"); } if (require.main === module) main();'),
  broken("a name that is put together", 'const name = "no"; require(`${name}ne`);'),
  broken("a path that is put together", 'require(require("path").join(__dirname, "lib", "none.js"));'),
  broken("a promise that nobody takes", 'import("none").then((one) => one.start());'),
  broken("an async function that nobody waits for", 'async function main() { await import("none"); } main();'),
  broken(
    "an async function whose handler ends the program",
    'async function main() { await import("none"); } main().catch((e) => { console.error(e); process.exit(1); });',
  ),
  broken("an awaited import in a function of a module", 'const load = async () => await import("none"); const one = await load();', MODULE),
  {
    name: "A1: a package that looks for its add-on before it loads it (koffi)",
    tree: {
      ...NODE,
      "app/main.js": 'file 644 0:0 require("k");',
      "app/node_modules/k/package.json": 'file 644 0:0 {"name":"k","optionalDependencies":{"@k/k-linux-x64":"1","@k/k-darwin-x64":"1"}}',
      "app/node_modules/k/index.js":
        "file 644 0:0 const fs = require('fs'); let native = null; const names = [`${__dirname}/../@k/k-${process.platform}-${process.arch}`, ...['a', 'b'].flatMap((one) => [`${__dirname}/${one}/k.node`])]; " +
        "if (process.versions.napi < 8) throw new Error('too old'); for (const name of names) { if (!fs.existsSync(name)) continue; native = require(name); break; } if (native == null) throw new Error('Cannot find it'); module.exports = native;",
    },
    config: CONFIG,
    want: "error node-module-missing /app/node_modules/k/index.js",
    message: /imports "@k\/k-linux-x64", which is not in the image, nor is anything else/,
    remedy: /platform and the C library/,
  },
  {
    name: "A1: a platform package that no code shows, of those in optionalDependencies",
    tree: {
      ...NODE,
      "app/main.js": 'file 644 0:0 require("tool");',
      "app/node_modules/tool/package.json":
        'file 644 0:0 {"name":"tool","optionalDependencies":{"@tool/linux-x64-musl":"1","@tool/linux-x64-gnu":"1","@tool/linux-arm64-gnu":"1","@tool/darwin-x64":"1"}}',
      "app/node_modules/tool/index.js": "file 644 0:0 exports.run = () => hidden(process.platform);",
      "app/node_modules/@tool/linux-x64-musl/package.json": 'file 644 0:0 {"main":"tool.node"}',
      "app/node_modules/@tool/linux-x64-musl/tool.node": addon(),
    },
    config: CONFIG,
    want: "warning node-module-missing /app/node_modules/tool/package.json",
    message: /names for this platform "@tool\/linux-x64-gnu", which is not in the image/,
    remedy: /platform and the C library/,
  },
  {
    name: "A1: a file of --env-file",
    tree: { ...NODE, "app/main.js": "file" },
    config: at("/app", "node", "--env-file=.env", "main.js"),
    want: "error node-main-missing undefined",
    message: /must read the file ".env" of --env-file/,
    remedy: /--env-file-if-exists/,
  },
]);

const whole = (name: string, source: string, more: Readonly<Record<string, string>> = {}): Parameters<typeof testWhole>[0][number] => [
  `A1: ${name}`,
  { ...NODE, ...more, "app/main.js": `file 644 0:0 ${source}` },
  CONFIG,
];

testWhole([
  whole("a handler that goes on", 'let a; try { a = require("none"); } catch (e) { if (e.code !== "MODULE_NOT_FOUND") throw e; }'),
  whole(
    "a handler that knows the code of modules",
    'try { await import("none"); } catch (e) { if (e.code !== "ERR_MODULE_NOT_FOUND") throw e; }',
    MODULE,
  ),
  whole(
    "an error for another reason, after one that was taken",
    'try { require("none"); } catch {} if (!process.env.URL_OF_IT) throw new Error("URL");',
  ),
  whole(
    "a condition that a volume decides",
    'const { existsSync } = require("fs"); if (!existsSync("/data/x")) load(); function load() { try { require("none"); } catch {} }',
  ),
  whole("a promise with a handler", 'import("none").catch(() => undefined);'),
  whole("modules that import each other", 'import { b } from "./b.js"; export const a = 1; if (b === undefined) console.log(b);', {
    ...MODULE,
    "app/b.js": 'file 644 0:0 import { a } from "./main.js"; export const b = 1; export const late = () => a;',
  }),
  ["A1: --env-file-if-exists", { ...NODE, "app/main.js": "file" }, at("/app", "node", "--env-file-if-exists=.env", "main.js")],
]);
