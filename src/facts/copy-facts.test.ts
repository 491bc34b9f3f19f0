import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { elfFile, type ElfSpec } from "../../test/support/elf-file.ts";
import { file, item, tempStore } from "../tree/testdata/support.ts";
import type { LayerItem } from "../tree/index.ts";
import { readCopyFacts } from "./copy-facts.ts";
import { elf, layer, LOADER, program } from "../../test/support/fact-layers.ts";

const signal = new AbortController().signal;

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
      want: ["development packages /app/node_modules 65000, 3: typescript 62000, @types/node 3000"],
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
        file("rs/.git/HEAD", "ref"),
        kb("rs/.git/objects/x", 4),
        kb("go/test/x", 1),
      ],
      want: [
        "history of git /rs/.git 4003",
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
