import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { startStranger } from "../../test/support/stranger.ts";
import { trustLocalhost } from "../../test/support/tls.ts";
import { collect } from "../bytes.ts";
import { archiveError } from "./errors.ts";
import { download } from "./http.ts";

const URL = "http://mirror/file";

function answering(headers: Readonly<Record<string, string>>): typeof fetch {
  return () => Promise.resolve(new Response("12345", { headers }));
}

describe("download()", () => {
  const rows = [
    { name: "what the server says", headers: { "content-length": "5" }, want: 5 },
    { name: "nothing where the server says nothing", headers: {}, want: undefined },
    { name: "nothing of a body in another coding", headers: { "content-length": "5", "content-encoding": "gzip" }, want: undefined },
    { name: "nothing where the size is none", headers: { "content-length": "-1" }, want: undefined },
  ];
  for (const { name, headers, want } of rows) {
    it(`tells of the size ${name}`, async () => {
      const given = await download(URL, async (body, sizeBytes) => ({ sizeBytes, text: String(await collect(body, 10)) }), {
        fetch: answering(headers),
        fail: archiveError,
      });
      assert.deepEqual(given, { sizeBytes: want, text: "12345" });
    });
  }
});

describe("R1: redirects of download()", () => {
  before(trustLocalhost);

  const text = async (url: string): Promise<string> =>
    String(await download(url, (body) => collect(body, 100), { fail: archiveError, retryDelayMs: 1 }));

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
    { name: "takes 401 for a failure", from: "http", to: (_, https) => [`${https}/401`], want: /the server says 401/, requests: 2 },
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
