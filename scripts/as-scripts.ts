/**
 * Chunks of the bundle as scripts, in CommonJS. Node keeps compiled code of modules too early: without the functions that run first later.
 * Of scripts, src/cli/script-loader.ts keeps what a command has compiled by its end. Entries stay modules, and Node loads the chunks for them.
 */
import { transformSync } from "esbuild";

const MODULE_PATH = /(["'])(\.\/(?:chunk-[^"']*|process))\.js\1/g;
/** Scripts cannot import; Node requires ES modules as well. */
const LATE = /\bimport\((["'][^"']+["'])\)/g;
const BUILT_IN = /^var (import_\w+) = require\("(node:[^"]+)"\);$/gm;
/** esbuild's exports are getters of getters; one of each is enough. */
const EXPORTS = /^var stdin_exports = \{\};$/m;
const EXPORTS_COPIED = /^module\.exports = __toCommonJS\(stdin_exports\);$/m;
/** A single other sign makes V8 hold two bytes for each of a script. esbuild leaves them in comments and regular expressions only. */
const COMMENT = /^ *\/[/*].*$/gm;
const NOT_ASCII = /[^\0-\x7f]/g;
const BUILT_IN_OF_ENTRY = /^import \{([^}]*)\} from "(node:[^"]+)";$/gm;

/** What Node brings is loaded when the first of it is used: most commands use few. */
const LAZY = `const lazily = (name, keys) => keys.reduce((all, key) => Object.defineProperty(all, key, { configurable: true, get() {
  const value = process.getBuiltinModule(name)[key];
  Object.defineProperty(all, key, { value });
  return value;
} }), {});`;
const OWN_URL = 'const ownUrl = require("node:url").pathToFileURL(__filename).href;';

/** The text of a chunk as a script, for a file that ends in .cjs. */
export function chunkAsScript(text: string): string {
  const { code } = transformSync(text.replaceAll(MODULE_PATH, '"$2.cjs"').replaceAll(LATE, "Promise.resolve().then(() => require($1))"), {
    format: "cjs",
    platform: "node",
    target: "esnext",
    define: { "import.meta.url": "ownUrl", "import.meta.dirname": "__dirname" },
    legalComments: "eof",
  });
  const own = code.replace(EXPORTS, "var stdin_exports = exports;").replace(EXPORTS_COPIED, "");
  const lazy = own.replaceAll(BUILT_IN, (_all, variable: string, name: string) => {
    const keys = new Set([...code.matchAll(new RegExp(String.raw`\b${variable}\.(\w+)`, "g"))].map(([, key = ""]) => key));
    return `var ${variable} = lazily("${name}", ${JSON.stringify([...keys])});`;
  });
  return `"use strict";${code.includes("ownUrl") ? OWN_URL : ""}${lazy === own ? "" : LAZY}${lazy}`.replaceAll(COMMENT, (comment) =>
    comment.replaceAll(NOT_ASCII, "?"),
  );
}

/** The text of an entry, which stays a module. An import of a built-in module would make Node read all that this exports. */
export function entryWithScripts(text: string): string {
  return text.replaceAll(MODULE_PATH, '"$2.cjs"').replaceAll(BUILT_IN_OF_ENTRY, (_all, names: string, name: string) => {
    return `const {${names.replaceAll(" as ", ": ")}} = process.getBuiltinModule("${name}");`;
  });
}
