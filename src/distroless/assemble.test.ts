import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type FakeKey, type FakePackage, makeKey } from "../../test/support/archive.ts";
import { certificate, date, DOCUMENTS, INTEGRITY, openWorld, WITH_NODE } from "../../test/support/base-world.ts";
import { treePath } from "../paths.ts";
import { layerTree, readTreeFile } from "../tree/index.ts";
import { treeDump } from "../tree/testdata/tree-dump.ts";
import type { AssembleOptions } from "./types.ts";

describe("assembleBase()", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey();
  });

  it("makes layers of each level's packages, of certificates, of node, and of the recipe's files", async () => {
    await using w = await openWorld(key);
    const base = await w.assemble([...DOCUMENTS, WITH_NODE]);
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
        // Without the os-release that the recipe replaces.
        ...status,
        "/var/lib/dpkg/status.d/base-files: file 0644 0:0",
        "/var/lib/dpkg/status.d/base-files.md5sums: file 0644 0:0",
      ],
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
      ["/usr: dir 0755 0:0", "/usr/bin: dir 0755 0:0", "/usr/bin/perl: file 0755 0:0", "/usr/bin/perl5.36: file 0755 0:0 = /usr/bin/perl", ...status, "/var/lib/dpkg/status.d/perl: file 0644 0:0", "/var/lib/dpkg/status.d/perl.md5sums: file 0644 0:0"],
      ["/nodejs: dir 0755 0:0", "/nodejs/LICENSE: file 0644 0:0", "/nodejs/bin: dir 0755 0:0", "/nodejs/bin/node: file 0755 0:0"],
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
      /^[0-9a-f]{32} {2}etc\/ssl\/certs\/ca-certificates.crt\n[0-9a-f]{32} {2}usr\/share\/doc\/ca-certificates\/copyright\n$/,
    );
    // Made from what is there: this package brings no list, and the recipe replaced a file of that one.
    const md5 = (content: string): string => createHash("md5").update(content).digest("hex");
    assert.equal(await text("/var/lib/dpkg/status.d/perl.md5sums"), `${md5("#!perl")}  usr/bin/perl\n${md5("#!perl")}  usr/bin/perl5.36\n`);
    assert.equal(await text("/var/lib/dpkg/status.d/base-files.md5sums"), "");
    assert.match(await text("/var/lib/dpkg/status.d/perl"), /^Package: perl\nVersion: 1:5.36-1\n/);
    const times = ["usr/bin/perl", "usr/lib/os-release", "etc/os-release"].map((path) => tree.lookup(treePath(path))?.mtimeSec);
    assert.deepEqual(times, [1_600_000_000, 0, 1_700_000_000]);
  });

  it("gives a configuration without any time or place of now", async () => {
    await using w = await openWorld(key);
    const { config, report } = await w.assemble(DOCUMENTS);
    assert.deepEqual(config, {
      created: "1970-01-01T00:00:00Z",
      architecture: "amd64",
      os: "linux",
      config: { User: "0", Env: ["PATH=/usr/bin", "LANG=C.UTF-8"], Entrypoint: ["/usr/bin/perl"], WorkingDir: "/" },
      rootfs: { type: "layers", diff_ids: report.layers.map((layer) => layer.diffId) },
      history: [
        "decant: base-files 1.0-1 amd64",
        "decant: ca-certificates 1.0-1 amd64 (certificates)",
        "decant: perl 1:5.36-1 all",
        "decant: files of big",
      ].map((created_by) => ({ created: "1970-01-01T00:00:00Z", created_by })),
    });
    const nonroot = await w.assemble(DOCUMENTS, { variant: "nonroot" });
    assert.deepEqual([nonroot.config.config?.User, nonroot.config.config?.WorkingDir], ["65532", "/home/app"]);
    assert.deepEqual(nonroot.config.rootfs, config.rootfs);
  });

  it("gives the same bytes from nothing", async () => {
    await using a = await openWorld(key);
    await using b = await openWorld(key);
    const [one, other] = await Promise.all([a.assemble([...DOCUMENTS, WITH_NODE]), b.assemble([...DOCUMENTS, WITH_NODE])]);
    assert.deepEqual(one.config, other.config);
    assert.deepEqual(one.report.layers, other.report.layers);
  });

  it("looks at the release only the second time, and at nothing while that is fresh", async () => {
    await using w = await openWorld(key);
    const first = await w.assemble([...DOCUMENTS, WITH_NODE]);
    assert.equal(first.report.cached, false);
    w.server.requests.length = 0;
    const again = await w.assemble([...DOCUMENTS, WITH_NODE]);
    assert.deepEqual(w.server.requests, ["dists/bookworm/InRelease"]);
    assert.equal(again.report.cached, true);
    assert.deepEqual(again.config, first.config);
    await w.assemble([...DOCUMENTS, WITH_NODE], { maxAgeMs: 60_000 });
    await w.assemble([...DOCUMENTS, WITH_NODE], { offline: true });
    assert.equal(w.server.requests.length, 1);
  });

  it("fetches and unpacks a package that other recipes used no second time", async () => {
    await using w = await openWorld(key);
    await w.assemble(DOCUMENTS.slice(0, 1));
    w.server.requests.length = 0;
    const base = await w.assemble(DOCUMENTS);
    // The index is read again for the new name, from the store.
    assert.deepEqual(w.server.requests, ["dists/bookworm/InRelease", "pool/main/perl_5.36-1_all.deb"]);
    assert.equal(base.report.cached, false);
  });

  it("works once when two ask for the same at a time", async () => {
    await using w = await openWorld(key);
    const [a, b] = await Promise.all([w.assemble(DOCUMENTS), w.assemble(DOCUMENTS)]);
    assert.deepEqual(a.config, b.config);
    const debs = w.server.requests.filter((path) => path.endsWith(".deb"));
    assert.equal(debs.length, 3);
  });

  it("warns of a Node.js package that is neither signed nor pinned", async () => {
    await using w = await openWorld(key);
    const messages: string[] = [];
    const emit: AssembleOptions["emit"] = (event) => void (event.type === "warning" && messages.push(`${event.code}: ${event.message}`));
    await w.assemble([...DOCUMENTS, WITH_NODE], { emit });
    const unpinned = { ...WITH_NODE, node: { version: "18.20.8", packages: { amd64: { name: "node-x" } } } };
    await w.assemble([...DOCUMENTS, unpinned], { emit });
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? "", /^NodePackageUnsigned: node-x@18.20.8 is neither signed by its registry nor pinned .*sha512-/);
  });

  it("A8: warns of what is without security updates, on the day after the last one, each time", async () => {
    await using w = await openWorld(key);
    const support = [
      { of: "Node.js 18", until: "2026-03-01" },
      { of: "Debian", until: "2026-03-02" },
    ];
    const messages: string[] = [];
    const emit: AssembleOptions["emit"] = (event) => void (event.type === "warning" && messages.push(`${event.code}: ${event.message}`));
    const recipe = [...DOCUMENTS, { name: "old", extends: "big", support }];
    await w.assemble(recipe, { emit });
    await w.assemble(recipe, { emit, variant: "nonroot" });
    const want = "EndOfLife: Node.js 18 in base old gets no security updates since 2026-03-01; see what else there is: decant base list";
    assert.deepEqual(messages, [want, want]);
  });

  it("reports what was verified", async () => {
    await using w = await openWorld(key);
    const { report } = await w.assemble([...DOCUMENTS, WITH_NODE], { variant: "nonroot" });
    assert.deepEqual(
      [report.recipe, report.variant, report.node[0]?.signature, report.node[0]?.integrity],
      ["node", "nonroot", "absent", INTEGRITY],
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
      add: { name: "twin", files: [{ path: "./etc/os-release/", type: "dir" }] },
      want: /\/etc\/os-release is a symlink of base-files 1.0-1 amd64 and a dir of twin/,
    },
    {
      name: "a file behind a symbolic link",
      add: { name: "twin", files: [{ path: "./etc/os-release/x", content: "other" }] },
      want: /\/etc\/os-release\/x of twin 1.0-1 amd64 is below \/etc\/os-release, which is a symlink of base-files 1.0-1 amd64/,
    },
    {
      name: "a hostile package",
      add: { name: "twin", files: [{ path: "../../evil", content: "x" }] },
      want: /Cannot unpack package "twin_1.0-1_amd64.deb"/,
    },
  ];
  for (const row of conflicts) {
    it(`refuses ${row.name}`, async () => {
      await using w = await openWorld(key, [row.add]);
      const recipe = [...DOCUMENTS, { name: "top", extends: "big", packages: ["twin"] }];
      await assert.rejects(w.assemble(recipe), { message: row.want });
      await assert.rejects(w.assemble(recipe), { message: row.want });
    });
  }

  it("refuses a package that the archive does not have", async () => {
    await using w = await openWorld(key);
    await assert.rejects(w.assemble([...DOCUMENTS, { name: "top", packages: ["nowhere"] }]), {
      code: "DEBIAN_DEPENDENCY",
      message: /"nowhere"/,
    });
  });
  it("refuses a platform that the recipe or Debian has nothing for", async () => {
    await using w = await openWorld(key);
    await assert.rejects(w.assemble(DOCUMENTS, { platform: { os: "linux", architecture: "mips" } }), {
      code: "RECIPE",
      message: /it is not for linux\/mips; wanted one of linux\/amd64, linux\/arm64/,
    });
    await assert.rejects(w.assemble([...DOCUMENTS, WITH_NODE], { platform: { os: "linux", architecture: "arm64" } }), {
      message: /no package for arm64|lists no .*Packages/,
    });
  });
  it("stops when it is told to, and leaves no temporary files", async () => {
    await using w = await openWorld(key);
    const stop = new AbortController();
    const reason = new Error("enough");
    const work = w.assemble(DOCUMENTS, { signal: stop.signal, emit: () => stop.abort(reason) });
    await assert.rejects(work, (error) => error === reason);
    // The process itself has a folder and a lock there while the store is open.
    const left = (await readdir(join(w.store.root, "tmp"), { recursive: true })).filter((name) => name.includes("/"));
    assert.deepEqual(left, []);
  });
});
