/** Where imports lead, against the Node.js that runs this test, over generated folders of packages. */
import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtempDisposable, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fc } from "../../../test/support/property.ts";
import { unwalkedFiles } from "../../../test/support/audit-subject.ts";
import { hostTree } from "../../tree/index.ts";
import { nodePackages } from "./node-packages.ts";
import { nodeResolver } from "./node-resolve.ts";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);
const FILES = words("index.js index.json lib/index.js lib/a.js lib/b.cjs main.mjs a.js feature/x.js data.node");
const FOLDERS = words(`
  app app/sub app/sub/node_modules/one app/node_modules/one app/node_modules/@s/two app/node_modules/@s app/node_modules/#a
  node_modules node_modules/one node_modules/three node_modules/three/lib node_modules/node_modules/one`);
const WHOLE = words("app node_modules/one node_modules/three");
const IMPORTERS = words("app/from.js app/sub/from.js node_modules/three/lib/from.js");
const SPECIFIERS = words(`
  one one/ one/a one/a.js one/lib one/lib/a.js one/feature/x one/feature/x.js one/package.json @s/two @s/two/lib/a three three/lib
  nothing @s @s/ @s/two/ app app/a four four/a.js #a #lib/a #one #x # #/x #lib/ #lib/../a #lib/%2e/a #a/x fs node:fs fs/promises
  ./a ./a.js ./lib ./lib/ ./lib/a.js ./main ./data . ./ .. ../a.js ./sub ./sub/a.js ./a.js?x=1 ./a.js/ ./lib/. ./lib/..
  ./%61.js ./lib%2fa.js ./lib\\a.js ./lib/../a.js ./nowhere/../a.js ./lib//a.js one/lib/../a.js one/../three/a.js one/./a.js
  one/%61.js one/a.js?x one//a.js one/lib/%2e%2e/a.js one/.. one/lib/.. three/feature/../a.js three/feature/%6eode_modules/x
  three/feature/x/ three/lib\\a.js .hidden o%6ee https://example.com/a.js data:text/javascript,1 file:a.js file:///nowhere.js`);

/** Some are whole; the rest is refused, or leads nowhere. */
const TARGETS = [
  ...words(`
    ./a.js ./lib/a.js ./lib/b.cjs ./main.mjs ./index.js ./%61.js ./lib//a.js ./a.js?x=1 one one/a.js fs
    ./lib ./missing.js ../out.js /a.js a.js . ./ node:fs @s three/lib https://example.com/a.js
    ./lib/../a.js ./lib/./a.js ./lib/%2e%2e/a.js ./.%2E/a.js ./lib/%2e/a.js ./node_modules/a.js ./%6eode_Modules/a.js
    ./lib\\a.js ./lib\\..\\a.js ./lib%2fa.js ./lib%2f.. ./lib/a%zz.js ./lib/a.js/`),
  "",
  "./lib/.\t./a.js",
  "./.\t./a.js",
];
const PATTERNS = words("./* ./lib/* ./feature/*.js ./*/../* ./*.js one/* one/*.js ../* * ./node_modules/* ./*/%2e/*");
const SUBPATHS = words(". ./a ./a.js ./lib/a.js ./feature/* ./* ./lib/* ./package.json ./*.js ./l* ./*/x.js ./*/* ./feature/ ./ .* ./one*");
const INTERNALS = words("#a #lib/* #one #* #a* #*/x #lib/ #/x #a/*");
const NAMES = [...words("app one three app/a @s @s/two"), ""];
const MAINS = [...words("lib ./lib/a a.js missing main.mjs feature . ./ .. lib/ lib/../a ../three/a.js /nowhere"), "", 7];
const CONDITIONS = words("import require node default browser module-sync");
/** Conditions that are an error, or almost. */
const ODD_CONDITIONS = ["0", "1.5", "", "."];

