import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { file, item, tempStore } from "../tree/testdata/support.ts";
import type { LayerItem } from "../tree/index.ts";
import { elf, layer, LOADER, program } from "../../test/support/fact-layers.ts";
import { readTreeFacts } from "./tree-facts.ts";

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
        tools: [{ name: "apk", kind: "package-manager", path: "/sbin/apk", layer: 0 }],
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
          { name: "gcc", kind: "compiler", path: "/usr/bin/gcc", layer: 0 },
          { name: "javac", kind: "compiler", path: "/opt/tool/bin/javac", layer: 0 },
          { name: "npm", kind: "package-manager", path: "/usr/bin/npm", layer: 0 },
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
      assert.deepEqual(await readTreeFacts([made], { config: { Env: ["PATH=/opt/tool/bin:/usr/bin"] }, readable: new Set([made]) }), want);
    });

  it("says which layer brought a tool, and forgets what a later layer removed", async () => {
    await using at = await tempStore();
    const layers = [
      await layer(at, program("usr/bin/gcc"), program("usr/bin/apt-get")),
      await layer(at, item("usr/bin/gcc", "whiteout"), program("usr/bin/make")),
    ];
    const { tools } = await readTreeFacts(layers, { config: {}, readable: new Set(layers) });
    assert.deepEqual(
      tools.map((tool) => `${tool.name} ${tool.layer}`),
      ["make 1", "apt-get 0"],
    );
  });
});
