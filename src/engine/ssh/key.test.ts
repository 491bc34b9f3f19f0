/** Keys as ssh-keygen writes them, judged by ssh-keygen. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readSshKey, type SshKey } from "./key.ts";
import { wireReader } from "./wire.ts";

/** What ssh-keygen makes of `args`: the text of the key, and the public key in base64. */
async function generated(...args: readonly string[]): Promise<{ readonly text: string; readonly publicKey: string }> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-key-"));
  const file = join(folder.path, "key");
  execFileSync("ssh-keygen", ["-q", "-f", file, ...args]);
  return { text: readFileSync(file, "utf8"), publicKey: readFileSync(`${file}.pub`, "utf8").split(" ")[1] ?? "" };
}

function keyOf(text: string): SshKey {
  const file = readSshKey(text);
  if (file.kind !== "key") throw new Error(file.kind === "unusable" ? file.state : file.kind);
  return file.key;
}

const PLAIN = ["-N", "", "-C", "me@home"];

describe("readSshKey()", () => {
  const rows = [
    { name: "ed25519", args: ["-t", "ed25519"], type: "ssh-ed25519" },
    { name: "RSA", args: ["-t", "rsa", "-b", "2048"], type: "ssh-rsa" },
    { name: "ECDSA of 256 bits", args: ["-t", "ecdsa", "-b", "256"], type: "ecdsa-sha2-nistp256" },
    { name: "ECDSA of 384 bits", args: ["-t", "ecdsa", "-b", "384"], type: "ecdsa-sha2-nistp384" },
    { name: "ECDSA of 521 bits", args: ["-t", "ecdsa", "-b", "521"], type: "ecdsa-sha2-nistp521" },
    { name: "RSA as PEM", args: ["-t", "rsa", "-b", "2048", "-m", "PEM"], type: "ssh-rsa" },
    { name: "ECDSA as PKCS#8", args: ["-t", "ecdsa", "-b", "256", "-m", "PKCS8"], type: "ecdsa-sha2-nistp256" },
  ];
  for (const { name, args, type } of rows) {
    it(`reads ${name} with the public key that ssh-keygen gives`, async () => {
      const { text, publicKey } = await generated(...args, ...PLAIN);
      const { blob } = keyOf(text);
      assert.equal(blob.toString("base64"), publicKey);
      assert.equal(wireReader(blob).string().toString(), type);
    });
  }

  it("signs with the hash of RSA that is asked for", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const key = keyOf(privateKey.export({ type: "pkcs1", format: "pem" }).toString());
    for (const [flags, type, hash] of [
      [0, "ssh-rsa", "sha1"],
      [2, "rsa-sha2-256", "sha256"],
      [4, "rsa-sha2-512", "sha512"],
    ] as const) {
      const fields = wireReader(key.sign(Buffer.from("data"), flags));
      assert.equal(fields.string().toString(), type);
      assert.equal(verify(hash, Buffer.from("data"), publicKey, fields.string()), true, type);
    }
  });

  const NONE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n";
  const unusable = [
    { name: "a text", text: "root:x:0:0", want: "unusable holds no private key" },
    { name: "a key that is cut off", text: NONE, want: "unusable is damaged" },
    { name: "PEM that is none", text: "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----", want: "unusable is damaged" },
    { name: "a type that it does not know", args: ["-t", "ed25519"], spoil: true, want: /^unusable is of type "ssh-xd25519"; wanted/ },
    { name: "a passphrase", args: ["-t", "ed25519", "-N", "secret"], want: "encrypted" },
    { name: "a passphrase of PEM", args: ["-t", "rsa", "-m", "PEM", "-N", "secret"], want: "encrypted" },
    { name: "a passphrase of PKCS#8", args: ["-t", "ecdsa", "-m", "PKCS8", "-N", "secret"], want: "encrypted" },
  ];
  for (const { name, text, args, spoil, want } of unusable) {
    it(`tells ${name} apart`, async () => {
      const given = text ?? (await generated(...(args ?? []), ...(args?.includes("-N") === true ? [] : PLAIN))).text;
      const file = readSshKey(spoil === true ? spoiled(given) : given);
      const said = file.kind === "unusable" ? `unusable ${file.state}` : file.kind;
      if (typeof want === "string") assert.equal(said, want);
      else assert.match(said, want);
    });
  }
});

/** The same key with another type inside. */
function spoiled(text: string): string {
  const lines = text.split("\n");
  const bytes = Buffer.from(lines.slice(1, -2).join(""), "base64");
  const at = bytes.lastIndexOf("ssh-ed25519");
  bytes.write("ssh-xd25519", at, "latin1");
  return [lines[0], bytes.toString("base64"), lines.at(-2), ""].join("\n");
}