const one = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TARGETS) },
  { weight: 2, arbitrary: fc.constantFrom(...PATTERNS) },
  { weight: 2, arbitrary: fc.constantFrom(null, null, 7, false) },
);
/** Lists and conditions in each other. */
const { target } = fc.letrec<{ target: unknown }>((tie) => ({
  target: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 3, arbitrary: one },
    { weight: 2, arbitrary: fc.array(tie("target"), { maxLength: 4 }) },
    { weight: 2, arbitrary: conditional(tie("target")) },
  ),
}));
const subpaths = fc.dictionary(fc.constantFrom(...SUBPATHS), target, { maxKeys: 8 });
/** Keys of both kinds. */
const mixed = fc.tuple(subpaths, conditional(one)).map(([some, others]) => ({ ...others, ...some }));
const maybe = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(values, { nil: undefined });
const manifest = fc.record({
  name: maybe(fc.constantFrom(...NAMES)),
  main: maybe(fc.constantFrom(...MAINS)),
  exports: maybe(fc.oneof({ weight: 4, arbitrary: target }, { weight: 4, arbitrary: subpaths }, { weight: 1, arbitrary: mixed })),
  imports: maybe(fc.dictionary(fc.constantFrom(...INTERNALS), target, { maxKeys: 5 })),
});
const spread = fc.record({
  files: fc.uniqueArray(fc.tuple(fc.constantFrom(...FOLDERS), fc.constantFrom(...FILES)), {
    maxLength: 40,
    selector: (pair) => pair.join("/"),
  }),
  manifests: fc.uniqueArray(fc.tuple(fc.constantFrom(...FOLDERS), manifest), { maxLength: 6, selector: ([folder]) => folder }),
  linked: fc.boolean(),
  importer: fc.constantFrom(...IMPORTERS),
});
/** All files are there: the maps alone decide. */
const mapped = fc
  .record({ own: maps("app"), other: maps("one"), third: maps("three"), importer: fc.constantFrom(...IMPORTERS) })
  .map(({ own, other, third, importer }) => ({
    files: WHOLE.flatMap((folder) => FILES.map((name) => [folder, name] as const)),
    manifests: [["app", own] as const, ["node_modules/one", other] as const, ["node_modules/three", third] as const],
    importer,
  }));

function maps(name: string): fc.Arbitrary<object> {
  return fc.record({
    name: fc.constant(name),
    exports: fc.oneof({ weight: 2, arbitrary: target }, { weight: 3, arbitrary: subpaths }, { weight: 1, arbitrary: mixed }),
    imports: fc.dictionary(fc.constantFrom(...INTERNALS), target, { minKeys: 3, maxKeys: INTERNALS.length }),
  });
}

function conditional(inner: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const keys = fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...CONDITIONS) }, fc.constantFrom(...ODD_CONDITIONS));
  return fc.dictionary(keys, inner, { maxKeys: 4 });
}

interface World {
  readonly files: readonly (readonly [folder: string, name: string])[];
  readonly manifests: readonly (readonly [folder: string, value: unknown])[];
  readonly linked?: boolean;
  readonly importer?: string;
}

/** Asks Node for all specifiers at once. Modules are checked for being files, which `import.meta.resolve` leaves to loading. */
const ASK = `
import { createRequire } from "node:module";
import { statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
const answer = (find) => { try { return find(); } catch { return "missing"; } };
const isFile = (path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
process.on("message", ({ from, specifiers }) => {
  const require = createRequire(from);
  process.send(specifiers.map((one) => ({
    require: answer(() => require.resolve(one)),
    import: answer(() => {
      const url = import.meta.resolve(one, pathToFileURL(from).href);
      if (url.startsWith("node:")) return "builtin";
      if (!url.startsWith("file:")) return "elsewhere";
      if (/%2f|%5c/i.test(new URL(url).pathname)) return "missing";
      const path = fileURLToPath(url);
      return isFile(path) && !path.endsWith("/") ? path : "missing";
    }),
  })));
});
`;

