import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { elfFile } from "../../test/support/elf-file.ts";
import { type FakeKey, type FakePackage, makeKey } from "../../test/support/archive.ts";
import { openWorld, type World } from "../../test/support/base-world.ts";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { isDecantError } from "../errors.ts";
import { treePath } from "../paths.ts";
import { layerTree, readTreeFile } from "../tree/index.ts";
import { treeDump } from "../tree/testdata/tree-dump.ts";
import type { RecipeDocument } from "./recipe.ts";
import type { AssembledBase } from "./types.ts";

const applets = ["[", "[[", ...Array.from({ length: 30 }, (_, at) => `a${String(at + 10)}`), "sh"];
const packages: readonly FakePackage[] = [
  {
    name: "libc6",
    files: [
      { path: "./lib64/ld.so", type: "symlink", link: "../lib/x/ld.so" },
      { path: "./lib/x/libc.so.6", content: elfFile({ type: "shared", machine: 62, soname: "libc.so.6" }), mode: 0o755 },
      { path: "./usr/lib/libm.so.6", content: elfFile({ type: "shared", machine: 62, soname: "libm.so.6" }) },
      { path: "./usr/share/doc/libc6/copyright", content: "LGPL" },
      { path: "./usr/share/doc/libc6/changelog.gz", content: "long" },
      { path: "./usr/share/man/man1/x.1", content: "text" },
    ],
  },
  { name: "libgcc", files: [{ path: "./usr/share/doc/libgcc", type: "symlink", link: "gcc-base" }] },
  { name: "gcc-base", files: [{ path: "./usr/share/doc/gcc-base/copyright", content: "GPL" }, { path: "./usr/lib/gcc", content: "1" }] },
  {
    name: "busybox-static",
    files: [
      { path: "./bin/busybox", content: `ELF${applets.join("\0")}\0\0`, mode: 0o755 },
      { path: "./usr/share/doc/busybox-static/copyright", content: "GPL" },
    ],
  },
  { name: "dash", files: [{ path: "./bin/sh", content: "#!", mode: 0o755 }] },
  { name: "holed", files: [{ path: "./usr/lib/os-release/x", content: "1" }] },
  { name: "a-guest", files: [{ path: "./srv/x/y", content: "1" }, { path: "./usr/share/doc/a-guest/copyright", content: "GPL" }] },
  { name: "host", files: [{ path: "./srv/", type: "dir", mode: 0o711 }, { path: "./srv/x/", type: "dir", mode: 0o1770, uid: 5 }, { path: "./usr/share/doc/host/copyright", content: "GPL" }] },
]; // prettier-ignore

const recipe = (changes: Partial<RecipeDocument> = {}): RecipeDocument => ({
  name: "My base",
  suite: "trixie",
  packages: ["libc6"],
  follow: false,
  slices: [{ drop: ["/usr/share/doc/*/**", "/usr/share/man/**"] }],
  osRelease: true,
  ldCache: true,
  ...changes,
});

