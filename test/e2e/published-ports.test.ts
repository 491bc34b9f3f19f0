/** `decant run -p`: ports of a container at this machine, by pasta and by slirp4netns, by the command. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { listContainers, runImage, type RunningContainer } from "../../src/index.ts";
import { findTool, runProcess } from "../../src/sys/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

/** Answers each connection to its port with what the container is called. */
const SERVE = ["sh", "-c", "while :; do hostname | nc -l -p 80; done"];

describe("F7: decant run -p", { timeout: 600_000 }, () => {
  const stack = new AsyncDisposableStack();
  let shop: Workshop;
  before(async () => {
    shop = stack.use(workshop());
    addBusybox(shop);
    symlinkSync("busybox", join(shop.context, "busybox/bin/nc"));
    symlinkSync("busybox", join(shop.context, "busybox/bin/ip"));
    await shop.build(`${BUSYBOX}EXPOSE 80\nUSER 1000\n`, { tags: ["web"] });
  });
  after(() => stack.disposeAsync());

  /** A PATH with OCI runtimes and one of the two programs, or none. */
  const pathWith = (...names: readonly string[]): string => {
    const folder = join(shop.folder, `path-${names.join("-")}`);
    mkdirSync(folder);
    for (const name of ["runc", "crun", "setpriv", "sh", ...names]) {
      const found = findTool(name);
      if (found !== undefined) symlinkSync(found, join(folder, name));
    }
    return folder;
  };
  const start = async (path: string, options: Partial<Parameters<typeof runImage>[0]>): Promise<RunningContainer> =>
    await runImage({ root: shop.root, env: { PATH: path }, image: "web", hostname: "inside", onOutput: () => undefined, ...options });
  /** What a port of this machine says. */
  const answer = async (port: number, host = "127.0.0.1"): Promise<string> => {
    for (;;) {
      const { stdout } = await runProcess({ argv: ["busybox", "nc", host, String(port)] });
      // Before the container listens, the connection ends at once.
      if (stdout.byteLength > 0) return stdout.toString().trim();
    }
  };
  const forwarders = async (): Promise<number> => {
    const { stdout } = await runProcess({ argv: ["ps", "-eo", "args"] });
    return stdout
      .toString()
      .split("\n")
      .filter((line) => /^\S*(?:pasta|passt|slirp4netns)\S* .*decant-/.test(line)).length;
  };

  for (const program of ["pasta", "slirp4netns"])
    it(`reaches a container by ${program}, whose user listens at port 80, and leaves no process`, async () => {
      const before = await forwarders();
      {
        await using container = await start(pathWith(program), { args: SERVE, ports: [{ containerPort: 80, protocol: "tcp" }] });
        const hostPort = container.ports[0]?.hostPort ?? 0;
        assert.equal(await answer(hostPort), "inside");
        assert.deepEqual(
          (await listContainers({ root: shop.root })).map(({ ports }) => ports),
          [container.ports],
        );
        assert.equal(await forwarders(), before + 1);
      }
      assert.equal(await forwarders(), before);
    });

  it("publishes what the image exposes, and listens at the address that is named", async () => {
    const ports = [{ hostIp: "127.0.0.2", containerPort: 80, protocol: "tcp" }] as const;
    await using named = await start(process.env["PATH"] ?? "", { args: SERVE, ports, publishAll: true });
    assert.equal(named.ports.length, 1);
    assert.equal(await answer(named.ports[0]?.hostPort ?? 0, "127.0.0.2"), "inside");
    await using exposed = await start(process.env["PATH"] ?? "", { args: SERVE, publishAll: true });
    assert.deepEqual(
      exposed.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`),
      ["80/tcp"],
    );
  });

  const said = async (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { stdout, stderr } = await runProcess({
      argv: [DECANT, "run", ...args],
      env: { ...process.env, DECANT_ROOT: shop.root, ...env },
    });
    return `${stdout.toString()}${stderr.toString()}`;
  };

  /** A port of this machine where something listens. */
  const taken = async (host: string): Promise<{ readonly port: number } & AsyncDisposable> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    return { port: address.port, [Symbol.asyncDispose]: () => new Promise((closed) => server.close(() => closed())) };
  };

  it("has name servers, and no port of this machine", async () => {
    await using server = await taken("127.0.0.1");
    const script = `grep nameserver /etc/resolv.conf; nc 127.0.0.1 ${server.port} </dev/null 2>&1 || echo shut; ip -o link | wc -l`;
    assert.equal(
      await said(["-p", "127.0.0.1::80", "web", "sh", "-c", script]).then((text) => text.replace(/^Published .*\n/m, "")),
      ["nameserver 169.254.1.1", "nc: can't connect to remote host (127.0.0.1): Connection refused", "shut", "2", ""].join("\n"),
    );
  });

  it("refuses ports that are taken, a machine without a program for it, and networks without ports", async () => {
    await using server = await taken("0.0.0.0");
    assert.match(
      await said(["-p", `${server.port}:80`, "web", "true"]),
      /^ERROR: Cannot publish at 0\.0\.0\.0:\d+: another program listens there/,
    );
    await assert.rejects(start(pathWith(), { args: ["true"], publishAll: true }), {
      code: "NOT_FOUND",
      message: "Cannot publish ports: there is neither pasta nor slirp4netns on PATH",
      hint: /^apt-get install passt/,
    });
    assert.match(
      await said(["--network", "host", "-p", "80", "web", "true"]),
      /^ERROR: Cannot publish ports of a container with the network "host"/,
    );
    assert.match(await said(["-d", "-p", "80", "web", "true"]), /^ERROR: .*detach[\s\S]*Decant has no daemon/);
  });

  it("leaves no process when Decant is killed", async () => {
    const before = await forwarders();
    await runProcess({
      argv: [
        "/bin/sh",
        "-c",
        `mkfifo ${shop.folder}/f; "$0" run -p 127.0.0.1::80 web sh -c 'echo up; sleep 100' >${shop.folder}/f & read -r line <${shop.folder}/f; kill -9 $!; wait $!`,
        DECANT,
      ],
      env: { ...process.env, DECANT_ROOT: shop.root },
    });
    while ((await forwarders()) > before) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});
