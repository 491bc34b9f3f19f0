/** Has our own writers judged by the programs that they stand for: ldconfig, keytool, Java, and busybox itself. Needs those; run by `npm run test:catalogue`. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { canonicalSubject } from "../../src/distroless/canonical-name.ts";
import { assembleBase, loadRecipe } from "../../src/distroless/index.ts";
import { given } from "../../src/given.ts";
import { openStore } from "../../src/store/index.ts";
import { layerTree, unpackTree } from "../../src/tree/index.ts";
import { passes, STORE } from "./support.ts";

const SUBJECTS = `import java.io.*;
import java.security.cert.*;
import javax.security.auth.x500.X500Principal;
public class Subjects {
  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(new FileInputStream(args[0])))
      out.println(((X509Certificate) one).getSubjectX500Principal().getName(X500Principal.CANONICAL));
  }
}
`;

function run(command: string, ...args: readonly string[]): string {
  return passes(spawnSync(command, args, { encoding: "utf8", env: { ...process.env, LC_ALL: "C.UTF-8" } }));
}

/** What `ldconfig -p` shows of a cache, without the lines about the file. */
function cacheLines(path: string): string[] {
  return run("/usr/sbin/ldconfig", "-p", "-C", path)
    .split("\n")
    .filter((line) => line.includes("=>"));
}

describe("what we write ourselves", () => {
  const stack = new AsyncDisposableStack();
  let folder: string;
  const unpacked = async (name: string, variant?: string): Promise<string> => {
    await using store = await openStore({ root: STORE });
    const options = {
      platform: { os: "linux", architecture: "amd64" },
      maxAgeMs: 24 * 3_600_000,
      ...given({ variant }),
    };
    const base = await assembleBase(store, await loadRecipe(name), options);
    const root = join(folder, `${name}-${variant ?? "latest"}`);
    await unpackTree(layerTree(base.layers), root);
    return root;
  };
  before(async () => {
    folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-oracles-"))).path;
  });
  after(() => stack.disposeAsync());

  for (const name of ["cc-debian12", "python3-debian12", "cc-debian13", "python3-debian13", "java21-debian13"])
    it(`is the ld.so.cache of ldconfig, in the same order: ${name}`, async () => {
      const root = await unpacked(name);
      const ours = cacheLines(join(root, "etc/ld.so.cache"));
      run("/usr/sbin/ldconfig", "-r", root, "-C", "/etc/ld.so.cache.other", "-X");
      assert.deepEqual(ours, cacheLines(join(root, "etc/ld.so.cache.other")));
      assert.ok(ours.length > 20);
    });

  it("is a trust store that keytool reads, with the names that Java gives", async () => {
    const root = await unpacked("java21-debian13");
    const bundle = join(root, "etc/ssl/certs/ca-certificates.crt");
    const source = join(folder, "Subjects.java");
    await writeFile(source, SUBJECTS);
    const wanted = run("java", source, bundle).split("\n");
    const blocks = (await readFile(bundle, "latin1")).match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? [];
    assert.deepEqual(
      blocks.map((block) => canonicalSubject(new X509Certificate(block).raw)),
      wanted,
    );
    const listed = run("keytool", "-list", "-keystore", join(root, "etc/ssl/certs/java/cacerts"), "-storepass", "changeit");
    assert.match(listed, new RegExp(`contains ${blocks.length} entries`));
    assert.equal(listed.split("trustedCertEntry").length - 1, blocks.length);
  });

  for (const name of ["static-debian12", "static-debian13"])
    it(`has a link for every applet that busybox knows: ${name}`, async () => {
      const root = await unpacked(name, "debug");
      const names = run(join(root, "busybox/busybox"), "--list").split("\n");
      assert.deepEqual((await readdir(join(root, "busybox"))).toSorted(), [...new Set([...names, "busybox"])].toSorted());
    });
});
