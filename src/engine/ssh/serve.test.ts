/** The agent, asked by the host's ssh-add and ssh-keygen, and by hand. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import type { SshAgent } from "./agent.ts";
import { readSshKey, type SshKey } from "./key.ts";
import { serveAgent } from "./serve.ts";
import { frames, wireString } from "./wire.ts";

const run = promisify(execFile);
const ACCESS = { mode: 0o640, uid: 12, gid: 34 };
const OWN = { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function newKey(folder: string, name: string, ...args: readonly string[]): SshKey {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-f", file, "-N", "", "-C", name, ...args]);
  const read = readSshKey(readFileSync(file, "utf8"));
  if (read.kind !== "key") throw new Error(read.kind);
  return read.key;
}

/** Sends bytes and gives the frames that come back until the other side ends. */
async function exchange(path: string, bytes: Uint8Array): Promise<readonly string[]> {
  const socket = connect(path);
  socket.end(bytes);
  const answers: string[] = [];
  try {
    for await (const answer of frames(socket, 1 << 20)) answers.push(answer.toString("latin1"));
  } catch (error) {
    answers.push(String(error));
  }
  return answers;
}

async function ofAgent<Result>(agent: SshAgent, ask: (path: string) => Promise<Result>): Promise<Result> {
  await using served = await serveAgent(agent, OWN);
  return await ask(served.path);
}

describe("serveAgent() with keys", () => {
  it("has the mode and owner asked for, and leaves no socket behind", async () => {
    let path: string;
    {
      await using served = await serveAgent({ kind: "keys", keys: [] }, ACCESS);
      ({ path } = served);
      const { mode, uid, gid } = statSync(path);
      assert.deepEqual([mode & 0o777, uid, gid], [0o640, 12, 34]);
    }
    assert.equal(existsSync(path), false);
  });

  it("shows its keys to ssh-add, without comments, and takes and loses none", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-agent-"));
    const keys = [newKey(folder.path, "a", "-t", "ed25519"), newKey(folder.path, "b", "-t", "rsa", "-b", "2048")];
    await using served = await serveAgent({ kind: "keys", keys }, OWN);
    const env = { PATH: process.env["PATH"], SSH_AUTH_SOCK: served.path };
    const list = async (): Promise<string> => (await run("ssh-add", ["-L"], { env })).stdout;
    const wanted = ["a", "b"].map((name) => readFileSync(join(folder.path, `${name}.pub`), "utf8").replace(/ \S+\n$/, " \n")).join("");
    assert.equal(await list(), wanted);
    for (const change of [["-D"], ["-d", join(folder.path, "a.pub")], [join(folder.path, "a")]])
      await assert.rejects(run("ssh-add", change, { env, timeout: 20_000 }));
    assert.equal(await list(), wanted);
  });

  for (const args of [["ed25519"], ["rsa", "-b", "2048"], ["ecdsa", "-b", "256"], ["ecdsa", "-b", "384"], ["ecdsa", "-b", "521"]]) {
    it(`signs with ${args.join(" ")} as ssh-keygen verifies it`, async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), "decant-agent-"));
      const key = newKey(folder.path, "key", "-t", ...args);
      const inside = (name: string): string => join(folder.path, name);
      writeFileSync(inside("text"), "to be signed");
      writeFileSync(inside("allowed"), `me ${readFileSync(inside("key.pub"), "utf8")}`);
      await using served = await serveAgent({ kind: "keys", keys: [key] }, OWN);
      // With the public key alone, ssh-keygen asks the agent.
      await run("mv", [inside("key"), inside("hidden")]);
      const env = { PATH: process.env["PATH"], SSH_AUTH_SOCK: served.path };
      await run("ssh-keygen", ["-q", "-Y", "sign", "-n", "test", "-f", inside("key.pub"), inside("text")], { env });
      const verify = ["-Y", "verify", "-n", "test", "-I", "me", "-f", inside("allowed"), "-s", inside("text.sig")];
      const child = spawn("ssh-keygen", verify, { stdio: ["pipe", "ignore", "ignore"] });
      child.stdin.end("to be signed");
      assert.deepEqual(await once(child, "exit"), [0, null]);
    });
  }

  const keys: readonly SshKey[] = [{ blob: Buffer.from("blob"), sign: () => Buffer.from("signed") }];
  const sign = (blob: string): Buffer => Buffer.concat([Buffer.of(13), wireString(blob), wireString("data"), Buffer.alloc(4)]);
  const rows = [
    {
      name: "answers in the order of the questions",
      send: [Buffer.of(11), sign("blob")],
      want: ["\x0c\0\0\0\x01\0\0\0\x04blob\0\0\0\0", "\x0e\0\0\0\x06signed"],
    },
    { name: "refuses to sign with a key that it does not have", send: [sign("else")], want: ["\x05"] },
    { name: "refuses a request that is cut off", send: [sign("blob").subarray(0, -1)], want: ["\x05"] },
    { name: "refuses what it does not know, and nothing at all", send: [Buffer.of(200), Buffer.alloc(0)], want: ["\x05", "\x05"] },
  ];
  for (const { name, send, want } of rows) {
    it(name, async () => {
      const said = await ofAgent({ kind: "keys", keys }, (path) => exchange(path, Buffer.concat(send.map((each) => wireString(each)))));
      assert.deepEqual(said, want);
    });
  }

  it("ends a conversation of messages that are too long", async () => {
    assert.deepEqual(await ofAgent({ kind: "keys", keys }, (path) => exchange(path, Buffer.from("ffffffff00", "hex"))), []);
  });
});

describe("serveAgent() of another agent", () => {
  it("passes on questions about keys and signatures only", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-agent-"));
    const path = join(folder.path, "agent");
    const heard: number[] = [];
    await using server = createServer((client) => {
      const answer = async (): Promise<void> => {
        for await (const request of frames(client, 1 << 20)) {
          heard.push(request[0] ?? -1);
          client.write(wireString(`heard ${request[0]}`));
        }
      };
      answer().catch(() => undefined);
    });
    await new Promise<void>((listening) => server.listen(path, listening));
    const send = Buffer.concat([11, 17, 19, 22, 27, 13].map((type) => wireString(Buffer.of(type))));
    const said = await ofAgent({ kind: "socket", path }, (own) => exchange(own, send));
    assert.deepEqual(said, ["heard 11", "\x05", "\x05", "\x05", "\x05", "heard 13"]);
    assert.deepEqual(heard, [11, 13]);
  });

  it("closes connections when the agent is gone, and does not fail", async () => {
    const said = await ofAgent({ kind: "socket", path: "/nonexistent/agent" }, (path) => exchange(path, wireString(Buffer.of(11))));
    assert.match(said.join(), /^$|ECONNRESET|EPIPE/);
  });
});
