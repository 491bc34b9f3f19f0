/** Facts of layers made of values: what is found, what is kept, and what a hostile layer cannot do. */
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { elfFile, type ElfSpec } from "../../../test/support/elf-file.ts";
import { bytesOf } from "../../bytes.ts";
import { sha256 } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import { compareTreePaths } from "../../paths.ts";
import { importLayerBlob } from "../../tree/index.ts";
import type { Entry, Layer, LayerItem } from "../../tree/index.ts";
import { file, item, layerOf, type TempStore, tempStore } from "../../tree/testdata/support.ts";
import { readCopyFacts } from "./copy-facts.ts";
import { copyFactsOf, treeFactsOf } from "./kept-facts.ts";
import { readTreeFacts } from "./tree-facts.ts";

const signal = new AbortController().signal;
const ENV = ["PATH=/opt/tool/bin:/usr/bin"];
const LOADER = "/lib64/ld-linux-x86-64.so.2";

function program(path: string, content: Uint8Array | string = "#!"): LayerItem {
  return file(path, content, { mode: 0o755 });
}

function elf(path: string, spec: ElfSpec): LayerItem {
  return program(path, elfFile(spec));
}

async function layer(at: TempStore, ...items: readonly LayerItem[]) {
  return await layerOf(at.store, ...items.toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path)));
}

