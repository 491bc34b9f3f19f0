/** The network of steps and containers without root: their own behind this machine where pasta or slirp4netns can be, else a warning. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { findTool, runProcess } from "../../src/sys/index.ts";
import { DECANT } from "../support/command.ts";
import { type OtherUser, otherUser } from "../support/other-user.ts";

/** What the machine of an ordinary user has, and ours may not: a tun device for everybody. */
const WITH_TUN = 'mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"';

describe("H1: networks without root", { timeout: 600_000 }, () => {
  let server: Server;
  let port = 0;
  before(async () => {
    server = createServer((socket) => socket.end("host\n"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    port = typeof address === "object" && address !== null ? address.port : 0;
  });
  after(() => server.close());

  /** A user whose PATH has these programs besides the usual ones of a build. */
  const userWith = (...names: readonly string[]): OtherUser => {
    const user = otherUser();
    const bin = join(user.home, "bin");
    mkdirSync(bin);
    for (const name of ["crun", "runc", "setpriv", "sh", "unshare", "newuidmap", "newgidmap", "rm", "node", "env", ...names]) {
      const found = name === "node" ? process.execPath : findTool(name);
      if (found !== undefined) symlinkSync(found, join(bin, name));
    }
    mkdirSync(join(user.home, "context"));
    copyFileSync("/usr/bin/busybox", join(user.home, "context/busybox"));
    chmodSync(join(user.home, "context/busybox"), 0o755);
    return user;
  };
  const decant = async (user: OtherUser, argv: readonly string[], tun = true): Promise<{ code: number; said: string }> => {
    const way = tun ? ["unshare", "--mount", "sh", "-c", WITH_TUN, "sh"] : [];
    const env = { ...user.env, PATH: join(user.home, "bin") };
    const as = user.as.map((word) => (word === "setpriv" ? (findTool("setpriv") ?? word) : word));
    const { exitCode, stdout, stderr } = await runProcess({
      argv: [...way, ...as, "env", `PATH=${env.PATH}`, DECANT, ...argv],
      env: { ...env, PATH: process.env["PATH"] ?? "" },
      cwd: user.home,
    });
    return { code: exitCode ?? -1, said: `${stdout.toString()}${stderr.toString()}` };
  };
  /** Tells whether a step reaches the loopback of this machine. */
  const look = async (
    user: OtherUser,
    options: readonly string[] = [],
    tun = true,
    flag = "",
  ): Promise<{ reaches: boolean; said: string }> => {
    const dockerfile = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
RUN ${flag} nc 127.0.0.1 ${port} </dev/null; ip -o addr | grep -v "lo " | head -1; true
RUN ${flag} true
`;
    writeFileSync(join(user.home, "context/Dockerfile"), dockerfile);
    chownSync(join(user.home, "context/Dockerfile"), user.uid, user.uid);
    const { code, said } = await decant(user, ["build", "--progress=plain", ...options, "context"], tun);
    assert.equal(code, 0, said);
    return { reaches: /^#\d+ [\d.]+ host$/m.test(said), said };
  };

  for (const program of ["pasta", "slirp4netns"])
    it(`H1: keeps steps from the loopback of this machine by ${program}, and leaves no process`, async () => {
      using user = userWith(program);
      const { reaches, said } = await look(user);
      assert.equal(reaches, false);
      assert.doesNotMatch(said, /HostNetwork/);
      assert.match(said, /inet \d+\.\d+\.\d+\.\d+/);
      const { stdout } = await runProcess({ argv: ["ps", "-u", String(user.uid), "-o", "args="] });
      assert.doesNotMatch(stdout.toString(), /pasta|slirp4netns/);
    });

  it("H1: says once that steps are on the network of this machine, without a program that isolates them", async () => {
    using user = userWith();
    const { reaches, said } = await look(user);
    assert.equal(reaches, true);
    assert.equal(said.match(/HostNetwork: .*there is neither pasta nor slirp4netns on PATH \(apt-get install passt\)/g)?.length, 1, said);
  });

  it("H1: says why the program could not isolate them", async () => {
    using user = userWith("pasta");
    const { said } = await look(user, [], false);
    // Where everybody may open the device, it can.
    if (/HostNetwork/.test(said)) assert.match(said, /HostNetwork: .*pasta failed: .*tun.*chmod 666 \/dev\/net\/tun/);
  });

  for (const [what, options, flag] of [
    ["a build", ["--network=host"], ""],
    ["a step", [], "--network=host"],
  ] as const)
    it(`H1: gives ${what} the network of this machine that asks for it, without a word`, async () => {
      using user = userWith("pasta");
      const { reaches, said } = await look(user, options, true, flag);
      assert.equal(reaches, true);
      assert.doesNotMatch(said, /HostNetwork/);
    });

  for (const program of ["pasta", "slirp4netns"])
    it(`H1: publishes ports of a container without root by ${program}`, async () => {
      using user = userWith(program);
      await look(user, ["-t", "web"]);
      const argv = [DECANT, "run", "--name=web", "-p", "127.0.0.1::80", "web", "sh", "-c", "while :; do echo inside | nc -l -p 80; done"];
      const child = spawn("unshare", ["--mount", "sh", "-c", WITH_TUN, "sh", ...user.as, ...argv], {
        env: user.env,
        cwd: user.home,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
      try {
        let answer = "";
        for (let tries = 0; tries < 500 && answer === "" && child.exitCode === null; tries += 1) {
          await setTimeout(20);
          const [one] = JSON.parse(user.decant("ps", "--format=json").out || "[]") as readonly {
            readonly ports?: readonly { readonly hostPort: number }[];
          }[];
          const hostPort = one?.ports?.[0]?.hostPort;
          if (hostPort === undefined) continue;
          answer = (await runProcess({ argv: ["busybox", "nc", "127.0.0.1", String(hostPort)] })).stdout.toString().trim();
        }
        assert.equal(answer, "inside", said);
      } finally {
        user.decant("stop", "--time=0", "web");
        child.kill("SIGKILL");
      }
    });
});