describe("the layers of a base", () => {
  let key: FakeKey;
  before(async () => {
    key = await makeKey();
  });
  /** The release of the archive is called bookworm, whatever the recipe says. */
  const assemble = (world: World, changes?: Partial<RecipeDocument>, variant?: string): Promise<AssembledBase> =>
    world.assemble([recipe(changes)], { variant });
  const dump = async (base: AssembledBase): Promise<string[]> =>
    (await treeDump(layerTree(base.layers)))
      .trim()
      .split("\n")
      .map((line) => line.replace(/ [0-9a-f]{8}(?= |$)/, ""))
      .filter((line) => !/: dir |dpkg/.test(line));
  const text = async (base: AssembledBase, path: string): Promise<string> =>
    (await readTreeFile(layerTree(base.layers), treePath(path), 1_000_000)).toString("latin1");

  it("R3: have directories as the package has them that names them", async () => {
    await using w = await openWorld(key, packages);
    const base = await assemble(w, { packages: ["a-guest", "host"], ldCache: false });
    const lines = (await treeDump(layerTree(base.layers))).split("\n").filter((line) => line.startsWith("/srv"));
    assert.deepEqual(lines, ["/srv: dir 0711 0:0", "/srv/x: dir 1770 5:0", "/srv/x/y: file 0644 0:0 6b86b273"]);
  });

  it("are sliced, merged into /usr, and have a cache of libraries", async () => {
    await using w = await openWorld(key, packages);
    const base = await assemble(w);
    assert.deepEqual(await dump(base), [
      "/bin: link -> usr/bin",
      "/etc/ld.so.cache: file 0644 0:0",
      "/etc/ld.so.conf: file 0644 0:0",
      "/lib: link -> usr/lib",
      "/lib64: link -> usr/lib64",
      "/sbin: link -> usr/sbin",
      "/usr/lib/libm.so.6: file 0644 0:0",
      "/usr/lib/os-release: file 0644 0:0",
      "/usr/lib/x/libc.so.6: file 0755 0:0",
      "/usr/lib64/ld.so: link -> ../lib/x/ld.so",
      "/usr/share/doc/libc6/copyright: file 0644 0:0",
    ]);
    assert.match(await text(base, "/usr/lib/os-release"), /^VARIANT="My base"\nVARIANT_ID="my-base"$/m);
    // The other one is in no directory of the loader.
    assert.match(await text(base, "/etc/ld.so.cache"), /\/lib\/libm\.so\.6\0/);
    const listed = (await text(base, "/var/lib/dpkg/status.d/libc6.md5sums")).replaceAll(/^[0-9a-f]{32} {2}/gm, "");
    assert.equal(listed, "usr/lib/libm.so.6\nusr/lib/x/libc.so.6\nusr/share/doc/libc6/copyright\n");
  });

  it("are merged into /usr only where the release is, or the recipe wants it", async () => {
    await using w = await openWorld(key, packages);
    const places = async (changes: Partial<RecipeDocument>): Promise<boolean> =>
      (await dump(await assemble(w, changes))).includes("/usr/lib/x/libc.so.6: file 0755 0:0");
    assert.equal(await places({ suite: "bookworm" }), false);
    assert.equal(await places({ suite: "bookworm", usrMerge: true }), true);
    assert.equal(await places({ usrMerge: false }), false);
  });

  it("have neither cache nor configuration of the loader without libraries", async () => {
    await using w = await openWorld(key, packages);
    const files = await dump(await assemble(w, { packages: ["gcc-base"] }));
    assert.ok(!files.some((line) => line.includes("ld.so")), files.join("\n"));
  });

  it("share all but the last one between a base and its debug variant", async () => {
    await using w = await openWorld(key, packages);
    const changes = { variants: { debug: { busybox: "busybox-static" } }, layers: 3 };
    const base = await assemble(w, changes);
    const debug = await assemble(w, changes, "debug");
    assert.equal(debug.layers.length, base.layers.length + 1);
    assert.deepEqual(debug.config.rootfs?.diff_ids.slice(0, -1), base.config.rootfs?.diff_ids);
    const added = (await dump(debug)).filter((line) => /busybox|bin\/sh/.test(line));
    assert.equal(added.length, applets.length + 3);
    assert.ok(added.includes("/usr/bin/sh: link -> /busybox/busybox"));
    assert.match(
      await text(debug, "/var/lib/dpkg/status.d/busybox-static.md5sums"),
      /^\w+ {2}busybox\/busybox\n\w+ {2}usr\/share\/doc\S+\n$/,
    );
  });

  it("leave a shell of the base alone", async () => {
    await using w = await openWorld(key, packages);
    const debug = await assemble(w, { packages: ["libc6", "dash"], variants: { debug: { busybox: "busybox-static" } } }, "debug");
    assert.ok((await dump(debug)).includes("/usr/bin/sh: file 0755 0:0"));
  });

  it("keep to the budget", async () => {
    await using w = await openWorld(key, packages);
    const variants = { debug: { busybox: "busybox-static", packages: ["dash"], follow: false } };
    for (const layers of [1, 2, 3, 4, 10]) {
      const base = await assemble(w, { layers, variants, certificates: { package: "ca-certificates" } }, "debug");
      assert.ok(base.layers.length <= layers, `${base.layers.length} layers for a budget of ${layers}`);
    }
  });

  it("refuse a copyright file that leads to nowhere, and say what would bring it", async () => {
    await using w = await openWorld(key, packages);
    await assert.rejects(assemble(w, { packages: ["libgcc"] }), (error) => {
      assert.ok(isDecantError(error, "RECIPE"));
      assert.match(error.message, /the copyright file of libgcc is \/usr\/share\/doc\/gcc-base\/copyright/);
      assert.equal(error.hint, "Add to its parts: { package: gcc-base, keep: [] }");
      return true;
    });
    const base = await assemble(w, { packages: ["libgcc"], parts: [{ package: "gcc-base", keep: [] }] });
    assert.ok((await dump(base)).includes("/usr/share/doc/gcc-base/copyright: file 0644 0:0"));
    assert.ok(!(await dump(base)).includes("/usr/lib/gcc: file 0644 0:0"));
  });

  it("have the certificates of the company in both stores", async () => {
    await using w = await openWorld(key, packages);
    const certificates = { package: "busybox-static", add: [{ pem: `# ours\r\n${LOCALHOST_TLS.cert}` }], java: true };
    await assert.rejects(assemble(w, { certificates }), (error) => isDecantError(error, "RECIPE"));
    const own: FakePackage = { name: "own-ca", files: [{ path: "./usr/share/ca-certificates/own.crt", content: LOCALHOST_TLS.cert }] };
    await using other = await openWorld(key, [...packages, own]);
    const base = await assemble(other, { certificates: { ...certificates, package: "own-ca" } });
    const pem = `${LOCALHOST_TLS.cert.trim()}\n`;
    assert.equal(await text(base, "/etc/ssl/certs/ca-certificates.crt"), pem + pem);
    assert.match(await text(base, "/etc/ssl/certs/java/cacerts"), /^\u00fe\u00ed\u00fe\u00ed.*cn=localhost/s);
    for (const pem of ["text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
      await assert.rejects(assemble(other, { certificates: { package: "own-ca", add: [{ pem }] } }), (error) =>
        isDecantError(error, "RECIPE"),
      );
  });

  it("refuse files below what is a file elsewhere", async () => {
    await using w = await openWorld(key, packages);
    await assert.rejects(assemble(w, { packages: ["holed"] }), (error) => isDecantError(error, "RECIPE"));
  });

  it("are the same with one job and with many, and after a change of the slices", async () => {
    await using a = await openWorld(key, packages);
    await using b = await openWorld(key, packages);
    const document = recipe({ packages: ["libc6", "gcc-base", "dash"] });
    await assemble(b, { packages: ["libc6", "gcc-base"], slices: [] });
    const one = await a.assemble([document], { jobs: 1 });
    const many = await b.assemble([document], { jobs: 8 });
    assert.deepEqual(one.config, many.config);
  });

  it("A8: have the recipe's permissions, of one path and of all below, and in all names of a file", async () => {
    await using w = await openWorld(key, packages);
    const files: RecipeDocument["files"] = [
      { path: "/app", directory: true },
      { path: "/app/a", text: "1", mode: "0755" },
      { path: "/app/link", link: "a" },
      { path: "/app/b", hardLink: "/app/a" },
      { path: "/other", text: "2" },
      { path: "/deep/implied/file", text: "3" },
    ];
    const permissions: RecipeDocument["permissions"] = [
      { path: "/app", recursive: true, uid: 5, gid: 6, mode: "0640" },
      { path: "/app/b", mode: "4750" },
      { path: "/lib/x/libc.so.6", gid: 7 },
      { path: "/usr/lib", directoryMode: "0711" },
      { path: "/deep", recursive: true, uid: 9, mode: "0600" },
    ];
    const base = await assemble(w, { files, permissions });
    const entries = [
      "app",
      "app/a",
      "app/b",
      "app/link",
      "other",
      "usr/lib/x/libc.so.6",
      "usr/lib",
      "usr/lib/x",
      "deep",
      "deep/implied",
    ].map((path) => {
      const entry = layerTree(base.layers).lookup(treePath(path));
      return `${path} ${entry?.mode.toString(8)} ${entry?.uid}:${entry?.gid}`;
    });
    assert.deepEqual(entries, [
      "app 750 5:6",
      "app/a 4750 5:6",
      "app/b 4750 5:6",
      "app/link 777 5:6",
      "other 644 0:0",
      "usr/lib/x/libc.so.6 755 0:7",
      "usr/lib 711 0:0",
      "usr/lib/x 755 0:0",
      "deep 700 9:0",
      "deep/implied 700 9:0",
    ]);
    await assert.rejects(assemble(w, { permissions: [{ path: "/nowhere", uid: 1 }] }), {
      code: "RECIPE",
      message: /its permissions name "\/nowhere", which the base does not have/,
    });
  });

  it("A8: keep the recipe's own directories below a shell that comes on top of them", async () => {
    await using w = await openWorld(key, packages);
    for (const layers of [1, 10]) {
      const settings: Partial<RecipeDocument> = {
        layers,
        files: [{ path: "/usr/bin", directory: true, mode: "0711" }],
        variants: { debug: { busybox: "busybox-static" } },
      };
      const { layers: made } = await assemble(w, settings, "debug");
      assert.deepEqual([layerTree(made).lookup(treePath("usr/bin"))?.mode, made.length === 1], [0o711, layers === 1]);
    }
  });

  it("A8: have hard links to files of packages, with the file in the same layer", async () => {
    await using w = await openWorld(key, packages);
    const base = await assemble(w, { files: [{ path: "/usr/bin/c", hardLink: "/lib/x/libc.so.6" }] });
    const top = base.layers.at(-1);
    assert.ok(top);
    const tree = layerTree([top]);
    const names = ["usr/bin/c", "usr/lib/x/libc.so.6"].map((path) => tree.lookup(treePath(path)));
    assert.deepEqual(
      names.map((entry) => [entry?.kind, entry?.mode, entry?.size]),
      [
        ["file", 0o755, names[1]?.size],
        ["file", 0o755, names[1]?.size],
      ],
    );
    assert.ok(names[0] !== undefined && tree.linkGroup(names[0]) !== undefined);
    for (const hardLink of ["/nowhere", "/usr/lib", "/bin"])
      await assert.rejects(assemble(w, { files: [{ path: "/x", hardLink }] }), { code: "RECIPE", message: /which is no file of the base/ });
  });

  it("A8: have a probe for a health check by http, and a configuration that starts it", async () => {
    await using w = await openWorld(key, packages);
    const healthcheck = {
      http: "http://localhost:8080/up",
      interval: "1m30s",
      timeout: "2s",
      startPeriod: "500ms",
      startInterval: "1s",
      retries: 4,
    };
    const settings: Partial<RecipeDocument> = {
      healthcheck,
      labels: { version: "${version:libc6}" },
      ports: ["8080", "53/udp", "9000-9001"],
      volumes: ["/data"],
      stopSignal: "SIGINT",
      variants: { plain: { healthcheck: "none", labels: { more: "1" } }, own: { healthcheck: { command: ["/app", "-check"] } } },
    };
    const base = await assemble(w, settings);
    const { Env: _env, User: _user, WorkingDir: _dir, ...config } = base.config.config ?? {};
    assert.deepEqual(config, {
      Labels: { version: "1.0" },
      ExposedPorts: { "53/udp": {}, "8080/tcp": {}, "9000/tcp": {}, "9001/tcp": {} },
      Volumes: { "/data": {} },
      StopSignal: "SIGINT",
      Healthcheck: {
        Test: ["CMD", "/usr/bin/healthcheck"],
        Interval: 90e9,
        Timeout: 2e9,
        StartPeriod: 5e8,
        StartInterval: 1e9,
        Retries: 4,
      },
    });
    const probe = layerTree(base.layers).lookup(treePath("usr/bin/healthcheck"));
    assert.deepEqual([probe?.kind, probe?.mode], ["file", 0o755]);
    const plain = await assemble(w, settings, "plain");
    assert.deepEqual([plain.config.config?.Healthcheck, plain.config.config?.Labels], [undefined, { version: "1.0", more: "1" }]);
    assert.equal(layerTree(plain.layers).lookup(treePath("usr/bin/healthcheck")), undefined);
    const own = await assemble(w, settings, "own");
    assert.deepEqual(own.config.config?.Healthcheck, { Test: ["CMD", "/app", "-check"] });
  });
});
