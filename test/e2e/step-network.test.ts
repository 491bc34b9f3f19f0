/** The network of RUN steps of root: their own behind this machine, unless a build wants another. By the command; `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hostAddress } from "../../src/engine/sandbox/network-files.ts";
import { findTool, runProcess } from "../../src/sys/index.ts";
import { DECANT } from "../support/command.ts";

const BASE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
`;
/** An address of nobody (RFC 5737). */
const ANSWER = [192, 0, 2, 77];

interface Said {
  readonly code: number | undefined;
  readonly said: string;
}

describe("H2: the network of root's steps", { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "decant-network-"));
  const context = join(folder, "context");
  let local: Listening;
  let everywhere: Listening;
  before(async () => {
    local = await listening("127.0.0.1");
    everywhere = await listening("0.0.0.0");
    mkdirSync(context);
    copyFileSync("/usr/bin/busybox", join(context, "busybox"));
    chmodSync(join(context, "busybox"), 0o755);
  });
  after(() => {
    local.server.close();
    everywhere.server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  let bins = 0;
  /** A PATH with these programs besides the usual ones of a build. */
  const pathWith = (...names: readonly string[]): string => {
    bins += 1;
    const bin = join(folder, `bin-${bins}`);
    mkdirSync(bin);
    for (const name of ["crun", "runc", "setpriv", "sh", "node", "env", "mount", "mkdir", "cat", ...names]) {
      const found = name === "node" ? process.execPath : findTool(name);
      if (found !== undefined) symlinkSync(found, join(bin, name));
    }
    return bin;
  };
  const build = async (
    script: string,
    { path = pathWith("pasta"), flags = [], way = [] }: { path?: string; flags?: readonly string[]; way?: readonly string[] } = {},
  ): Promise<Said> => {
    writeFileSync(join(context, "Dockerfile"), `${BASE}RUN ${script}\n`);
    const { exitCode, stdout, stderr } = await runProcess({
      argv: [...way, DECANT, "build", "--progress=plain", "--no-cache", ...flags, context],
      env: { ...process.env, PATH: path, DECANT_ROOT: join(folder, "store") },
    });
    return { code: exitCode, said: `${stdout.toString()}${stderr.toString()}` };
  };
  const forwarders = async (): Promise<string[]> => {
    const { stdout } = await runProcess({ argv: ["ps", "-eo", "args"] });
    return stdout
      .toString()
      .split("\n")
      .filter((line) => /^\S*(?:pasta|slirp4netns) /.test(line) && line.includes(folder));
  };
  /** Not by the proxy that a build names. */
  const reach = (port: number, host = "127.0.0.1"): string => `wget -q -O - http://${host}:${port}/; true`;

  for (const program of ["pasta", "slirp4netns"])
    it(`H2: is its own by ${program}, which ends with the build`, async () => {
      const { code, said } = await build(`${reach(local.port)}; ip -o addr | grep -c ' 10.0.2.100/'; ls /sys/class/net | wc -l`, {
        path: pathWith(program),
      });
      assert.equal(code, 0, said);
      assert.doesNotMatch(said, / of-the-machine|HostNetwork/);
      assert.match(said, / 1\n#\d+ [\d.]+ 2\n/);
      assert.deepEqual(await forwarders(), []);
    });

  it("H2: is that of the machine without such a program, and one line says so", async () => {
    const { said } = await build(`${reach(local.port)}\nRUN ${reach(local.port)}`, { path: pathWith() });
    assert.equal(said.match(/ of-the-machine$/gm)?.length, 2, said);
    assert.equal(said.match(/HostNetwork: .*neither pasta nor slirp4netns on PATH \(apt-get install passt\)/g)?.length, 1, said);
  });

  it("H2: is that of the machine where the build says so, or a step that may", async () => {
    for (const [step, flags] of [
      ["", ["--network=host"]],
      ["--network=host ", ["--allow=network.host"]],
      ["--network=host ", ["--network=host"]],
    ] as const) {
      const { said } = await build(`${step}${reach(local.port)}`, { flags });
      assert.match(said, / of-the-machine$/m);
      assert.doesNotMatch(said, /HostNetwork/);
    }
    const { code, said } = await build(`--network=host ${reach(local.port)}`);
    assert.equal(code, 1);
    assert.match(said, /network\.host is not allowed[\s\S]*--allow network\.host/);
  });

  it("H2: leads to a proxy on the loopback of the machine, and to no other port of it", async () => {
    const proxy = `http://127.0.0.1:${local.port}`;
    const script = `${reach(local.port)}; wget -q -O - http://127.0.0.1:${everywhere.port}/ || echo shut`;
    const { said } = await build(script, { flags: ["--build-arg", `HTTPS_PROXY=${proxy}`] });
    assert.match(said, / of-the-machine$/m);
    assert.match(said, / shut$/m);
    // slirp4netns has no such way.
    const other = await build(script, { flags: ["--build-arg", `HTTPS_PROXY=${proxy}`], path: pathWith("slirp4netns") });
    assert.match(other.said, / of-the-machine$/m);
    assert.match(other.said, /HostNetwork: .*proxy on the loopback of this machine \(port \d+\).*apt-get install passt/);
  });

  it("H2: says where the loopback of the machine has gone, when a step finds nobody on its own", async () => {
    const { code, said } = await build(`wget -O - http://127.0.0.1:${local.port}/`);
    assert.equal(code, 1);
    assert.match(said, /Steps have a network of their own[\s\S]*RUN --network=host/);
  });

  it("H2: reaches what listens at all addresses of the machine, by host-gateway", async () => {
    assert.notEqual(hostAddress(), undefined, "this machine reaches no others");
    const { said } = await build(reach(everywhere.port, "me"), { flags: ["--add-host=me:host-gateway"] });
    assert.match(said, / of-the-machine$/m);
    assert.match(
      (await build(reach(local.port, "me"), { flags: ["--add-host=me:host-gateway", "--network=host"] })).said,
      / of-the-machine$/m,
    );
  });

  it("H2: has the name servers of a machine that has them on its loopback", async () => {
    const server = createSocket("udp4", (query, from) => server.send(answerTo(query), from.port, from.address));
    await new Promise<void>((done) => server.bind(53, "127.0.0.53", done));
    const file = join(folder, "resolv.conf");
    writeFileSync(file, "nameserver 127.0.0.53\n");
    const way = ["unshare", "--mount", "sh", "-c", `mount --bind ${file} /etc/resolv.conf && exec "$@"`, "sh"];
    try {
      for (const program of ["pasta", "slirp4netns"]) {
        const { said } = await build("nslookup -type=a some.example.test", { path: pathWith(program, "unshare"), way });
        assert.match(said, / Address: 192\.0\.2\.77$/m, `${program}: ${said}`);
      }
    } finally {
      server.close();
    }
  });

  it("H2: changes no key: a build on the network of the machine takes the results", async () => {
    const first = await build("echo made >/made");
    const { stdout, stderr } = await runProcess({
      argv: [DECANT, "build", "--progress=plain", "--network=host", context],
      env: { ...process.env, DECANT_ROOT: join(folder, "store") },
    });
    const second = `${stdout.toString()}${stderr.toString()}`;
    assert.match(second, /RUN echo made[^\n]*\n#\d+ CACHED/);
    const digest = /image (sha256:\w+)/;
    assert.equal(digest.exec(second)?.[1], digest.exec(first.said)?.[1]);
  });
});

interface Listening {
  readonly server: Server;
  readonly port: number;
}

async function listening(host: string): Promise<Listening> {
  const server = createServer((_, response) => response.end("of-the-machine\n"));
  await new Promise<void>((done) => server.listen(0, host, done));
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { server, port: address.port };
}

/** An answer with one address (RFC 1035): the header with the bit for answers, the question, and a record that refers to its name. */
function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(1, 6);
  header.writeUInt16BE(0, 8);
  header.writeUInt16BE(0, 10);
  return Buffer.concat([header, query.subarray(12, end), Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...ANSWER])]);
}
