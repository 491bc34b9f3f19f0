import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { netSuite } from "../../test/support/net-suite.ts";
import { testNetwork } from "../../test/support/network.ts";
import { startServer } from "../../test/support/server.ts";
import { startStranger } from "../../test/support/stranger.ts";
import { trustLocalhost } from "../../test/support/tls.ts";
import { collect } from "../bytes.ts";
import { given } from "../given.ts";
import { archiveError } from "./errors.ts";
import { download } from "./http.ts";

describe("download()", () => {
  const rows: readonly { readonly name: string; readonly headers: Readonly<Record<string, string>>; readonly want: number | undefined }[] =
    [
      { name: "what the server says", headers: { "content-length": "5" }, want: 5 },
      { name: "nothing where the server says nothing", headers: { "transfer-encoding": "chunked" }, want: undefined },
      // Bodies are no longer decoded: a mirror calls a .gz so, and sends it as it is.
      { name: "the same of a body that is said to be in another coding", headers: { "content-encoding": "x-gzip" }, want: 5 },
    ];
  for (const { name, headers, want } of rows) {
    it(`tells of the size ${name}`, async () => {
      await using server = await startServer(() => ({ body: "12345" }));
      const length = "transfer-encoding" in headers ? { "content-length": undefined } : {};
      server.fault({ match: /./, kind: "headers", headers: { ...length, ...headers } });
      const given = await download(
        `${server.origin}/file`,
        async (body, sizeBytes) => ({ sizeBytes, text: String(await collect(body, 10)) }),
        {
          network: testNetwork(),
          fail: archiveError,
        },
      );
      assert.deepEqual(given, { sizeBytes: want, text: "12345" });
    });
  }
});

netSuite({
  name: "Debian archives",
  codes: { unreachable: "DEBIAN_ARCHIVE", busy: "DEBIAN_ARCHIVE", forbidden: "DEBIAN_ARCHIVE" },
  path: "/dists/x/InRelease",
  async read(origin, network, signal) {
    const options = { network, fail: archiveError, ...given({ signal }) };
    return String(await download(`${origin}/dists/x/InRelease`, (body) => collect(body, 1_000_000), options));
  },
});

describe("R1: redirects of download()", () => {
  before(trustLocalhost);

  const text = async (url: string): Promise<string> =>
    String(await download(url, (body) => collect(body, 100), { fail: archiveError, network: testNetwork() }));

  /** One server leads through `places`, each relative to `http` and `https` of itself. */
  async function led(from: "http" | "https", places: (http: string, https: string) => readonly string[]) {
    const left: string[] = [];
    const stranger = await startStranger(({ path }) => {
      const location = left.shift();
      if (location !== undefined) return { status: 302, headers: { location } };
      return path.startsWith("/401") ? { status: 401, headers: { "www-authenticate": "Basic" } } : { body: "file" };
    });
    left.push(...places(stranger.origin, stranger.secureOrigin));
    return {
      stranger,
      url: `${from === "http" ? stranger.origin : stranger.secureOrigin}/start`,
      [Symbol.asyncDispose]: () => stranger[Symbol.asyncDispose](),
    };
  }

  const rows: readonly {
    readonly name: string;
    readonly from: "http" | "https";
    readonly to: (http: string, https: string) => readonly string[];
    readonly want: string | RegExp;
    readonly requests: number;
  }[] = [
    { name: "follows a relative address", from: "https", to: () => ["/b", "c"], want: "file", requests: 3 },
    { name: "follows http to https", from: "http", to: (_, https) => [`${https}/b`], want: "file", requests: 2 },
    {
      name: "refuses https to http, at once",
      from: "https",
      to: (http) => [`${http}/b`],
      want: /its redirect cannot be followed: it leads from https to plain http/,
      requests: 1,
    },
    {
      name: "refuses http to https to http",
      from: "http",
      to: (http, https) => [https, http],
      want: /from https to plain http/,
      requests: 2,
    },
    { name: "refuses a circle", from: "http", to: () => Array.from({ length: 20 }, () => "/b"), want: /more than 10 others/, requests: 11 },
    {
      name: "takes 401 for a failure",
      from: "http",
      to: (_, https) => [`${https}/401`],
      want: /"[^"]+", where it leads, answered 401/,
      requests: 2,
    },
    {
      name: "takes no user of an address that it is given",
      from: "http",
      to: (http) => [`${http.replace("//", "//me:pw@")}/b`],
      want: "file",
      requests: 2,
    },
  ];
  for (const { name, from, to, want, requests } of rows) {
    it(name, async () => {
      await using it = await led(from, to);
      if (typeof want === "string") assert.equal(await text(it.url), want);
      else await assert.rejects(text(it.url), { code: "DEBIAN_ARCHIVE", message: want });
      assert.equal(it.stranger.heard.length, requests);
      assert.ok(it.stranger.heard.every(({ headers }) => headers["authorization"] === undefined));
    });
  }

  it("refuses a password in an address, without showing it", async () => {
    await assert.rejects(text("http://me:s3cret-word@mirror.example/file"), {
      code: "DEBIAN_ARCHIVE",
      message: 'Cannot use "http://mirror.example/file": it has a user or a password; wanted an address without',
    });
  });
});
