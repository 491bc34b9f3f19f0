/** Schemes, certificates, redirects and private addresses, over real sockets. */
import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import type { LookupAddress } from "node:dns";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { testNetwork } from "../../test/support/network.ts";
import { startServer } from "../../test/support/server.ts";
import { LOCALHOST_TLS } from "../../test/support/tls.ts";
import { collect } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import type { Lookup } from "./agents.ts";
import { createAuthority } from "./authority.ts";
import type { NetFailure } from "./failures.ts";
import type { NetRequest, Network } from "./network.ts";

function fail({ kind, why, hint, details, cause }: NetFailure): DecantError {
  return new DecantError(kind === "unreachable" ? "REGISTRY_UNREACHABLE" : "REGISTRY", why, {
    details,
    cause,
    hint,
  });
}

function get(network: Network, url: string, more: Partial<NetRequest> = {}) {
  return network.send({ method: "GET", url: new URL(url), fail, ...more });
}

async function text(network: Network, url: string, more: Partial<NetRequest> = {}): Promise<string> {
  return String(await collect((await get(network, url, more)).body, 1000));
}

/** Name → addresses; each look-up takes the next of several lists, and stays with the last. */
function resolver(names: Readonly<Record<string, readonly (readonly string[])[]>>): Lookup {
  const asked = new Map<string, number>();
  const lookup = (name: string, options: unknown, callback: (error: Error | null, found: LookupAddress[]) => void): void => {
    const done = typeof options === "function" ? (options as typeof callback) : callback;
    const at = asked.get(name) ?? 0;
    asked.set(name, at + 1);
    const lists = names[name] ?? [];
    const addresses = lists[Math.min(at, lists.length - 1)];
    if (addresses === undefined) return done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" }), []);
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  return lookup as unknown as Lookup;
}

describe("Certificates", () => {
  it("that nobody trusts are refused, with a hint where to put their authority", async () => {
    await using server = await startServer(() => ({}));
    using network = testNetwork();
    await assert.rejects(get(network, server.secureOrigin), (error: DecantError) => {
      assert.match(error.message, /certificate/);
      assert.match(error.hint ?? "", /certs\.d\/127\.0\.0\.1:\d+\/ca\.crt/);
      return true;
    });
  });

  it("may be anything where that is allowed", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    using network = testNetwork();
    assert.equal(await text(network, server.secureOrigin, { insecureHost: server.host }), "x");
  });

  const places = ["certs.d", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS"];
  for (const place of places) {
    it(`are trusted by ${place}`, async () => {
      await using server = await startServer(() => ({ body: "x" }));
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-certs-"));
      const folder = place === "certs.d" ? join(dir.path, "docker/certs.d", server.host) : join(dir.path, "ca");
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "ca.crt"), LOCALHOST_TLS.cert);
      await writeFile(join(folder, "README"), "no certificate");
      const value = place === "SSL_CERT_DIR" ? `/nonexistent:${folder}` : join(folder, "ca.crt");
      using network = testNetwork({ systemDir: dir.path, env: { [place]: value } });
      assert.equal(await text(network, server.secureOrigin), "x");
    });
  }

  it("that a variable names and that are not there add nothing, as in Go and OpenSSL", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    using network = testNetwork({ env: { SSL_CERT_FILE: "/nonexistent/ca.crt" } });
    await assert.rejects(get(network, server.secureOrigin), /certificate/);
  });

  const broken: readonly { readonly name: string; readonly files: Readonly<Record<string, string>>; readonly want: RegExp }[] = [
    { name: "an authority that is none", files: { "ca.crt": "x" }, want: /ca\.crt": it is no certificate in PEM form/ },
    { name: "a certificate without its key", files: { "client.cert": LOCALHOST_TLS.cert }, want: /client\.cert": its key ".*client\.key"/ },
    {
      name: "a key that is none",
      files: { "client.cert": LOCALHOST_TLS.cert, "client.key": "x" },
      want: /do not fit each other, or are not in PEM form/,
    },
  ];
  for (const { name, files, want } of broken) {
    it(`of certs.d with ${name} are an error`, async () => {
      await using dir = await mkdtempDisposable(join(tmpdir(), "decant-certs-"));
      const folder = join(dir.path, "containers/certs.d/127.0.0.1:1");
      await mkdir(folder, { recursive: true });
      for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
      using network = testNetwork({ systemDir: dir.path });
      await assert.rejects(get(network, "https://127.0.0.1:1/"), { code: "CONFIG_FILE", message: want });
    });
  }

  it("R1: of ours are shown to the host that was named where the client says so, and not where that redirects to", async () => {
    await using server = await startServer(({ path }) =>
      path === "/away" ? { status: 307, headers: { location: server.secureOrigin } } : {},
    );
    await using dir = await mkdtempDisposable(join(tmpdir(), "decant-certs-"));
    const folder = join(dir.path, "docker/certs.d", server.host);
    await mkdir(folder, { recursive: true });
    for (const name of ["ca.crt", "client.cert"]) await writeFile(join(folder, name), LOCALHOST_TLS.cert);
    await writeFile(join(folder, "client.key"), LOCALHOST_TLS.key);
    using network = testNetwork({ systemDir: dir.path });
    (await get(network, server.secureOrigin, { identify: true })).discard();
    (await get(network, `${server.origin}/away`, { identify: true })).discard();
    (await get(network, server.secureOrigin)).discard();
    assert.deepEqual(
      server.heard.map(({ path, secure, certified }) => `${path} ${secure} ${certified}`),
      ["/ true true", "/away false false", "/ true false", "/ true false"],
    );
  });
});

