/** The doors of `decant serve`: unix sockets, TCP with certificates, sockets of systemd, standard streams. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { openGrpcClient } from "../../src/buildkit/grpc/client.ts";
import { tunnel } from "../../src/buildkit/grpc/tunnel.ts";
import { Control } from "../../src/buildkit/wire/methods.ts";
import { DECANT } from "../support/command.ts";
import { LOCALHOST_TLS } from "../support/tls.ts";

const PYTHON_ACTIVATE = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1]); s.listen(8)
os.set_inheritable(s.fileno(), True)
if s.fileno() != 3: os.dup2(s.fileno(), 3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
`;

interface Started extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Waits for this in standard error. */
  says(text: RegExp): Promise<string>;
}

function start(folder: string, file: string, words: readonly string[]): Started {
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], DECANT_ROOT: join(folder, "store") };
  const child = spawn(file, words, { env, stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return {
    child,
    ended,
    async says(text) {
      for (;;) {
        if (text.test(said)) return said;
        const isOver = await Promise.race([
          ended.then(() => true),
          new Promise<false>((resolve) => child.stderr.once("data", () => resolve(false))),
        ]);
        assert.ok(!isOver || text.test(said), said);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** How many workers the server at the other end tells of. */
async function workersBy(duplex: Duplex): Promise<number> {
  await using client = openGrpcClient(duplex);
  const { record } = await client.unary(Control.method.listWorkers, {}, { signal: AbortSignal.timeout(20_000) });
  return record.length;
}

describe("I2: decant serve", { timeout: 600_000 }, () => {
  it("listens at a unix socket for its user only, and ends with SIGTERM", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-door-"));
    const path = join(folder.path, "new", "door.sock");
    await using server = start(folder.path, DECANT, ["serve", "--addr", `unix://${path}`]);
    await server.says(/Serving at unix:/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(await workersBy(connect(path)), 1);
    const second = start(folder.path, DECANT, ["serve", "--addr", `unix://${path}`]);
    await second.says(/another server is there/);
    assert.equal(await second.ended, 1);
    server.child.kill("SIGTERM");
    assert.equal(await server.ended, 0);
    // A server that was killed leaves its socket behind.
    await using third = start(folder.path, DECANT, ["serve", "--addr", `unix://${path}`]);
    await third.says(/Serving at unix:/);
    third.child.kill("SIGKILL");
    await third.ended;
    await using fourth = start(folder.path, DECANT, ["serve", "--addr", `unix://${path}`, "--idle", "300ms"]);
    await fourth.says(/Serving at unix:/);
    assert.equal(await workersBy(connect(path)), 1);
    assert.equal(await fourth.ended, 0, "it goes when nobody has come for a while");
  });

  it("speaks TCP with certificates on both sides only", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-door-"));
    const bare = start(folder.path, DECANT, ["serve", "--addr", "tcp://127.0.0.1:0"]);
    await bare.says(/wanted certificates on both sides/);
    assert.equal(await bare.ended, 1);
    const files = { cert: join(folder.path, "cert.pem"), key: join(folder.path, "key.pem") };
    writeFileSync(files.cert, LOCALHOST_TLS.cert);
    writeFileSync(files.key, LOCALHOST_TLS.key);
    const words = ["--tlscacert", files.cert, "--tlscert", files.cert, "--tlskey", files.key];
    await using server = start(folder.path, DECANT, ["serve", "--addr", "tcp://127.0.0.1:0", ...words]);
    const port = Number(/tcp:\/\/127\.0\.0\.1:(\d+)/.exec(await server.says(/Serving at tcp:/))?.[1]);
    const common = { host: "127.0.0.1", port, servername: "localhost", ca: LOCALHOST_TLS.cert, ALPNProtocols: ["h2"] };
    assert.equal(await workersBy(connectTls({ ...common, ...LOCALHOST_TLS })), 1);
    const stranger = connectTls(common);
    stranger.on("error", () => undefined);
    await assert.rejects(workersBy(stranger), "a client without a certificate gets nothing");
  });

  it("takes sockets that systemd has opened", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-door-"));
    const path = join(folder.path, "activated.sock");
    await using server = start(folder.path, "python3", ["-c", PYTHON_ACTIVATE, path, DECANT, "serve", "--idle", "1m"]);
    await server.says(/Serving at fd:\/\/3/);
    assert.equal(await workersBy(connect(path)), 1);
  });

  it("serves one client on its standard streams, and ends with it", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-door-"));
    mkdirSync(join(folder.path, "x"));
    await using server = start(folder.path, DECANT, ["serve", "--stdio"]);
    const { stdin, stdout } = server.child;
    assert.ok(stdin !== null && stdout !== null);
    const duplex = tunnel(
      stdout,
      (data) => new Promise((resolve, reject) => stdin.write(data, (error) => (error ? reject(error) : resolve()))),
    );
    duplex.once("finish", () => stdin.end());
    assert.equal(await workersBy(duplex), 1);
    stdin.end();
    assert.equal(await server.ended, 0);
  });

  it("outlives a client on its standard streams that reads no more, and ends well", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-door-"));
    await using server = start(folder.path, DECANT, ["serve", "--stdio"]);
    // What the server says first finds nobody.
    server.child.stdout?.destroy();
    assert.equal(await server.ended, 0);
  });

  it("says what it lacks", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-door-"));
    const rows: readonly (readonly [words: readonly string[], says: RegExp])[] = [
      [[], /there is no address/],
      [["--addr", "http://x"], /wanted unix:\/\/PATH or tcp:/],
      [["--addr", "unix://relative"], /wanted an absolute path/],
      [["--stdio", "--addr", "unix:///x"], /wanted one of them/],
      [["--addr", "tcp://:1", "--tlscert", "x"], /wanted all of/],
    ];
    for (const [words, says] of rows) {
      const server = start(folder.path, DECANT, ["serve", ...words]);
      await server.says(says);
      assert.equal(await server.ended, 1);
    }
  });
});
