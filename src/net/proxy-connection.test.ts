/** R6: requests by way of proxies, over real sockets. */
import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { testNetwork } from "../../test/support/network.ts";
import { startProxy, startSocks, type TestProxy, type TestProxyOptions } from "../../test/support/proxy.ts";
import { startServer } from "../../test/support/server.ts";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { bytesOf, collect } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";
import type { NetFailure } from "./failures.ts";
import type { NetRequest, Network } from "./network.ts";

const LOGIN = "me:s3cret word";
const QUOTED = "me:s3cret%20word";

function fail({ why, hint, details, cause }: NetFailure): DecantError {
  return new DecantError("HTTP_SOURCE", why, { details, cause, hint });
}

async function ask(network: Network, url: string, more: Partial<NetRequest> = {}): Promise<string> {
  const response = await network.send({ method: "GET", url: new URL(url), fail, ...more });
  return `${response.status} ${String(await collect(response.body, 1000))}`;
}

interface Kind {
  readonly scheme: string;
  readonly start: (options: TestProxyOptions) => Promise<TestProxy>;
}

const KINDS: readonly Kind[] = [
  { scheme: "http", start: startProxy },
  { scheme: "https", start: (options) => startProxy({ ...options, tls: true }) },
  { scheme: "socks5", start: startSocks },
  { scheme: "socks5h", start: startSocks },
];