describe("Redirects", () => {
  const refused: readonly { readonly name: string; readonly to: string; readonly secure: boolean; readonly message: RegExp }[] = [
    { name: "from https to http", to: "http://127.0.0.1:1/x?token=s3cret", secure: true, message: /from https to plain http/ },
    { name: "to another protocol", to: "file:///etc/passwd", secure: false, message: /leads to "file:"/ },
    { name: "for ever", to: "/loop", secure: false, message: /more than 10/ },
  ];
  for (const { name, to, secure, message } of refused) {
    it(`are refused ${name}`, async () => {
      await using server = await startServer(() => ({}));
      server.fault({ match: /GET/, kind: "redirect", to, times: 20 });
      using network = testNetwork();
      const origin = secure ? server.secureOrigin : server.origin;
      const sent = get(network, `${origin}/start?token=s3cret`, { insecureHost: server.host });
      await assert.rejects(sent, (error: DecantError) => {
        assert.equal(error.code, "REGISTRY");
        assert.match(error.message, message);
        assert.doesNotMatch(inspect(error), /s3cret/);
        return true;
      });
    });
  }

  it("never get authorization again after they left the origin", async () => {
    await using first = await startServer(() => ({}));
    await using second = await startServer(() => ({}));
    first.fault({ match: /start/, kind: "redirect", to: `${second.origin}/middle` });
    second.fault({ match: /middle/, kind: "redirect", to: `${first.origin}/end` });
    using network = testNetwork();
    const authority = createAuthority(new URL(first.origin), "Basic x");
    (await get(network, `${first.origin}/start`, { headers: { accept: "a" }, authority })).discard();
    assert.deepEqual(
      [...first.heard, ...second.heard].map(({ path, headers }) => `${path} ${headers["authorization"]} ${headers["accept"]}`),
      ["/start Basic x a", "/end undefined a", "/middle undefined a"],
    );
  });
});

