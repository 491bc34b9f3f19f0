/** `decant login` and `decant logout` as people type them: at a real terminal (by `script`), and with a pipe. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempDisposable, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DECANT } from "../support/command.ts";
import { startFakeRegistry } from "../support/registry.ts";

const ME = { username: "me", password: "pa:ss w0rd" };

interface Typed {
  /** What the terminal must show first. */
  readonly after: string;
  readonly keys: string;
}

interface Seen {
  readonly code: number | null;
  /** All that the terminal showed, or both outputs. */
  readonly shown: string;
}

/** Runs a shell command at a terminal, and types. */
async function atTerminal(command: string, typed: readonly Typed[], env: Readonly<Record<string, string>>): Promise<Seen> {
  const child = spawn("script", ["-qec", command, "/dev/null"], { env: { PATH: process.env["PATH"], SHELL: "/bin/sh", ...env } });
  const left = [...typed];
  let shown = "";
  let read = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString("utf8");
    const next = left[0];
    const at = next === undefined ? -1 : shown.indexOf(next.after, read);
    if (next === undefined || at < 0) return;
    read = at + next.after.length;
    left.shift();
    child.stdin.write(next.keys);
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on("close", resolve);
  return { code: await promise, shown };
}

async function withInput(args: readonly string[], input: string, env: Readonly<Record<string, string>>): Promise<Seen> {
  const child = spawn(DECANT, args, { env: { PATH: process.env["PATH"], ...env } });
  let shown = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => void (shown += chunk.toString("utf8")));
  child.stdin.end(input);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on("close", resolve);
  return { code: await promise, shown };
}

async function world() {
  await using stack = new AsyncDisposableStack();
  const registry = stack.use(await startFakeRegistry({ auth: { kind: "basic", ...ME } }));
  const folder = await mkdtempDisposable(join(tmpdir(), "decant-login-"));
  stack.defer(() => folder.remove());
  const held = stack.move();
  const config = join(folder.path, "config.json");
  return {
    host: registry.host,
    config,
    env: { DOCKER_CONFIG: folder.path, HOME: folder.path },
    kept: async () => JSON.parse(await readFile(config, "utf8")).auths,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const AUTH = { auth: Buffer.from(`${ME.username}:${ME.password}`).toString("base64") };

describe("F.3: decant login at a terminal", () => {
  for (const { name, args, typed } of [
    { name: "asks for the password", args: "-u me", typed: [] },
    { name: "asks for user and password", args: "", typed: [{ after: "Username: ", keys: "me\r" }] },
  ]) {
    it(`${name}, and shows nothing of it`, async () => {
      await using it = await world();
      const keys = [...typed, { after: "Password: ", keys: `${ME.password}\r` }];
      const { code, shown } = await atTerminal(`${DECANT} login ${args} ${it.host}`, keys, it.env);
      assert.equal(code, 0, shown);
      assert.match(shown, /Login Succeeded/);
      assert.doesNotMatch(shown, /w0rd/);
      assert.deepEqual(await it.kept(), { [it.host]: AUTH });
    });
  }

  for (const { name, key, code } of [
    { name: "Ctrl-C", key: "\u0003", code: 130 },
    { name: "Ctrl-D", key: "\u0004", code: 1 },
  ]) {
    it(`ends by ${name}, keeps nothing, and leaves the terminal as it was`, async () => {
      await using it = await world();
      const command = `stty -a | grep -o ' -\\?echo '; ${DECANT} login -u me ${it.host}; code=$?; stty -a | grep -o ' -\\?echo '; exit $code`;
      const seen = await atTerminal(command, [{ after: "Password: ", keys: key }], it.env);
      assert.equal(seen.code, code, seen.shown);
      assert.deepEqual(seen.shown.match(/^ -?echo /gm), [" echo ", " echo "]);
      await assert.rejects(stat(it.config), { code: "ENOENT" });
    });
  }
});

describe("F.3: decant login with a pipe", () => {
  it("reads the password, and decant logout forgets it and says who has another", async () => {
    await using it = await world();
    const args = ["login", "-u", "me", "--password-stdin", it.host];
    const { code, shown } = await withInput(args, `${ME.password}\n`, it.env);
    assert.equal(code, 0, shown);
    assert.doesNotMatch(shown, /w0rd/);
    assert.deepEqual(await it.kept(), { [it.host]: AUTH });
    const podman = JSON.stringify({ auths: { [it.host]: AUTH } });
    const out = await withInput(["logout", it.host], "", { ...it.env, DOCKER_AUTH_CONFIG: podman });
    assert.deepEqual(await it.kept(), {});
    assert.equal(out.code, 0, out.shown);
    assert.match(out.shown, /Removed the credentials of .*\n?.*WARNING: \$DOCKER_AUTH_CONFIG still has credentials/s);
  });

  const refused = [
    { name: "a wrong password", args: ["-u", "me", "--password-stdin"], input: "wrong", message: /refuses this user or password/ },
    { name: "no password", args: ["-u", "me", "--password-stdin"], input: "", message: /the password is empty/ },
    { name: "no terminal", args: ["-u", "me"], input: "x", message: /standard input is no terminal/ },
    { name: "no user", args: ["--password-stdin"], input: "x", message: /there is no user/ },
  ];
  for (const { name, args, input, message } of refused) {
    it(`refuses ${name}, and leaves the file as it is`, async () => {
      await using it = await world();
      await writeFile(it.config, '{"auths": {}}');
      const { code, shown } = await withInput(["login", ...args, it.host], input, it.env);
      assert.notEqual(code, 0);
      assert.match(shown, message);
      assert.equal(await readFile(it.config, "utf8"), '{"auths": {}}');
    });
  }
});