describe("R6: a proxy", () => {
  for (const { scheme, start } of KINDS) {
    for (const login of [undefined, LOGIN]) {
      it(`of ${scheme}, ${login === undefined ? "open to everybody" : "with a password"}, gets http and https`, async () => {
        await using server = await startServer(({ path, body }) => ({ body: `${path} ${body.toString()}` }));
        await using proxy = await start(given({ login }));
        await using dir = await mkdtempDisposable(join(tmpdir(), "decant-proxy-"));
        // The proxy of https has the certificate of the tests, too.
        await writeFile(join(dir.path, "ca.crt"), LOCALHOST_TLS.cert);
        const ALL_PROXY = `${scheme}://${login === undefined ? "" : `${QUOTED}@`}${proxy.host}`;
        using network = testNetwork({ env: { ALL_PROXY, SSL_CERT_FILE: join(dir.path, "ca.crt") } });
        const port = server.host.split(":")[1] ?? "";
        // The proxy resolves the names: there are none of these.
        assert.equal(await ask(network, `http://a.example:${port}/x?y`), "200 /x?y ");
        assert.equal(await ask(network, `http://a.example:${port}/again`), "200 /again ");
        const insecureHost = `b.example:${port}`;
        assert.equal(await ask(network, `https://b.example:${port}/s`, { insecureHost }), "200 /s ");
        const body = { size: 4, open: () => bytesOf("body") };
        assert.equal(await ask(network, `https://b.example:${port}/p`, { insecureHost, method: "PUT", body }), "200 /p body");
        assert.deepEqual(
          [...new Set(proxy.asked)],
          scheme.startsWith("socks")
            ? [`SOCKS a.example:${port}`, `SOCKS b.example:${port}`]
            : [`GET http://a.example:${port}/x?y`, `GET http://a.example:${port}/again`, `CONNECT b.example:${port}`],
        );
        assert.deepEqual(server.leaks("s3cret", "s3cret word"), []);
        assert.deepEqual(
          server.heard.map(({ headers }) => headers["host"]),
          [`a.example:${port}`, `a.example:${port}`, `b.example:${port}`, `b.example:${port}`],
        );
      });
    }
  }

  it("of SOCKS gets addresses as addresses", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    await using proxy = await startSocks();
    using network = testNetwork({ env: { ALL_PROXY: `socks5://${proxy.host}` } });
    const port = server.host.split(":")[1] ?? "";
    assert.equal(await ask(network, `http://192.0.2.1:${port}/`), "200 x");
    assert.equal(await ask(network, `http://[2001:db8::1]:${port}/`), "200 x");
    assert.deepEqual(proxy.asked, [`SOCKS 192.0.2.1:${port}`, `SOCKS 32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1:${port}`]);
  });

  it("is not asked for hosts of NO_PROXY and for this machine", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    await using proxy = await startProxy();
    const lookup = ((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(null, [{ address: "127.0.0.1", family: 4 }])) as unknown as NonNullable<Parameters<typeof testNetwork>[0]>["lookup"];
    using network = testNetwork({ env: { HTTP_PROXY: proxy.host, NO_PROXY: "in.example" }, lookup });
    const port = server.host.split(":")[1] ?? "";
    for (const host of ["in.example", "a.in.example", "127.0.0.1", "localhost"])
      assert.equal(await ask(network, `http://${host}:${port}/`), "200 x");
    assert.deepEqual(proxy.asked, []);
    assert.equal(await ask(network, `http://out.example:${port}/`), "200 x");
    assert.equal(proxy.asked.length, 1);
  });

  const failures: readonly {
    readonly name: string;
    readonly scheme: string;
    readonly start: () => Promise<TestProxy>;
    readonly url?: string;
    readonly want: RegExp;
    readonly transient: boolean;
  }[] = [
    {
      name: "refuses a tunnel",
      scheme: "http",
      start: () => startProxy({ status: 403 }),
      want: /^the proxy "http:\/\/127\.0\.0\.1:\d+" answered 403 to CONNECT a\.example:443$/,
      transient: false,
    },
    {
      name: "cannot reach the host",
      scheme: "http",
      start: () => startProxy({ status: 503 }),
      want: /answered 503 to CONNECT a\.example:443$/,
      transient: true,
    },
    {
      name: "wants a password for a tunnel",
      scheme: "http",
      start: () => startProxy({ login: "other:one" }),
      want: /answered 407 to CONNECT/,
      transient: false,
    },
    {
      name: "wants a password for plain HTTP",
      scheme: "http",
      start: () => startProxy({ login: "other:one" }),
      url: "http://a.example/",
      want: /answered 407: it wants a user and a password$/,
      transient: false,
    },
    {
      name: "of SOCKS wants a password",
      scheme: "socks5",
      start: () => startSocks({ login: "other:one" }),
      want: /^the proxy "socks5:\/\/127\.0\.0\.1:\d+" refuses the user or the password$/,
      transient: false,
    },
    {
      name: "of SOCKS cannot reach the host",
      scheme: "socks5",
      start: () => startSocks({ status: 5, login: LOGIN }),
      want: /cannot connect to a\.example:443: connection refused$/,
      transient: true,
    },
    {
      name: "of SOCKS that is one of HTTP",
      scheme: "socks5",
      start: () => startProxy(),
      want: /does not speak SOCKS 5$/,
      transient: false,
    },
  ];
  for (const { name, scheme, start, url = "https://a.example/", want, transient } of failures) {
    it(`that ${name} is told, without a password`, async () => {
      await using proxy = await start();
      using network = testNetwork({
        env: { ALL_PROXY: `${scheme}://${QUOTED}@${proxy.host}`, HTTP_PROXY: `${scheme}://${QUOTED}@${proxy.host}` },
      });
      await assert.rejects(ask(network, url), (error: DecantError) => {
        assert.match(error.message, want);
        assert.equal(error.details["transient"], transient);
        assert.match(error.hint ?? "", /^Check HTTPS?_PROXY; to go without it: NO_PROXY=a\.example$/);
        assert.doesNotMatch(inspect(error, { depth: 9 }), /s3cret/);
        return true;
      });
    });
  }

  it("that is not there is told, with the proxy's name", async () => {
    await using proxy = await startProxy();
    await proxy[Symbol.asyncDispose]();
    using network = testNetwork({ env: { HTTPS_PROXY: `http://${QUOTED}@${proxy.host}` } });
    await assert.rejects(ask(network, "https://a.example/"), (error: DecantError) => {
      assert.match(error.message, new RegExp(`^connect ECONNREFUSED .* \\(by the proxy "http://${proxy.host}"\\)$`));
      assert.doesNotMatch(inspect(error, { depth: 9 }), /s3cret/);
      return true;
    });
  });

  it("that falls silent is given up", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const scheme of ["http", "https", "socks5"]) {
      using network = testNetwork({ env: { ALL_PROXY: `${scheme}://${host}` }, timers: { connectMs: 50 } });
      await assert.rejects(ask(network, "https://a.example/"), /no connection in 0\.05 s/);
    }
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it("does not get what leads to this machine: names of it are known without a look-up", async () => {
    await using proxy = await startProxy();
    using network = testNetwork({ env: { ALL_PROXY: `http://${proxy.host}` } });
    for (const to of ["http://169.254.169.254/latest", "http://10.0.0.1/", "http://localhost:1/"])
      await assert.rejects(ask(network, to, { ledFrom: new URL("https://reg.example/") }), /it leads to/);
    assert.deepEqual(proxy.asked, []);
  });
});
