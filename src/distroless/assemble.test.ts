import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempDisposable, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { type FakeKey, type FakePackage, type FileServer, makeKey, serveFiles, suiteFiles, tarOf } from "../../test/support/archive.ts";
import { openStore, type Store } from "../store/index.ts";
import { layerTree, readTreeFile, treeDump } from "../tree/index.ts";
import { treePath } from "../paths.ts";
import { assembleBase } from "./assemble.ts";
import type { AssembledBase, AssembleOptions } from "./types.ts";
import { joinRecipes } from "./join-recipes.ts";
import type { RecipeDocument } from "./recipe.ts";

const date = new Date("2026-03-01T00:00:00Z");
const now = (): Date => new Date("2026-03-02T00:00:00Z");
const certificate = (name: string): string => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`;
const packages: FakePackage[] = [
  {
    name: "base-files",
    files: [
      { path: "./", type: "dir" },
      { path: "./tmp/", type: "dir", mode: 0o1777 },
      { path: "./usr/", type: "dir" },
      { path: "./usr/lib/", type: "dir", gid: 50, mode: 0o2775 },
      { path: "./usr/lib/os-release", content: "Debian" },
      { path: "./etc/", type: "dir" },
      { path: "./etc/os-release", type: "symlink", link: "../usr/lib/os-release" },
    ],
  },
  {
    name: "perl",
    version: "1:5.36-1",
    architecture: "all",
    // No entry for ./usr, and the second name of a file comes first in the order of layers.
    files: [
      { path: "./usr/bin/perl5.36", content: "#!perl", mode: 0o755, mtime: 1_600_000_000 },
      { path: "./usr/bin/perl", type: "hardlink", link: "./usr/bin/perl5.36", mode: 0o755, mtime: 1_600_000_000 },
    ],
    md5sums: null,
  },
  {
    name: "ca-certificates",
    files: [
      { path: "./usr/share/ca-certificates/mozilla/b.crt", content: `${certificate("B")}\n` },
      { path: "./usr/share/ca-certificates/mozilla/a.crt", content: certificate("A") },
      { path: "./usr/share/doc/ca-certificates/copyright", content: "free" },
      { path: "./usr/sbin/update-ca-certificates", content: "#!/bin/sh" },
    ],
  },
];
const documents: RecipeDocument[] = [
  {
    name: "small",
    suite: "bookworm",
    packages: ["base-files"],
    certificates: { package: "ca-certificates" },
    users: [{ name: "root", uid: 0, gid: 0, home: "/root" }],
    groups: [{ name: "root", gid: 0 }],
    files: [
      { path: "/usr/lib/os-release", text: "Small\n" },
      { path: "/home/app", directory: true, mode: "0700", uid: 5, gid: 6 },
      { path: "/usr/bin/python", link: "python3" },
    ],
    env: { PATH: "/usr/bin", LANG: "C" },
    variants: { nonroot: { user: "65532", workdir: "/home/app" } },
  },
  {
    name: "big",
    extends: "small",
    packages: ["perl"],
    users: [{ name: "app", uid: 5, gid: 6, home: "/home/app" }],
    env: { LANG: "C.UTF-8" },
    entrypoint: ["/usr/bin/perl"],
  },
];
const tarball = gzipSync(
  tarOf([
    { path: "package/package.json", content: "{}" },
    { path: "package/bin/node", content: "the node", mode: 0o644 },
    { path: "package/bin/npm", content: "no" },
    { path: "package/LICENSE", content: "MIT" },
  ]),
);
const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
const withNode: RecipeDocument = {
  name: "node",
  extends: "big",
  node: { version: "18.20.8", packages: { amd64: { name: "node-x", integrity } } },
};

interface World extends AsyncDisposable {
  readonly server: FileServer;
  readonly store: Store;
  assemble(recipe: readonly RecipeDocument[], options?: Partial<AssembleOptions>): Promise<AssembledBase>;
}

describe("assembleBase()", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey();
  });

  async function world(more: readonly FakePackage[] = []): Promise<World> {
    await using stack = new AsyncDisposableStack();
    const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-assemble-")));
    const store = stack.use(await openStore({ root: join(dir.path, "store") }));
    const server = stack.use(await serveFiles(await suiteFiles({ packages: [...packages, ...more], key, date })));
    server.files.set(
      "node-x/18.20.8",
      Buffer.from(JSON.stringify({ name: "node-x", version: "18.20.8", dist: { integrity, tarball: `${server.url}/n.tgz` } })),
    );
    server.files.set("n.tgz", tarball);
    const keyring = join(dir.path, "key.gpg");
    await writeFile(keyring, key.keyring.bytes);
    const owned = stack.move();
    return {
      server,
      store,
      assemble: (recipe, options = {}) =>
        assembleBase(store, joinRecipes(recipe), {
          platform: { os: "linux", architecture: "amd64" },
          sources: [server.source()],
          keyring,
          now,
          npmRegistry: server.url,
          maxAgeMs: 0,
          ...options,
        }),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }

  it("makes a layer of every package, of the recipe's files, and of node", async () => {
    await using w = await world();
    const base = await w.assemble([...documents, withNode]);
    const dumps = await Promise.all(
      base.layers.map(async (layer) =>
        (await treeDump(layerTree([layer])))
          .trim()
          .split("\n")
          .map((line) => line.replace(/ [0-9a-f]{8}(?= |$)/, "")),
      ),
    );
    const status = ["/var: dir 0755 0:0", "/var/lib: dir 0755 0:0", "/var/lib/dpkg: dir 0755 0:0", "/var/lib/dpkg/status.d: dir 0755 0:0"];
    assert.deepEqual(dumps, [
      [
        "/etc: dir 0755 0:0",
        "/etc/os-release: link -> ../usr/lib/os-release",
        "/tmp: dir 1777 0:0",
        "/usr: dir 0755 0:0",
        "/usr/lib: dir 2775 0:50",
        "/usr/lib/os-release: file 0644 0:0",
        ...status,
        "/var/lib/dpkg/status.d/base-files: file 0644 0:0",
        "/var/lib/dpkg/status.d/base-files.md5sums: file 0644 0:0",
      ],
      ["/usr: dir 0755 0:0", "/usr/bin: dir 0755 0:0", "/usr/bin/perl: file 0755 0:0", "/usr/bin/perl5.36: file 0755 0:0 = /usr/bin/perl", ...status, "/var/lib/dpkg/status.d/perl: file 0644 0:0"],
      [
        "/etc: dir 0755 0:0",
        "/etc/ssl: dir 0755 0:0",
        "/etc/ssl/certs: dir 0755 0:0",
        "/etc/ssl/certs/ca-certificates.crt: file 0644 0:0",
        "/usr: dir 0755 0:0",
        "/usr/share: dir 0755 0:0",
        "/usr/share/doc: dir 0755 0:0",
        "/usr/share/doc/ca-certificates: dir 0755 0:0",
        "/usr/share/doc/ca-certificates/copyright: file 0644 0:0",
        ...status,
        "/var/lib/dpkg/status.d/ca-certificates: file 0644 0:0",
        "/var/lib/dpkg/status.d/ca-certificates.md5sums: file 0644 0:0",
      ],
      [
        "/etc: dir 0755 0:0",
        "/etc/group: file 0644 0:0",
        "/etc/passwd: file 0644 0:0",
        "/home: dir 0755 0:0",
        "/home/app: dir 0700 5:6",
        "/usr: dir 0755 0:0",
        "/usr/bin: dir 0755 0:0",
        "/usr/bin/python: link -> python3",
        // As in base-files, not 0755 0:0.
        "/usr/lib: dir 2775 0:50",
        "/usr/lib/os-release: file 0644 0:0",
      ],
      ["/nodejs: dir 0755 0:0", "/nodejs/LICENSE: file 0644 0:0", "/nodejs/bin: dir 0755 0:0", "/nodejs/bin/node: file 0755 0:0"],
    ]); // prettier-ignore
    const tree = layerTree(base.layers);
    const text = async (path: string): Promise<string> => (await readTreeFile(tree, treePath(path), 10_000)).toString();
    assert.equal(await text("/etc/passwd"), "root:x:0:0:root:/root:/sbin/nologin\napp:x:5:6:app:/home/app:/sbin/nologin\n");
    assert.equal(await text("/usr/lib/os-release"), "Small\n");
    assert.equal(await text("/usr/bin/perl"), "#!perl");
    assert.equal(await text("/nodejs/bin/node"), "the node");
    assert.equal(await text("/etc/ssl/certs/ca-certificates.crt"), `${certificate("A")}\n${certificate("B")}\n`);
    assert.match(
      await text("/var/lib/dpkg/status.d/ca-certificates.md5sums"),
      /^[0-9a-f]{32} {2}usr\/share\/doc\/ca-certificates\/copyright\n$/,
    );
    assert.match(await text("/var/lib/dpkg/status.d/perl"), /^Package: perl\nVersion: 1:5.36-1\n/);
    const times = ["usr/bin/perl", "usr/lib/os-release", "etc/os-release"].map((path) => tree.lookup(treePath(path))?.mtimeSec);
    assert.deepEqual(times, [1_600_000_000, 0, 1_700_000_000]);
  });

  it("gives a configuration without any time or place of now", async () => {
    await using w = await world();
    const { config, report } = await w.assemble(documents);
    assert.deepEqual(config, {
      created: "1970-01-01T00:00:00Z",
      architecture: "amd64",
      os: "linux",
      config: { User: "0", Env: ["PATH=/usr/bin", "LANG=C.UTF-8"], Entrypoint: ["/usr/bin/perl"], WorkingDir: "/" },
      rootfs: { type: "layers", diff_ids: report.layers.map((layer) => layer.diffId) },
      history: [
        "decant: base-files 1.0-1 amd64",
        "decant: perl 1:5.36-1 all",
        "decant: ca-certificates 1.0-1 amd64 (certificates)",
        "decant: files of big",
      ].map((created_by) => ({ created: "1970-01-01T00:00:00Z", created_by })),
    });
    const nonroot = await w.assemble(documents, { variant: "nonroot" });
    assert.deepEqual([nonroot.config.config?.User, nonroot.config.config?.WorkingDir], ["65532", "/home/app"]);
    assert.deepEqual(nonroot.config.rootfs, config.rootfs);
  });

  it("gives the same bytes from nothing", async () => {
    await using a = await world();
    await using b = await world();
    const [one, other] = await Promise.all([a.assemble([...documents, withNode]), b.assemble([...documents, withNode])]);
    assert.deepEqual(one.config, other.config);
    assert.deepEqual(one.report.layers, other.report.layers);
  });

  it("looks at the release only the second time, and at nothing while that is fresh", async () => {
    await using w = await world();
    const first = await w.assemble([...documents, withNode]);
    assert.equal(first.report.cached, false);
    w.server.requests.length = 0;
    const again = await w.assemble([...documents, withNode]);
    assert.deepEqual(w.server.requests, ["dists/bookworm/InRelease"]);
    assert.equal(again.report.cached, true);
    assert.deepEqual(again.config, first.config);
    await w.assemble([...documents, withNode], { maxAgeMs: 60_000 });
    await w.assemble([...documents, withNode], { offline: true });
    assert.equal(w.server.requests.length, 1);
  });

  it("fetches and unpacks a package that other recipes used no second time", async () => {
    await using w = await world();
    await w.assemble(documents.slice(0, 1));
    w.server.requests.length = 0;
    const base = await w.assemble(documents);
    // The index is read again for the new name, from the store.
    assert.deepEqual(w.server.requests, ["dists/bookworm/InRelease", "pool/main/perl_5.36-1_all.deb"]);
    assert.equal(base.report.cached, false);
  });

  it("works once when two ask for the same at a time", async () => {
    await using w = await world();
    const [a, b] = await Promise.all([w.assemble(documents), w.assemble(documents)]);
    assert.deepEqual(a.config, b.config);
    const debs = w.server.requests.filter((path) => path.endsWith(".deb"));
    assert.equal(debs.length, 3);
  });

  it("warns of a Node.js package that is neither signed nor pinned", async () => {
    await using w = await world();
    const messages: string[] = [];
    const emit: AssembleOptions["emit"] = (event) => void (event.type === "warning" && messages.push(`${event.code}: ${event.message}`));
    await w.assemble([...documents, withNode], { emit });
    const unpinned = { ...withNode, node: { version: "18.20.8", packages: { amd64: { name: "node-x" } } } };
    await w.assemble([...documents, unpinned], { emit });
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? "", /^NodePackageUnsigned: node-x@18.20.8 is neither signed by its registry nor pinned .*sha512-/);
  });

  it("reports what was verified", async () => {
    await using w = await world();
    const { report } = await w.assemble([...documents, withNode], { variant: "nonroot" });
    assert.deepEqual(
      [report.recipe, report.variant, report.node[0]?.signature, report.node[0]?.integrity],
      ["node", "nonroot", "absent", integrity],
    );
    assert.deepEqual(
      report.releases.map((one) => [one.suite, one.date, one.signers[0]?.userId]),
      [["bookworm", date.toISOString(), "test <test@example.org>"]],
    );
  });

  const conflicts: readonly { name: string; add: FakePackage; want: RegExp }[] = [
    {
      name: "two packages with one file",
      add: { name: "twin", files: [{ path: "./usr/bin/perl", content: "other" }] },
      want: /Cannot use recipe "top": \/usr\/bin\/perl is in perl 1:5.36-1 all and in twin 1.0-1 amd64/,
    },
    {
      name: "a directory over a symbolic link, as of a merged /usr",
      add: { name: "twin", files: [{ path: "./etc/os-release/x", content: "other" }] },
      want: /\/etc\/os-release is a symlink of base-files 1.0-1 amd64 and a dir of twin/,
    },
    {
      name: "a hostile package",
      add: { name: "twin", files: [{ path: "../../evil", content: "x" }] },
      want: /Cannot unpack package "twin_1.0-1_amd64.deb"/,
    },
  ];
  for (const row of conflicts) {
    it(`refuses ${row.name}`, async () => {
      await using w = await world([row.add]);
      const recipe = [...documents, { name: "top", extends: "big", packages: ["twin"] }];
      await assert.rejects(w.assemble(recipe), { message: row.want });
      await assert.rejects(w.assemble(recipe), { message: row.want });
    });
  }

  it("refuses a package that the archive does not have", async () => {
    await using w = await world();
    await assert.rejects(w.assemble([...documents, { name: "top", packages: ["nowhere"] }]), {
      code: "DEBIAN_DEPENDENCY",
      message: /"nowhere"/,
    });
  });
  it("refuses a platform that the recipe or Debian has nothing for", async () => {
    await using w = await world();
    await assert.rejects(w.assemble(documents, { platform: { os: "linux", architecture: "mips" } }), { code: "DEBIAN_ARCHIVE" });
    await assert.rejects(w.assemble([...documents, withNode], { platform: { os: "linux", architecture: "arm64" } }), {
      message: /no package for arm64|lists no Packages/,
    });
  });
  it("stops when it is told to, and leaves no temporary files", async () => {
    await using w = await world();
    const stop = new AbortController();
    const reason = new Error("enough");
    const work = w.assemble(documents, { signal: stop.signal, emit: () => stop.abort(reason) });
    await assert.rejects(work, (error) => error === reason);
    // The process itself has a folder and a lock there while the store is open.
    const left = (await readdir(join(w.store.root, "tmp"), { recursive: true })).filter((name) => name.includes("/"));
    assert.deepEqual(left, []);
  });
});