describe("Private addresses", () => {
  interface Row {
    readonly name: string;
    /** Where the user's request goes, where that redirects to, and what the names are. */
    readonly from: string;
    readonly to: string;
    readonly names: Readonly<Record<string, readonly (readonly string[])[]>>;
    readonly want: string | RegExp;
  }
  const home = { "home.example": [["127.0.0.1"]] };
  const rows: readonly Row[] = [
    {
      name: "lead from this machine to this machine",
      from: "127.0.0.1",
      to: "localhost",
      names: { localhost: [["127.0.0.1"]] },
      want: "end",
    },
    { name: "lead from a name of this machine to it", from: "home.example", to: "127.0.0.1", names: home, want: "end" },
    {
      name: "lead to names of this machine",
      from: "127.0.0.1",
      to: "other.example",
      names: { "other.example": [["127.0.0.1"]] },
      want: "end",
    },
  ];
  for (const { name, from, to, names, want } of rows) {
    it(`may ${name}`, async () => {
      await using server = await startServer(({ path, headers }) =>
        path === "/start" ? { status: 307, headers: { location: `http://${to}:${headers["host"]?.split(":")[1]}/end` } } : { body: "end" },
      );
      using network = testNetwork({ lookup: resolver(names) });
      assert.equal(await text(network, `http://${from}:${server.host.split(":")[1]}/start`), want);
    });
  }

  const evil = (...addresses: readonly string[]) => ({ "evil.example": [addresses] });
  const led: readonly { readonly from: string; readonly to: string; readonly names?: Row["names"]; readonly want: string }[] = [
    { from: "8.8.8.8", to: "127.0.0.1", want: '"127.0.0.1:1" on this machine, and "8.8.8.8:1" is on the internet' },
    { from: "8.8.8.8", to: "localhost", want: '"localhost:1" on this machine, and "8.8.8.8:1" is on the internet' },
    { from: "8.8.8.8", to: "[::1]", want: '"[::1]:1" on this machine, and "8.8.8.8:1" is on the internet' },
    { from: "8.8.8.8", to: "[::ffff:10.0.0.1]", want: '"[::ffff:a00:1]:1" in a private network, and "8.8.8.8:1" is on the internet' },
    { from: "8.8.8.8", to: "169.254.169.254", want: '"169.254.169.254:1" at a link-local address, and "8.8.8.8:1" is on the internet' },
    { from: "8.8.8.8", to: "10.0.0.1", want: '"10.0.0.1:1" in a private network, and "8.8.8.8:1" is on the internet' },
    { from: "reg.example", to: "0x7f.1", want: '"127.0.0.1:1" on this machine, and "reg.example:1" is on the internet' },
    {
      from: "reg.example",
      to: "evil.example",
      names: evil("127.0.0.1"),
      want: '"evil.example:1" on this machine, and "reg.example:1" is on the internet',
    },
    {
      from: "reg.example",
      to: "evil.example",
      names: evil("10.0.0.1", "fd00::1"),
      want: '"evil.example:1" in a private network, and "reg.example:1" is on the internet',
    },
    { from: "10.0.0.1", to: "127.0.0.1", want: '"127.0.0.1:1" on this machine, and "10.0.0.1:1" is in a private network' },
    {
      from: "10.0.0.1",
      to: "169.254.169.254",
      want: '"169.254.169.254:1" at a link-local address, and "10.0.0.1:1" is in a private network',
    },
    { from: "169.254.0.1", to: "127.0.0.1", want: '"127.0.0.1:1" on this machine, and "169.254.0.1:1" is at a link-local address' },
  ];
  for (const { from, to, names = {}, want } of led) {
    // An address that an answer gave, as an upload's is, needs no request before it.
    it(`must not be where ${from} leads: ${to} ${JSON.stringify(names)}`, async () => {
      using network = testNetwork({ lookup: resolver(names) });
      const sent = get(network, `http://${to}:1/`, { ledFrom: new URL(`http://${from}:1/`) });
      await assert.rejects(sent, { code: "REGISTRY", message: `it leads to ${want}` });
    });
  }

  it("are looked at when the connection is made: a name that changes its address gains nothing", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    const lookup = resolver({ "evil.example": [["8.8.8.8"], ["127.0.0.1"]] });
    // Whoever looks the name up before connecting sees an address of the internet.
    lookup("evil.example", (_error, address) => assert.deepEqual(address, [{ address: "8.8.8.8", family: 4 }]));
    using network = testNetwork({ lookup });
    const url = `http://evil.example:${server.host.split(":")[1]}/`;
    await assert.rejects(get(network, url, { ledFrom: new URL("https://reg.example/") }), { code: "REGISTRY" });
    assert.deepEqual(server.heard, []);
  });

  it("are none that the first host may get for itself meanwhile", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    const port = server.host.split(":")[1] ?? "";
    using network = testNetwork({ lookup: resolver({ "reg.example": [["127.0.0.1"]] }) });
    // It was of the internet when it gave this address of itself.
    const ledFrom = new URL(`http://reg.example:${port}/`);
    await assert.rejects(get(network, `http://reg.example:${port}/admin`, { ledFrom }), { code: "REGISTRY" });
    assert.deepEqual(server.heard, []);
    // Named by the user, and so known to be of this machine, it may lead to itself.
    assert.equal(await text(network, `http://reg.example:${port}/`), "x");
    assert.equal(await text(network, `http://reg.example:${port}/upload`, { ledFrom }), "x");
  });

  it("do not become allowed by a connection that is there already", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    using network = testNetwork();
    // The user named it: there is a connection to it now.
    assert.equal(await text(network, server.origin), "x");
    await assert.rejects(get(network, server.origin, { ledFrom: new URL("https://8.8.8.8/") }), { code: "REGISTRY" });
    assert.equal(server.heard.length, 1);
  });

  it("may be led to where the user named them as well", async () => {
    await using server = await startServer(() => ({ body: "x" }));
    using network = testNetwork();
    const named = new Set([server.host]);
    assert.equal(await text(network, server.origin, { ledFrom: new URL("https://8.8.8.8/"), named }), "x");
  });
});