describe("readTreeFacts()", () => {
  const libc = elf("usr/lib/x86_64-linux-gnu/libc.so.6", {
    soname: "libc.so.6",
    versionDefinitions: ["GLIBC_2.2.5", "GLIBC_2.36", "GLIBC_2.4", "GLIBC_PRIVATE"],
  });
  const rows: readonly { name: string; items: readonly LayerItem[]; want: object }[] = [
    { name: "finds nothing in an empty tree", items: [], want: { hasShell: false, libcs: [], loaders: [], tools: [] } },
    {
      name: "reads a Debian with merged /usr",
      items: [
        item("bin", "symlink", { link: "usr/bin" }),
        item("lib", "symlink", { link: "usr/lib" }),
        item("lib64", "symlink", { link: "/usr/lib64" }),
        program("usr/bin/dash"),
        item("usr/bin/sh", "symlink", { link: "dash" }),
        libc,
        item("usr/lib64/ld-linux-x86-64.so.2", "symlink", { link: "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" }),
        program("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
        file("usr/lib/os-release", 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'),
      ],
      want: {
        os: "Debian GNU/Linux 12 (bookworm)",
        hasShell: true,
        libcs: [{ kind: "glibc", version: "2.36" }],
        loaders: [LOADER],
        tools: [],
      },
    },
    {
      name: "reads an Alpine",
      items: [
        program("bin/busybox"),
        item("bin/sh", "symlink", { link: "/bin/busybox" }),
        program("lib/ld-musl-x86_64.so.1"),
        program("sbin/apk"),
      ],
      want: {
        hasShell: true,
        libcs: [{ kind: "musl" }],
        loaders: ["/lib/ld-musl-x86_64.so.1"],
        tools: [{ name: "apk", kind: "package manager", path: "/sbin/apk", layer: 0 }],
      },
    },
    {
      name: "finds compilers by any of their names, in the PATH of the image too, each once",
      items: [
        program("usr/bin/x86_64-linux-gnu-gcc-12"),
        item("usr/bin/gcc", "symlink", { link: "x86_64-linux-gnu-gcc-12" }),
        program("usr/bin/g++-12"),
        program("opt/tool/bin/javac"),
        file("usr/bin/make", "not executable"),
        item("usr/bin/cargo", "symlink", { link: "/nowhere" }),
        item("usr/bin/npm", "symlink", { link: "../lib/node_modules/npm/bin/npm-cli.js" }),
        program("usr/lib/node_modules/npm/bin/npm-cli.js"),
      ],
      want: {
        hasShell: false,
        libcs: [],
        loaders: [],
        tools: [
          { name: "gcc", kind: "compiler", path: "/usr/bin/g++-12", layer: 0 },
          { name: "javac", kind: "compiler", path: "/opt/tool/bin/javac", layer: 0 },
          { name: "npm", kind: "package manager", path: "/usr/bin/npm", layer: 0 },
        ],
      },
    },
    {
      name: "survives links in circles, a libc that is none, and an os-release without end",
      items: [
        item("bin", "symlink", { link: "bin" }),
        file("lib/libc.so.6", "\x7fELF garbage"),
        file("etc/os-release", `PRETTY_NAME="${"x".repeat(1000)}`),
        item("usr/bin", "symlink", { link: "../../../../etc" }),
      ],
      want: { hasShell: false, libcs: [{ kind: "glibc" }], loaders: [], tools: [] },
    },
  ];
  for (const { name, items, want } of rows)
    it(name, async () => {
      await using at = await tempStore();
      const made = await layer(at, ...items);
      assert.deepEqual(await readTreeFacts([made], { path: "/opt/tool/bin:/usr/bin", readable: new Set([made]) }), want);
    });

  it("says which layer brought a tool, and forgets what a later layer removed", async () => {
    await using at = await tempStore();
    const layers = [
      await layer(at, program("usr/bin/gcc"), program("usr/bin/apt-get")),
      await layer(at, item("usr/bin/gcc", "whiteout"), program("usr/bin/make")),
    ];
    const { tools } = await readTreeFacts(layers, { path: undefined, readable: new Set(layers) });
    assert.deepEqual(
      tools.map((tool) => `${tool.name} ${tool.layer}`),
      ["make 1", "apt-get 0"],
    );
  });
});

describe("readCopyFacts()", () => {
  const kb = (path: string, count = 1): LayerItem => file(path, "x".repeat(count * 1000));
  const lock = (packages: object): LayerItem => file("app/node_modules/.package-lock.json", JSON.stringify({ packages }));
  const manifest = (fields: object): LayerItem => file("app/package.json", JSON.stringify(fields));
  const rows: readonly { name: string; items: readonly LayerItem[]; want: readonly string[] }[] = [
    {
      name: "takes development packages from npm's own record",
      items: [
        manifest({ devDependencies: { express: "1" } }),
        lock({
          "": {},
          "node_modules/express": {},
          "node_modules/typescript": { dev: true },
          "node_modules/@types/node": { dev: true },
          "node_modules/typescript/node_modules/inner": { dev: true },
          "node_modules/../../../etc": { dev: true },
        }),
        kb("app/node_modules/express/index.js", 5),
        kb("app/node_modules/typescript/tsc.js", 60),
        kb("app/node_modules/typescript/node_modules/inner/x.js", 2),
        kb("app/node_modules/@types/node/index.d.ts", 3),
      ],
      want: ["development packages /app/node_modules 65000, 2: typescript 62000, @types/node 3000"],
    },
    {
      name: "takes them from package.json where there is no record",
      items: [
        manifest({ devDependencies: { jest: "1", absent: "1" } }),
        kb("app/node_modules/jest/x.js", 4),
        kb("app/node_modules/express/x.js"),
      ],
      want: ["development packages /app/node_modules 4000, 1: jest 4000"],
    },
    {
      name: "follows the links of pnpm",
      items: [
        manifest({ devDependencies: { vite: "5" } }),
        item("app/node_modules/vite", "symlink", { link: ".pnpm/vite@5.0.0/node_modules/vite" }),
        kb("app/node_modules/.pnpm/vite@5.0.0/node_modules/vite/x.js", 7),
        item("app/node_modules/jest", "symlink", { link: "../../../../../etc" }),
      ],
      want: ["development packages /app/node_modules 7000, 1: vite 7000"],
    },
    {
      name: "takes sources only beside what was made of them",
      items: [manifest({}), kb("app/src/a.ts"), kb("app/dist/a.js"), file("lib/package.json", "{}"), kb("lib/src/a.js")],
      want: ["sources /app/src 1000"],
    },
    {
      name: "knows projects of other languages, the history of git, tests and caches",
      items: [
        file("go/go.mod", ""),
        kb("go/vendor/x.go", 2),
        file("rs/Cargo.toml", ""),
        kb("rs/target/release/deps/x", 3),
        item("rs/.git", "dir"),
        kb("rs/.git/objects/x", 4),
        kb("go/test/x", 1),
      ],
      want: [
        "history of git /rs/.git 4000",
        "intermediate files /rs/target/release/deps 3000",
        "sources /go/vendor 2000",
        "tests /go/test 1000",
      ],
    },
    {
      name: "does not look for projects inside of packages",
      items: [manifest({}), file("app/node_modules/a/package.json", "{}"), kb("app/node_modules/a/test/x")],
      want: [],
    },
    {
      name: "passes over records that are none",
      items: [file("app/package.json", "{["), file("app/node_modules/.package-lock.json", "[1]"), kb("app/node_modules/a/x")],
      want: [],
    },
  ];
  for (const { name, items, want } of rows)
    it(name, async () => {
      await using at = await tempStore();
      const { parts } = await readCopyFacts(await layer(at, ...withDirectories(items)), signal);
      assert.deepEqual(
        parts.map(
          ({ kind, path, sizeBytes, count, largest }) =>
            `${kind} ${path} ${sizeBytes}${count === 0 ? "" : `, ${count}: ${largest.map((each) => `${each.name} ${each.sizeBytes}`).join(", ")}`}`,
        ),
        want,
      );
    });

  it("finds what programs and modules need, the most demanding of each kind", async () => {
    await using at = await tempStore();
    const needs = (...names: readonly string[]): ElfSpec => ({
      needed: ["libc.so.6", "libm.so.6"],
      versionNeeds: [{ library: "libm.so.6", versions: names.map((name) => ({ name, weak: name.endsWith("9") })) }],
    });
    const facts = await readCopyFacts(
      await layer(
        at,
        elf("app/a", { interpreter: LOADER, ...needs("GLIBC_2.2.5", "GLIBC_2.34") }),
        elf("app/b", { interpreter: LOADER, ...needs("GLIBC_2.38", "GLIBC_2.99") }),
        elf("app/static", { isStatic: true, type: "executable" }),
        elf("app/nix", { interpreter: "/nix/store/ld.so", ...needs() }),
        file("app/x.node", elfFile(needs("GLIBC_2.14"))),
        file("app/x.musl.node", elfFile({ needed: ["libc.musl-x86_64.so.1"] })),
        file("app/text", "x"),
        program("app/script"),
      ),
      signal,
    );
    assert.deepEqual(facts.needs, [
      { path: "/app/b", kind: "glibc", architecture: "amd64", loader: LOADER, version: "2.38" },
      { path: "/app/x.node", kind: "glibc", architecture: "amd64", version: "2.14" },
    ]);
    assert.equal(facts.files, 8);
  });
});

test("treeFactsOf() and copyFactsOf() keep what they found, and open no layer again", async () => {
  await using at = await tempStore();
  const made = await layer(at, program("usr/bin/gcc"), file("app/package.json", "{}"));
  const source = { key: made.contentDigest, diffId: made.diffId, load: () => Promise.resolve(made) };
  const before = [await treeFactsOf(at.store, [source], ENV, signal), await copyFactsOf(at.store, source, signal)];
  assert.equal(at.store.records.ids("facts").length, 2);
  const asked = { ...source, created: "2026-01-01T00:00:00Z", load: () => Promise.reject(new Error("opened again")) };
  assert.deepEqual(await copyFactsOf(at.store, asked, signal), before[1]);
  assert.deepEqual(await treeFactsOf(at.store, [source], ENV, signal), before[0]);
});

test("treeFactsOf() downloads nothing, and unpacks nothing", async () => {
  await using at = await tempStore();
  const elsewhere = { key: sha256("x"), diffId: sha256("x"), load: () => Promise.reject(new Error("downloaded")) };
  assert.equal(await treeFactsOf(at.store, [elsewhere], ENV, signal), undefined);

  await using other = await tempStore();
  const made = await layer(other, file("usr/lib/libc.so.6", elfFile({ versionDefinitions: ["GLIBC_2.36"] })), program("usr/bin/gcc"));
  assert.ok(made.diffId !== undefined);
  const tar = await other.store.blobs.read(made.diffId, 1_000_000);
  const packed = gzipSync(tar);
  const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: sha256(packed), size: packed.byteLength };
  const pulled = await importLayerBlob(at.store, { descriptor, diffId: made.diffId, open: () => bytesOf(packed) });
  const facts = await treeFactsOf(at.store, [{ key: made.diffId, diffId: made.diffId, load: () => Promise.resolve(pulled) }], ENV, signal);
  assert.deepEqual(facts?.libcs, [{ kind: "glibc" }]);
  assert.deepEqual(
    facts?.tools.map(({ name }) => name),
    ["gcc"],
  );
  assert.equal(at.store.blobs.size(made.diffId), undefined);
});

const names = fc.constantFrom(
  "bin",
  "usr",
  "lib",
  "sh",
  "gcc",
  "npm",
  "libc.so.6",
  "etc",
  "os-release",
  "node_modules",
  ".package-lock.json",
  "package.json",
  "x.node",
  ".git",
);
const targets = fc.constantFrom("", "/", "..", "../..", "usr", "/bin", "sh", "nowhere", "../../../../x", ".");
const anyItem = fc
  .tuple(
    fc.array(names, { minLength: 1, maxLength: 4 }),
    fc.constantFrom("file", "dir", "symlink", "fifo", "whiteout") satisfies fc.Arbitrary<Entry["kind"]>,
    targets,
    fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.constant(Buffer.from("\x7fELF\x02\x01\x01")),
      fc.constantFrom('{"packages":{"":{}}}', '{"devDependencies":1}', "PRETTY_NAME=").map((text) => Buffer.from(text)),
    ),
  )
  .map(([path, kind, link, content]): LayerItem => {
    const at = path.join("/");
    if (kind === "file") return file(at, content, { mode: 0o755 });
    return item(at, kind, kind === "symlink" ? { link } : {});
  });

test("readTreeFacts() and readCopyFacts() take whatever a layer holds", async () => {
  await using at = await tempStore();
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyItem, { maxLength: 12, selector: ({ entry }) => entry.path }), async (items) => {
      let made: Layer;
      try {
        made = await layer(at, ...items);
      } catch (error) {
        // Entries that contradict one another are no layer.
        if (isDecantError(error)) return;
        throw error;
      }
      read += 1;
      await readTreeFacts([made], { path: "/usr/bin:/bin:relative:/..:/", readable: new Set([made]) });
      await readCopyFacts(made, signal);
    }),
    { numRuns: 150 },
  );
  assert.ok(read > 20, `only ${read} were layers`);
});

/** Layers that Decant makes have an entry for each directory. */
function withDirectories(items: readonly LayerItem[]): LayerItem[] {
  const known = new Map(items.map((each) => [String(each.entry.path), each]));
  for (const { entry } of items) {
    for (let slash = entry.path.indexOf("/"); slash > 0; slash = entry.path.indexOf("/", slash + 1)) {
      const path = entry.path.slice(0, slash);
      if (!known.has(path)) known.set(path, item(path, "dir"));
    }
  }
  return [...known.values()];
}
