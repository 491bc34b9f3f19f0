/** What every client of the network does when a server misbehaves: the same, because net/ does it. One suite, run for each of them. */
import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { DecantError, type ErrorCode } from "../../src/errors.ts";
import type { Network } from "../../src/net/index.ts";
import type { NetworkOptions } from "../../src/net/network.ts";
import type { Fault } from "./faults.ts";
import { type FakeClock, fakeClock, testNetwork } from "./network.ts";
import { startProxy } from "./proxy.ts";
import { startServer, type TestServer } from "./server.ts";
import { LOCALHOST_TLS } from "./tls.ts";

/** What a client reads. */
export const CONTENT: string = "what the client wants. ".repeat(2000);

/** A client. */
export interface NetClient {
  readonly name: string;
  /** Of its errors when nobody answers, and when somebody answers with 503. */
  readonly codes: { readonly unreachable: ErrorCode; readonly busy: ErrorCode; readonly forbidden: ErrorCode };
  /** The path that CONTENT comes from. */
  readonly path: string;
  /** Path → body of what else it asks `origin` for. */
  readonly others?: (origin: string) => Readonly<Record<string, string>>;
  /** Reads CONTENT from a server at `origin`. */
  read(origin: string, network: Network, signal?: AbortSignal): Promise<string>;
}

interface Bench extends AsyncDisposable {
  readonly server: TestServer;
  readonly clock: FakeClock;
  readonly network: Network;
  /** Requests for CONTENT. */
  asked(): number;
}

type Unmatched<Each> = Each extends Fault ? Omit<Each, "match"> : never;

