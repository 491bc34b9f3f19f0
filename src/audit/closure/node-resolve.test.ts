/** Where imports lead, against the Node.js that runs this test, over generated folders of packages. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtempDisposable, realpath, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { fc } from "../../../test/support/property.ts";
import { unwalkedFiles } from "../../../test/support/audit-subject.ts";
import { hostTree } from "../../tree/index.ts";
import { nodePackages } from "./node-packages.ts";
import { nodeResolver } from "./node-resolve.ts";

const run = promisify(execFile);

const FILES = ["index.js", "index.json", "lib/index.js", "lib/a.js", "lib/b.cjs", "main.mjs", "a.js", "feature/x.js", "data.node"] as const;
const FOLDERS = ["app", "app/node_modules/one", "app/node_modules/@s/two", "node_modules/one", "node_modules/three", "app/sub"] as const;
const SPECIFIERS: readonly string[] = (
  "one one/ one/a one/a.js one/lib one/lib/a.js one/feature/x one/feature/x.js one/package.json @s/two @s/two/lib/a three three/lib nothing @s app app/a " +
  "#a #lib/a #one #x ./a ./a.js ./lib ./lib/ ./lib/a.js ./main ./data . ./ .. ../a.js ./sub ./sub/a.js ./a.js?x=1 fs node:fs"
).split(" ");
const TARGETS = ["./a.js", "./lib/a.js", "./lib", "./missing.js", "./main.mjs", "../out.js", "one", null] as const;

const target = fc.constantFrom(...TARGETS);
const conditional = fc.oneof(
  { weight: 2, arbitrary: target },
  {
    weight: 2,
    arbitrary: fc.dictionary(fc.constantFrom("import", "require", "node", "default", "browser", "module-sync"), target, { maxKeys: 3 }),
  },
  { weight: 1, arbitrary: fc.array(target, { maxLength: 2 }) },
);
const patterned = fc.oneof(conditional, fc.constantFrom("./feature/*.js", "./lib/*", "./*"));
const maybe = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(values, { nil: undefined });
const manifest = fc.record({
  name: maybe(fc.constantFrom("app", "one", "three")),
  main: maybe(fc.constantFrom("lib", "./lib/a", "a.js", "missing", "main.mjs", "feature")),
  exports: maybe(
    fc.oneof(
      conditional,
      fc.dictionary(fc.constantFrom(".", "./a", "./a.js", "./lib/a.js", "./feature/*", "./*", "./lib/*", "./package.json"), patterned, {
        maxKeys: 4,
      }),
    ),
  ),
  imports: maybe(
    fc.dictionary(fc.constantFrom("#a", "#lib/*", "#one", "#*"), fc.oneof(patterned, fc.constant("one/a.js")), { maxKeys: 3 }),
  ),
});
const world = fc.record({
  files: fc.uniqueArray(fc.tuple(fc.constantFrom(...FOLDERS), fc.constantFrom(...FILES)), {
    maxLength: 25,
    selector: (pair) => pair.join("/"),
  }),
  manifests: fc.uniqueArray(fc.tuple(fc.constantFrom(...FOLDERS), manifest), { maxLength: 5, selector: ([folder]) => folder }),
  linked: fc.boolean(),
});

/** Asks Node for all specifiers at once. Modules are checked for being files, which `import.meta.resolve` leaves to loading. */
const ASK = `
import { createRequire } from "node:module";
import { statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
const [from, ...specifiers] = process.argv.slice(2);
const require = createRequire(from);
const answer = (find) => { try { return find(); } catch { return "missing"; } };
const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
console.log(JSON.stringify(specifiers.map((one) => ({
  require: answer(() => require.resolve(one)),
  import: answer(() => {
    const url = import.meta.resolve(one, pathToFileURL(from).href);
    if (!url.startsWith("file:")) return url;
    const path = fileURLToPath(url);
    return isFile(path) && !path.endsWith("/") ? path : "missing";
  }),
}))));
`;

describe("nodeResolver()", () => {
  it("finds what Node.js finds, over generated folders", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-resolve-"));
    const base = await realpath(folder.path);
    const ask = join(base, "ask.mjs");
    await writeFile(ask, ASK);
    let number = 0;
    await fc.assert(
      fc.asyncProperty(world, async ({ files, manifests, linked }) => {
        number += 1;
        const root = join(base, String(number));
        const write = async (path: string, text: string): Promise<void> => {
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, text);
        };
        await write(join(root, "app/from.js"), "");
        for (const [place, name] of files) await write(join(root, place, name), "");
        for (const [place, value] of manifests) await write(join(root, place, "package.json"), JSON.stringify(value));
        if (linked) await symlink("../../node_modules/three", join(root, "app/node_modules/four")).catch(() => undefined);
        const from = join(root, "app/from.js");
        const specifiers = [...SPECIFIERS, "four", "four/a.js"];
        const { stdout } = await run(process.execPath, ["--experimental-import-meta-resolve", ask, from, ...specifiers]);
        const want: unknown = JSON.parse(stdout);
        const host = unwalkedFiles(hostTree("/"));
        const resolver = nodeResolver(host, nodePackages(host));
        const got = [];
        for (const one of specifiers) {
          const paths: Record<string, string> = {};
          for (const kind of ["require", "import"] as const) {
            const found = await resolver.resolve(one, kind, from);
            paths[kind] = found.kind === "file" ? `/${found.entry.path}` : found.kind;
          }
          got.push(paths);
        }
        const named = (answers: unknown): unknown =>
          Object.fromEntries(
            (Array.isArray(answers) ? answers : []).map((answer: unknown, at) => [
              specifiers[at],
              JSON.parse(JSON.stringify(answer).replaceAll('"fs"', '"builtin"').replaceAll('"node:fs"', '"builtin"').replaceAll(root, "")),
            ]),
          );
        assert.deepEqual(named(got), named(want));
      }),
      { numRuns: 40 },
    );
  });
});
