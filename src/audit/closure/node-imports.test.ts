import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../../test/support/property.ts";
import { nodeImportParser } from "./node-imports.ts";

const parseNodeImports = nodeImportParser();

/** "require x, import y (lazy), require z (guarded)" */
function imports(source: string, isModule?: boolean): string {
  const parsed = parseNodeImports(source, isModule);
  if (parsed === undefined) return "no JavaScript";
  if (parsed.isMisfit === true) return "another kind";
  const lines = parsed.imports.map(
    ({ kind, specifier, lazy, guarded }) => `${kind} ${specifier}${lazy ? " (lazy)" : ""}${guarded ? " (guarded)" : ""}`,
  );
  return [parsed.isModule ? "module" : "script", ...lines.toSorted()].join(", ");
}

describe("nodeImportParser()", () => {
  const rows: Readonly<Record<string, string>> = {
    'const a = require("a"); require("./b").c();': "script, require ./b, require a",
    'import a from "a"; export { b } from "b"; export * from "./c.js"; import "d";': "module, import ./c.js, import a, import b, import d",
    'await import("a"); import("b").catch(() => {});': "module, import a, import b (lazy) (guarded)",
    'await Promise.all([import("a"), import("b").then((x) => x.c)]);': "module, import a, import b",
    'await Promise.all([import("a").catch(f)]); await Promise.allSettled([import("b")]); await import("c").then(f, g);':
      "module, import a (lazy) (guarded), import b (lazy), import c (lazy)",
    'const { x } = await import("a").then((m) => m.default); async function f() { await Promise.all([import("b")]); }':
      "module, import a, import b (lazy)",
    'try { require("a"); } catch { require("b"); } finally { require("c"); }': "script, require a (guarded), require b (lazy), require c",
    'function f() { require("a"); } const g = () => require("b");': "script, require a (lazy), require b (lazy)",
    '(function () { require("a"); })(); (() => { require("b"); })();': "script, require a, require b",
    'if (x) require("a"); const y = z ? require("b") : require("c"); w && require("d");':
      "script, require a (lazy), require b (lazy), require c (lazy), require d (lazy)",
    '// require("a")\nconst s = "require(\\"b\\")"; /* import "c" */ x = /require("d")/;': "script",
    "require(name); require(`a${b}`); require();": "script",
    '(function (require, module) { require("./1"); })(f);': "script",
    'class A { static { require("a"); } m() { require("b"); } }': "script, require a, require b (lazy)",
    '#!/usr/bin/env node\nrequire("a"); return;': "script, require a",
    "import type { A } from 'a'; const x: A = 1;": "no JavaScript",
    "x = 1": "script",
  };
  for (const [source, want] of Object.entries(rows)) {
    it(`finds ${want} in ${JSON.stringify(source)}`, () => {
      assert.equal(imports(source), want);
    });
  }

  it("takes the type that a package.json gives", () => {
    assert.equal(imports('import "a";', false), "another kind");
    assert.equal(imports('function f() { require("a"); }', true), "module, require a (lazy)");
    assert.equal(imports('require("a");', true), "another kind");
  });

  it("survives nesting without end, and any text", () => {
    assert.equal(imports(`require("a");${"[".repeat(200_000)}`), "no JavaScript");
    assert.match(imports(`require("a")${"+1".repeat(20_000)}`), /^script|^no JavaScript/);
    fc.assert(fc.property(fc.string(), (text) => void parseNodeImports(`import ${text}`, undefined)));
  });
});