describe("nodeResolver()", () => {
  const three: World["files"] = [
    ["node_modules/three", "lib/a.js"],
    ["node_modules/three", "a.js"],
  ];
  const internal = (exports: unknown): World => ({
    files: [["app", "a.js"]],
    manifests: [
      ["app", { imports: { "#a": ["three", "./a.js"] } }],
      ["node_modules/three", { exports }],
    ],
  });
  const rows: readonly (World & { readonly name: string; readonly specifier: string; readonly want: string })[] = [
    {
      name: "goes on in a list after a target outside of the package",
      files: [["node_modules/three", "lib/a.js"]],
      manifests: [["node_modules/three", { exports: ["../out.js", "./lib/a.js"] }]],
      specifier: "three",
      want: "/node_modules/three/lib/a.js",
    },
    {
      name: "goes on in a list after null, and after conditions that do not fit",
      files: three,
      manifests: [["node_modules/three", { exports: [null, { browser: "./a.js" }, { node: [null] }, "./lib/a.js"] }]],
      specifier: "three",
      want: "/node_modules/three/lib/a.js",
    },
    {
      name: "ends a list at a target that is not there",
      files: three,
      manifests: [["node_modules/three", { exports: ["./missing.js", "./lib/a.js"] }]],
      specifier: "three",
      want: "missing",
    },
    {
      name: "excludes by null in nested conditions",
      files: three,
      manifests: [["node_modules/three", { exports: { node: { default: null }, default: "./a.js" } }]],
      specifier: "three",
      want: "missing",
    },
    {
      name: "goes on in a list of imports after a package whose last target is invalid",
      ...internal([null, "../out.js"]),
      specifier: "#a",
      want: "/app/a.js",
    },
    {
      name: "ends a list of imports at a package whose last target is null",
      ...internal(["../out.js", null]),
      specifier: "#a",
      want: "missing",
    },
    {
      name: "looks for what imports name from the package on, not from the importing file",
      files: [
        ["app/node_modules/one", "index.js"],
        ["app/sub/node_modules/one", "index.js"],
      ],
      manifests: [["app", { imports: { "#a": "one" } }]],
      importer: "app/sub/from.js",
      specifier: "#a",
      want: "/app/node_modules/one/index.js",
    },
  ];
  for (const { name, specifier, want, ...row } of rows) {
    it(name, async () => {
      await using asked = await startNode();
      const { ours, theirs } = await asked.compare(row, [specifier]);
      assert.deepEqual(theirs[specifier], { require: want, import: want });
      assert.deepEqual(ours, theirs);
    });
  }

  it("finds what Node.js finds, over generated folders", async () => {
    await using asked = await startNode();
    await fc.assert(
      fc.asyncProperty(fc.oneof(spread, mapped), async (given) => {
        const { ours, theirs } = await asked.compare(given, SPECIFIERS);
        assert.deepEqual(ours, theirs);
      }),
      { numRuns: 60 },
    );
  });
});

type Answers = Readonly<Record<string, unknown>>;

interface AskedNode extends AsyncDisposable {
  /** What each specifier leads to, from the importer of a world. */
  compare(given: World, specifiers: readonly string[]): Promise<{ readonly ours: Answers; readonly theirs: Answers }>;
}

/** Starts a Node.js that answers. Each world gets a folder of its own, since Node.js remembers what it read. */
async function startNode(): Promise<AskedNode> {
  await using stack = new AsyncDisposableStack();
  const base = await realpath(stack.use(await mkdtempDisposable(join(tmpdir(), "decant-resolve-"))).path);
  const script = join(base, "ask.mjs");
  await writeFile(script, ASK);
  const node = stack.adopt(fork(script, { execArgv: ["--experimental-import-meta-resolve", "--no-warnings"] }), async (child) => {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  });
  const owned = stack.move();
  let number = 0;
  return {
    async compare(given, specifiers) {
      number += 1;
      const root = join(base, String(number));
      await writeWorld(root, given);
      const from = join(root, given.importer ?? "app/from.js");
      const theirs = await askNode(node, from, specifiers);
      const ours = await askDecant(from, specifiers);
      await rm(root, { recursive: true });
      const named = (answers: readonly unknown[]): Answers =>
        Object.fromEntries(answers.map((answer, at) => [specifiers[at], JSON.parse(JSON.stringify(answer).replaceAll(root, ""))]));
      return { ours: named(ours), theirs: named(theirs) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function writeWorld(root: string, { files, manifests, linked, importer = "app/from.js" }: World): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  await write(join(root, importer), "");
  for (const [place, name] of files) await write(join(root, place, name), "");
  for (const [place, value] of manifests) await write(join(root, place, "package.json"), JSON.stringify(value));
  if (linked === true) await symlink("../../node_modules/three", join(root, "app/node_modules/four")).catch(() => undefined);
}

async function askNode(node: ChildProcess, from: string, specifiers: readonly string[]): Promise<readonly unknown[]> {
  const answered = once(node, "message");
  node.send({ from, specifiers });
  const [answers]: readonly unknown[] = await answered;
  assert.ok(Array.isArray(answers));
  return answers.map((one: { readonly require: string }) =>
    /^(?:node:)?fs(?:\/promises)?$/.test(one.require) ? { ...one, require: "builtin" } : one,
  );
}

async function askDecant(from: string, specifiers: readonly string[]): Promise<readonly unknown[]> {
  const host = unwalkedFiles(hostTree("/"));
  const resolver = nodeResolver(host, nodePackages(host));
  const answers = [];
  for (const specifier of specifiers) {
    const paths: Record<string, string> = {};
    for (const kind of ["require", "import"] as const) {
      const found = await resolver.resolve(specifier, kind, from);
      paths[kind] = found.kind === "file" ? `/${found.entry.path}` : found.kind;
    }
    answers.push(paths);
  }
  return answers;
}
