import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { clearsign, type FakeKey, makeKey } from "../../test/support/archive.ts";
import { DEFAULT_KEYRING, joinKeyrings, keyringOf, loadKeyring } from "./keyring.ts";
import { verifyInline } from "./signature.ts";

const signedAt = new Date("2026-03-01T00:00:00Z");
const options = { name: "InRelease", now: new Date("2026-03-02T00:00:00Z") };

describe("loadKeyring()", () => {
  let keys: readonly [FakeKey, FakeKey];
  before(async () => {
    keys = [await makeKey("one"), await makeKey("two")];
  });

  const armor = (key: FakeKey): string => key.privateKey.toPublic().armor();
  const binary = (key: FakeKey): Uint8Array => key.privateKey.toPublic().write();
  const rows: readonly { name: string; files: (one: FakeKey, two: FakeKey) => (string | Uint8Array)[] }[] = [
    { name: "a binary file of several keys", files: (one, two) => [Buffer.concat([binary(one), binary(two)])] },
    {
      name: "an armored file of several blocks with text between",
      files: (one, two) => [`# ours\n${armor(one)}\nand theirs\n${armor(two)}`],
    },
    { name: "several files, binary and armored", files: (one, two) => [binary(one), armor(two)] },
  ];
  for (const row of rows) {
    it(`takes every key of ${row.name}`, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-keyring-"));
      const files = row.files(...keys);
      const paths = files.map((_, at) => join(dir.path, `${at}.key`));
      for (const [at, path] of paths.entries()) await writeFile(path, files[at] ?? "");
      const keyring = await loadKeyring(paths);
      for (const key of keys) {
        const { signers } = await verifyInline(await clearsign("Suite: a\n", key, signedAt), keyring, options);
        assert.equal(signers.length, 1);
      }
    });
  }

  const faults = [
    { name: "no keyring", content: undefined, want: /^Cannot trust "[^"]*": there is no such keyring$/ },
    { name: "what is no key", content: "hello", want: /it is no keyring that can be read|the keyring has no public key/ },
    { name: "an empty file", content: "", want: /it is no keyring that can be read/ },
    { name: "a signature instead of keys", content: "-----BEGIN PGP SIGNATURE-----\n", want: /the keyring has no public key/ },
    {
      name: "a keybox of GnuPG",
      content: `${"\0".repeat(8)}KBXf${"\0".repeat(20)}`,
      want: /it is a keybox of GnuPG; wanted exported keys/,
    },
  ];
  for (const row of faults) {
    it(`refuses ${row.name}`, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-keyring-"));
      const path = join(dir.path, "key");
      if (row.content !== undefined) await writeFile(path, row.content);
      const use = async (): Promise<unknown> =>
        await verifyInline(await clearsign("Suite: a\n", keys[0], signedAt), await loadKeyring(path), options);
      await assert.rejects(use(), { code: "DEBIAN_SIGNATURE", message: row.want });
    });
  }

  it("X4: refuses what is no file, and reads no device", async () => {
    for (const path of ["/dev/zero", "/etc"])
      await assert.rejects(loadKeyring(path), {
        code: "DEBIAN_SIGNATURE",
        message: /the keyring cannot be read: it is a .*; wanted a file/,
      });
  });

  it("reads Debian's own keyring", { skip: !existsSync(DEFAULT_KEYRING) && "debian-archive-keyring is not installed" }, async () => {
    const signed = await clearsign("Suite: a\n", keys[0], signedAt);
    await assert.rejects(verifyInline(signed, await loadKeyring(), options), {
      code: "DEBIAN_SIGNATURE",
      message: /is not in the keyring/,
    });
  });
});

describe("joinKeyrings()", () => {
  it("names and tells apart what it joins", () => {
    const [a, b] = [keyringOf("a.gpg", Buffer.from("a")), keyringOf("b.gpg", Buffer.from("b"))];
    const joined = joinKeyrings([a, b]);
    assert.equal(joined.name, "a.gpg, b.gpg");
    assert.equal(joinKeyrings([a]), a);
    assert.notEqual(joined.digest, joinKeyrings([b, a]).digest);
  });
});
