import assert from "node:assert/strict";
import { test } from "node:test";
import { makeKeyPair, readPrivateKey } from "./keys.ts";
import { opened, sealed } from "./secret-box.ts";

test("F4: a box opens with its password alone", async () => {
  const box = await sealed(Buffer.from("content"), "a word");
  assert.deepEqual(await opened(box, "a word"), Buffer.from("content"));
  assert.equal(await opened(box, "another"), "password");
  const { ciphertext, ...rest } = JSON.parse(box);
  assert.equal(
    await opened(JSON.stringify({ ...rest, ciphertext: `${ciphertext.startsWith("A") ? "B" : "A"}${ciphertext.slice(1)}` }), "a word"),
    "password",
  );
});

test("F4: a box that wants more memory than Decant gives, or is none, is damaged", async () => {
  const box = JSON.parse(await sealed(Buffer.from("content"), ""));
  const kdf = (params: object): string => JSON.stringify({ ...box, kdf: { ...box.kdf, params } });
  for (const text of ["", "{}", kdf({ N: 2 ** 30, r: 8, p: 1 }), kdf({ N: 65_536, r: 8, p: 1000 }), kdf({ N: -1, r: 8, p: 1 })])
    assert.equal(await opened(text, ""), "damaged");
  const nonce = { ...box, cipher: { ...box.cipher, nonce: "AAAA" } };
  assert.equal(await opened(JSON.stringify(nonce), ""), "damaged");
});

test("F4: a pair of keys may have an empty password, and a key that was cut says so", async () => {
  const { privateKey } = await makeKeyPair("");
  const key = await readPrivateKey({ shown: "a.key", text: privateKey }, async () => "");
  assert.equal(key.asymmetricKeyDetails?.namedCurve, "prime256v1");
  const cut = privateKey.replace(/\n[^\n]+\n(-----END)/, "\n$1");
  await assert.rejects(
    readPrivateKey({ shown: "a.key", text: cut }, async () => ""),
    /Cannot use key "a.key": it is damaged/,
  );
});