/** Declares the tests. */
export function netSuite(client: NetClient): void {
  const match = new RegExp(`GET ${RegExp.escape(client.path)}$`);

  async function bench(options: NetworkOptions = {}): Promise<Bench> {
    const server: TestServer = await startServer(({ path, secure, headers }) => {
      const origin = `${secure ? "https" : "http"}://${headers["host"]}`;
      const body = path === client.path ? CONTENT : (client.others?.(origin)[path] ?? undefined);
      return body === undefined ? { status: path === "/v2/" ? 200 : 404 } : { body };
    });
    const clock = fakeClock();
    const network = testNetwork({ clock, ...options });
    return {
      server,
      clock,
      network,
      asked: () => server.heard.filter(({ path }) => path === client.path).length,
      async [Symbol.asyncDispose]() {
        network[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  async function fails(it: Bench, origin: string, code: ErrorCode, message: RegExp): Promise<DecantError> {
    const error = await client.read(origin, it.network).then(
      () => assert.fail("it was read"),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof DecantError, inspect(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return error;
  }

  describe(`The network of ${client.name}`, () => {
    const passing: readonly { readonly name: string; readonly faults: readonly Unmatched<Fault>[]; readonly waits?: readonly number[] }[] =
      [
        { name: "503 twice", faults: [{ kind: "status", status: 503, times: 2 }], waits: [250, 500] },
        {
          name: "429 with Retry-After",
          faults: [{ kind: "status", status: 429, headers: { "retry-after": "7" } }],
          waits: [7062.5],
        },
        { name: "a connection that is closed before the answer", faults: [{ kind: "drop", times: 2 }] },
        { name: "a body that breaks off", faults: [{ kind: "cut", afterBytes: 100, times: 2 }] },
        { name: "all of it", faults: [{ kind: "status", status: 500 }, { kind: "drop" }, { kind: "cut", afterBytes: 9 }] },
      ];
    for (const { name, faults, waits } of passing) {
      it(`R4: survives ${name}`, async () => {
        await using it = await bench();
        for (const fault of faults) it.server.fault({ ...fault, match } as Fault);
        assert.equal(await client.read(it.server.origin, it.network), CONTENT);
        assert.equal(
          it.asked(),
          faults.reduce((sum, { times = 1 }) => sum + times, 1),
        );
        if (waits !== undefined) assert.deepEqual(it.clock.waits, waits);
      });
    }

    it("R4: gives a busy server half a minute, and then says what it answers", async () => {
      await using it = await bench();
      it.server.fault({ match, kind: "status", status: 503, times: 999 });
      await fails(it, it.server.origin, client.codes.busy, /answered 503/);
      assert.ok(it.clock.waits.reduce((sum, ms) => sum + ms, 0) >= 30_000);
    });

    it("R6: gives up on a body that always breaks off, with a clear error", async () => {
      await using it = await bench();
      it.server.fault({ match, kind: "cut", afterBytes: 0, times: 999 });
      await fails(it, it.server.origin, client.codes.unreachable, /the connection broke off in the middle of the answer/);
    });

    it("gives up sooner on a server that is not there", async () => {
      await using it = await bench();
      await it.server[Symbol.asyncDispose]();
      await fails(it, it.server.origin, client.codes.unreachable, /connect ECONNREFUSED 127\.0\.0\.1:\d+/);
      assert.deepEqual(it.clock.waits.slice(0, 3), [250, 500, 1000]);
      assert.equal(it.clock.waits.length, 3);
    });

    it("gives up on a server that never answers", async () => {
      await using it = await bench({ timers: { answerMs: 20 }, retry: { busyMs: 0 } });
      it.server.fault({ match, kind: "hang", times: 999 });
      await fails(it, it.server.origin, client.codes.unreachable, /no answer in 0\.02 s/);
    });

    it("X12: gives up on a body that only drips", async () => {
      await using it = await bench({ timers: { download: { windowMs: 30, minBytes: 10_000 } }, retry: { busyMs: 0 } });
      it.server.fault({ match, kind: "drip", everyMs: 2, bytes: 100_000, times: 999 });
      await fails(it, it.server.origin, client.codes.unreachable, /only \d+ bytes came in 0\.03 s/);
    });

    for (const coding of ["gzip", "x-gzip", "br", "deflate", "zstd"]) {
      it(`R6: takes the bytes as they were sent where they are said to be ${coding}`, async () => {
        await using it = await bench();
        it.server.fault({ match, kind: "headers", headers: { "content-encoding": coding } });
        assert.equal(await client.read(it.server.origin, it.network), CONTENT);
        assert.ok(it.server.heard.every(({ headers }) => headers["accept-encoding"] === "identity"));
      });
    }

    it("R6: goes by a proxy", async () => {
      await using proxy = await startProxy({ login: "me:s3cret-word" });
      const address = `http://me:s3cret-word@${proxy.host}`;
      await using it = await bench({ env: { HTTP_PROXY: address, HTTPS_PROXY: address } });
      const origin = it.server.origin.replace("127.0.0.1", "far.example");
      assert.equal(await client.read(origin, it.network), CONTENT);
      assert.ok(proxy.asked.length > 0);
      assert.deepEqual(it.server.leaks("s3cret-word"), []);
    });

    it("R6: tells of a proxy that does not let it through, without its password", async () => {
      await using proxy = await startProxy({ login: "other:one", status: 403 });
      const address = `http://me:s3cret-word@${proxy.host}`;
      await using it = await bench({ env: { HTTP_PROXY: address, HTTPS_PROXY: address } });
      const error = await fails(
        it,
        "http://far.example:80",
        client.codes.unreachable,
        /the proxy "http:\/\/127\.0\.0\.1:\d+" answered 407/,
      );
      assert.doesNotMatch(inspect(error, { depth: 9 }), /s3cret-word/);
    });

    it("refuses a redirect from a public name to this machine, to private addresses and to metadata services", async () => {
      await using proxy = await startProxy();
      await using it = await bench({ env: { HTTP_PROXY: proxy.host, HTTPS_PROXY: proxy.host } });
      const origin = it.server.origin.replace("127.0.0.1", "far.example");
      for (const to of ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]"]) {
        const before = proxy.asked.length;
        it.server.fault({ match, kind: "redirect", to: `https://${to}:1/x?token=s3cret-word` });
        const error = await fails(it, origin, client.codes.forbidden, /its redirect cannot be followed: it leads to "/);
        assert.doesNotMatch(inspect(error, { depth: 9 }), /s3cret-word/);
        assert.ok(proxy.asked.slice(before).every((line) => line.includes("far.example")));
      }
    });

    it("trusts the authorities that the user names, and nobody else", async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-suite-"));
      const file = join(dir.path, "ca.crt");
      await writeFile(file, LOCALHOST_TLS.cert);
      await using it = await bench();
      if (!client.name.startsWith("registries"))
        assert.match((await fails(it, it.server.secureOrigin, client.codes.unreachable, /certificate/)).hint ?? "", /certs\.d/);
      using trusting = testNetwork({ env: { SSL_CERT_FILE: file } });
      assert.equal(await client.read(it.server.secureOrigin, trusting), CONTENT);
    });

    it("ends with the reason of its signal", async () => {
      await using it = await bench();
      it.server.fault({ match, kind: "hang", times: 999 });
      const stop = new AbortController();
      const reason = new Error("enough");
      const read = client.read(it.server.origin, it.network, stop.signal);
      while (it.asked() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      stop.abort(reason);
      await assert.rejects(read, (error) => error === reason);
    });
  });
}
