import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { readElf } from "../../elf/read-elf.ts";
import { assembleProbe } from "./assemble-probe.ts";
import { probeTarget } from "./target.ts";

function assembled(address: string, architecture: string, timeoutMs = 2000): Uint8Array {
  const target = probeTarget(address);
  assert.ok(target, address);
  const bytes = assembleProbe(target, architecture, timeoutMs);
  assert.ok(bytes);
  return bytes;
}

describe("probeTarget()", () => {
  const rows: readonly { readonly text: string; readonly want: string }[] = [
    { text: "http://127.0.0.1:8080/healthz?x=1", want: "7f000001 8080 GET /healthz?x=1 HTTP/1.1|Host: 127.0.0.1:8080" },
    { text: "http://localhost", want: "7f000001 80 GET / HTTP/1.1|Host: localhost" },
    { text: "http://[::1]:9000/", want: "00000000000000000000000000000001 9000 GET / HTTP/1.1|Host: [::1]:9000" },
    { text: "[fe80::1:2]:53", want: "fe800000000000000000000000010002 53" },
    { text: "[::ffff:10.1.2.3]:53", want: "00000000000000000000ffff0a010203 53" },
    { text: "10.0.0.1:5432", want: "0a000001 5432" },
  ];
  for (const { text: address, want } of rows)
    it(`A8: reads ${address}`, () => {
      const target = probeTarget(address);
      const [first, second] = target?.request?.split("\r\n") ?? [];
      const request = first === undefined ? "" : ` ${first}|${second ?? ""}`;
      assert.equal(`${Buffer.from(target?.address ?? []).toString("hex")} ${target?.port}${request}`, want);
    });
  for (const address of [
    "",
    "localhost",
    "example.org:80",
    "http://example.org/",
    "https://127.0.0.1/",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "256.0.0.1:80",
    "127.0.0.1:80/x",
    "http://127.0.0.1/a b",
    "http://127.0.0.1/\r\nX: y",
    "http://user@127.0.0.1/",
  ])
    it(`A8: refuses ${JSON.stringify(address)}`, () => assert.equal(probeTarget(address), undefined));
});

describe("assembleProbe()", () => {
  for (const architecture of ["amd64", "arm64"])
    it(`A8: is a static program of less than a kilobyte for ${architecture}`, async () => {
      const bytes = assembled("http://127.0.0.1:8080/healthz", architecture);
      assert.ok(bytes.byteLength < 1024);
      const elf = await readElf({
        size: bytes.byteLength,
        read: (start, length) => Promise.resolve(Buffer.from(bytes.subarray(start, start + length))),
      });
      assert.equal(elf?.interpreter, undefined);
    });
  it("A8: has nothing for other architectures", () => {
    const target = probeTarget("127.0.0.1:1");
    assert.ok(target);
    assert.equal(assembleProbe(target, "s390x", 1), undefined);
    assert.equal(assembleProbe(target, "constructor", 1), undefined);
  });
  // Run under qemu-aarch64 and on x86-64 when they were written down: healthy, unhealthy, refused, and without an answer.
  for (const [architecture, digest] of [
    ["amd64", "003fb470d28b94dc"],
    ["arm64", "95f03861defd60d8"],
  ] as const)
    it(`A8: is, byte by byte, the program that was tried on ${architecture}`, () => {
      const hash = createHash("sha256");
      for (const address of ["http://127.0.0.1:8080/healthz", "127.0.0.1:5432", "http://[::1]:9000/"])
        hash.update(assembled(address, architecture));
      assert.equal(hash.digest("hex").slice(0, 16), digest);
    });
});

const cannotRun = process.arch === "x64" || process.arch === "arm64" ? false : "it is made for amd64 and arm64";

describe("a probe that runs", { skip: cannotRun }, () => {
  const stack = new AsyncDisposableStack();
  after(() => stack.disposeAsync());
  const listening = async (server: Server, host = "127.0.0.1"): Promise<number> => {
    server.listen(0, host);
    await once(server, "listening");
    stack.defer(() => void server.close());
    // Listening on a port, it has an address of this form.
    return (server.address() as AddressInfo).port;
  };
  const run = async (address: string, timeoutMs?: number): Promise<string> => {
    const folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-probe-"))).path;
    const file = join(folder, "probe");
    await writeFile(file, assembled(address, process.arch === "x64" ? "amd64" : "arm64", timeoutMs), { mode: 0o755 });
    const child = spawn(file, { stdio: ["ignore", "pipe", "inherit"] });
    const [out, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    return `${code} ${out.trim()}`;
  };

  it("A8: is healthy from 200 to 399, and says the status", async () => {
    const requests: string[] = [];
    const port = await listening(
      createHttp((request, response) => {
        requests.push(`${request.method} ${request.url} ${request.headers.host}`);
        response.statusCode = Number(request.url?.slice(1));
        response.end("body");
      }),
    );
    const got: string[] = [];
    for (const status of [200, 204, 302, 404, 503]) got.push(await run(`http://127.0.0.1:${port}/${status}`));
    assert.deepEqual(got, ["0 HTTP/1.1 200", "0 HTTP/1.1 204", "0 HTTP/1.1 302", "1 HTTP/1.1 404", "1 HTTP/1.1 503"]);
    assert.equal(requests[0], `GET /200 127.0.0.1:${port}`);
  });
  it("A8: is unhealthy when nobody listens, and says so", async () => {
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, "close");
    assert.equal(await run(`http://127.0.0.1:${port}/`), `1 no answer from http://127.0.0.1:${port}/`);
    assert.equal(await run(`127.0.0.1:${port}`), `1 no answer from 127.0.0.1:${port}`);
  });
  it("A8: asks by tcp for a connection only, and by http for an answer in time that is one", async () => {
    const silent = await listening(createServer((socket) => void socket.on("error", () => {})));
    assert.equal(await run(`127.0.0.1:${silent}`), "0 ");
    assert.match(await run(`http://127.0.0.1:${silent}/`, 200), /^1 no answer from http/);
    const other = await listening(createServer((socket) => void socket.on("error", () => {}).end("SSH-2.0-OpenSSH_9.9 200\r\n")));
    assert.match(await run(`http://127.0.0.1:${other}/`), /^1 SSH-2\.0-Open/);
  });
});
