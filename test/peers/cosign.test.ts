/** F4: signatures between Decant and the real cosign 3 of Debian sid, by keys of every kind: `npm run test:peers` installs it. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { signImage, verifyImage } from "../../src/index.ts";
import { tarOf } from "../support/archive.ts";
import { startFakeRegistry } from "../support/registry.ts";

const COSIGN = join(process.env["PEERS"] ?? join(homedir(), ".cache/decant-peers"), "sid/usr/bin/cosign");
const folder = mkdtempSync(join(tmpdir(), "decant-cosign-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "store");
const env = { ...process.env, COSIGN_PASSWORD: "", HOME: folder };

async function cosign(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(COSIGN, args, { cwd: folder, env });
  return stdout + stderr;
}

const ROWS: readonly {
  readonly name: string;
  readonly pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly digest?: string;
}[] = [
  { name: "p256", pair: generateKeyPairSync("ec", { namedCurve: "P-256" }) },
  // cosign signs by these digests, and wants to be told them when it verifies.
  { name: "p384", pair: generateKeyPairSync("ec", { namedCurve: "P-384" }), digest: "sha384" },
  { name: "p521", pair: generateKeyPairSync("ec", { namedCurve: "P-521" }), digest: "sha512" },
  { name: "rsa", pair: generateKeyPairSync("rsa", { modulusLength: 3072 }) },
];

for (const { name, pair, digest = "sha256" } of ROWS)
  for (const referrersApi of [true, false])
    test(`F4: ${name}: each verifies what the other has signed, ${referrersApi ? "by the referrers API" : "under the referrers tag"}`, async () => {
      await using registry = await startFakeRegistry({ referrersApi });
      writeFileSync(join(folder, `${name}.key`), pair.privateKey.export({ type: "pkcs8", format: "pem" }));
      writeFileSync(join(folder, `${name}.pub`), pair.publicKey.export({ type: "spki", format: "pem" }));
      for (const repository of ["ours", "theirs"])
        registry.addImage(repository, "v1", {
          layers: [tarOf([{ path: "a", content: repository }])],
          config: { architecture: "amd64", os: "linux" },
        });
      await signImage({ root, env, image: `docker://${registry.host}/ours:v1`, key: `${name}.key`, cwd: folder }).result;
      const open = ["--allow-http-registry", "--insecure-ignore-tlog", "--signature-digest-algorithm", digest];
      assert.match(await cosign("verify", ...open, "--key", `${name}.pub`, `${registry.host}/ours:v1`), /docker-manifest-digest/);

      await cosign("import-key-pair", "--yes", "--key", `${name}.key`, "--output-key-prefix", `cosign-${name}`);
      const quiet = ["--yes", "--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry"];
      await cosign("sign", ...quiet, "--key", `cosign-${name}.key`, `${registry.host}/theirs:v1`);
      const image = `docker://${registry.host}/theirs:v1`;
      const { signatures } = await verifyImage({ root, env, image, keys: [`${name}.pub`], cwd: folder }).result;
      assert.deepEqual(
        signatures.map(({ key }) => key),
        [`${name}.pub`],
      );
    });