describe("What a server takes its time for", () => {
  it("is bounded until it answers", async () => {
    await using server = await startServer(() => ({}));
    server.fault({ match: /./, kind: "hang" });
    using network = testNetwork({ timers: { answerMs: 20 } });
    await assert.rejects(get(network, server.origin), { message: "no answer in 0.02 s", code: "REGISTRY_UNREACHABLE" });
  });

  it("X12: is bounded by throughput for a body, also where it always moves a little", async () => {
    await using server = await startServer(() => ({ body: "x".repeat(1000) }));
    server.fault({ match: /./, kind: "drip", everyMs: 5, bytes: 1000 });
    using network = testNetwork({ timers: { download: { windowMs: 60, minBytes: 500 } } });
    await assert.rejects(text(network, server.origin), /^DecantError: only \d+ bytes came in 0\.06 s$/);
  });

  it("is bounded for an upload that it does not take", async () => {
    await using server = await startServer(() => ({}));
    server.fault({ match: /./, kind: "hang" });
    using network = testNetwork({ timers: { upload: { windowMs: 30, minBytes: 1 } } });
    const size = 64 * 1024 * 1024;
    const open = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (let at = 0; at < size; at += 65_536) yield Buffer.alloc(65_536);
    };
    const sent = network.send({ method: "PUT", url: new URL(server.origin), body: { size, open }, fail });
    await assert.rejects(sent, { message: "the server took nothing of the upload in 0.03 s" });
  });
});

describe("Bodies", () => {
  for (const coding of ["gzip", "x-gzip", "br", "deflate", "zstd", "nonsense"]) {
    it(`R6: are as they were sent where they are said to be ${coding}`, async () => {
      await using server = await startServer(() => ({ headers: { "content-encoding": coding }, body: "raw" }));
      using network = testNetwork();
      assert.equal(await text(network, server.origin), "raw");
      assert.equal(server.heard[0]?.headers["accept-encoding"], "identity");
    });
  }

  it("R6: that break off are an error that says so", async () => {
    await using server = await startServer(() => ({ body: "x".repeat(1000) }));
    server.fault({ match: /./, kind: "cut", afterBytes: 10 });
    using network = testNetwork();
    await assert.rejects(text(network, server.origin), {
      code: "REGISTRY_UNREACHABLE",
      message: "the connection broke off in the middle of the answer",
    });
  });
});
