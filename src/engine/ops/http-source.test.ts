/** ADD of URLs against a server of our own: rule S91 and --checksum. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { netSuite } from "../../../test/support/net-suite.ts";
import { testNetwork } from "../../../test/support/network.ts";
import { startStranger, type Stranger, type StrangerReply } from "../../../test/support/stranger.ts";
import { trustLocalhost } from "../../../test/support/tls.ts";
import { sha256 } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import type { SourceOp } from "../../graph/index.ts";
import { treePath } from "../../paths.ts";
import { openStore, type Store } from "../../store/index.ts";
import { layerTree, readTreeFile } from "../../tree/index.ts";
import { httpSources } from "./http-source.ts";

const PLATFORM = { os: "linux", architecture: "amd64" } as const;

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly requests: IncomingMessage[];
}

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function fetchFile(
  store: Store,
  url: string,
  attrs: SourceOp["attrs"] = {},
): Promise<{ readonly line: string; readonly text: string }> {
  const op: SourceOp = { kind: "source", identifier: url, attrs: { "http.filename": "f", ...attrs } };
  const result = await httpSources(store, { secret: () => Promise.resolve(undefined), network: testNetwork() }).resolve(
    op,
    PLATFORM,
    new AbortController().signal,
    "v",
  );
  assert.equal(result.kind, "layers");
  const tree = layerTree(await Promise.all((result.kind === "layers" ? result.layers : []).map((layer) => layer.load())));
  const entry = tree.lookup(treePath("f"));
  return {
    line: `${entry?.kind} ${entry?.mode.toString(8)} ${entry?.mtimeSec}`,
    text: (await readTreeFile(tree, treePath("f"), 1000)).toString(),
  };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "no error";
  } catch (error) {
    return isDecantError(error) ? `${error.code}: ${error.message}` : String(error);
  }
}

describe("httpSources()", () => {
  it("S91: gives the file mode 0600 and the time of Last-Modified", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((_request, response) =>
      response.writeHead(200, { "last-modified": "Thu, 01 Jan 2015 00:00:00 GMT" }).end("hello"),
    );
    assert.deepEqual(await fetchFile(store, server.url), { line: "file 600 1420070400", text: "hello" });
  });

  it("S91: takes 1970 where the server names no time", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((_request, response) => response.writeHead(200).end("x"));
    assert.equal((await fetchFile(store, server.url)).line, "file 600 0");
  });

  it("S91: asks again with the ETag, and takes what it has for 304", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((request, response) =>
      request.headers["if-none-match"] === '"1"' ? response.writeHead(304).end() : response.writeHead(200, { etag: '"1"' }).end("first"),
    );
    await fetchFile(store, server.url);
    assert.equal((await fetchFile(store, server.url)).text, "first");
    assert.equal(server.requests.length, 2);
  });

  it("does not ask at all for a checksum that it has", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((_request, response) => response.writeHead(200).end("same"));
    const attrs = { "http.checksum": sha256("same") };
    await fetchFile(store, server.url, attrs);
    await fetchFile(store, server.url, attrs);
    assert.equal(server.requests.length, 1);
  });

  it("R6: takes 304 for the same content where a checksum is wanted, and says whether it is the one", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((request, response) =>
      request.headers["if-none-match"] === undefined ? response.writeHead(200, { etag: '"1"' }).end("same") : response.writeHead(304).end(),
    );
    await fetchFile(store, server.url);
    assert.equal((await fetchFile(store, server.url, { "http.checksum": sha256("same") })).text, "same");
    assert.equal(server.requests.length, 1);
    assert.match(await codeOf(fetchFile(store, server.url, { "http.checksum": sha256("other") })), /^CHECKSUM: .*digest mismatch/);
    assert.equal(server.requests.length, 2);
    // What it has was digested in another way: it must see the bytes.
    const sha512 = `sha512:${createHash("sha512").update("same").digest("hex")}`;
    assert.equal((await fetchFile(store, server.url, { "http.checksum": sha512 })).text, "same");
    assert.equal(server.requests.at(-1)?.headers["if-none-match"], undefined);
    assert.equal((await fetchFile(store, server.url)).text, "same");
    assert.equal((await fetchFile(store, server.url, { "http.checksum": sha256("same") })).text, "same");
  });

  it("R6: takes no 304 that it did not ask for", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    let answers = 0;
    await using server = await serve((_request, response) => response.writeHead((answers += 1) === 1 ? 200 : 304).end("x"));
    await fetchFile(store, server.url);
    assert.match(await codeOf(fetchFile(store, server.url)), /^HTTP_SOURCE: .*answered 304/);
  });

  it("R6: stores 3 bytes that are said to be br as they are", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((_request, response) => response.writeHead(200, { "content-encoding": "br" }).end("abc"));
    assert.equal((await fetchFile(store, server.url, { "http.checksum": sha256("abc") })).text, "abc");
  });

  it("refuses a longer file than is allowed, whatever the server says of its length", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    for (const headers of [{ "content-length": "9" }, { "transfer-encoding": "chunked" }]) {
      await using server = await serve((_request, response) => response.writeHead(200, headers).end("123456789"));
      const op: SourceOp = { kind: "source", identifier: server.url, attrs: {} };
      const sources = httpSources(store, { secret: () => Promise.resolve(undefined), network: testNetwork(), maxBytes: 8 });
      const resolved = sources.resolve(op, PLATFORM, new AbortController().signal, "v");
      assert.match(await codeOf(resolved), /^HTTP_SOURCE: .*: it has more than 8 bytes$/);
    }
  });

  it("refuses content with another checksum", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((_request, response) => response.writeHead(200).end("other"));
    assert.match(await codeOf(fetchFile(store, server.url, { "http.checksum": sha256("wanted") })), /^CHECKSUM: .*digest mismatch/);
  });

  it("says the status of a failure, and hides credentials of the URL", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((_request, response) => response.writeHead(404).end());
    assert.match(await codeOf(fetchFile(store, server.url)), /^HTTP_SOURCE: .*answered 404 Not Found/);
    const gone = await codeOf(fetchFile(store, "http://user:secret@127.0.0.1:1/x"));
    assert.match(gone, /^HTTP_SOURCE/);
    assert.equal(gone.includes("secret"), false);
  });
});

netSuite({
  name: "ADD, contexts and Dockerfiles of http(s)",
  codes: { unreachable: "HTTP_SOURCE", busy: "HTTP_SOURCE", forbidden: "HTTP_SOURCE" },
  path: "/file",
  async read(origin, network, signal = new AbortController().signal) {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    const op: SourceOp = { kind: "source", identifier: `${origin}/file`, attrs: { "http.filename": "f" } };
    const result = await httpSources(store, { secret: () => Promise.resolve(undefined), network }).resolve(op, PLATFORM, signal, "v");
    const layers = await Promise.all((result.kind === "layers" ? result.layers : []).map((layer) => layer.load()));
    return (await readTreeFile(layerTree(layers), treePath("f"), 1_000_000)).toString();
  },
});

describe("R1: credentials of httpSources()", () => {
  before(trustLocalhost);

  const TOKEN = "s3cret-word";

  /** Fetches `path` of a first host that wants the token, and leads from /moved to `to` of a second one. */
  async function fetchMoved(options: {
    readonly from?: "http" | "https";
    readonly to: (second: Stranger, first: Stranger) => string;
    readonly second?: "bearer" | "back";
    readonly login?: "secret" | "url" | "none";
  }): Promise<{ readonly said: string; readonly first: Stranger; readonly second: Stranger }> {
    const { from = "http", login = "secret" } = options;
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    const back = (): StrangerReply => ({ status: 307, headers: { location: `${first.origin}/back` } });
    const manners = options.second === "back" ? back : (options.second ?? ((): StrangerReply => ({ body: "second" })));
    await using second = await startStranger(manners);
    await using first = await startStranger(({ path, headers }) => {
      if (path === "/moved") return { status: 302, headers: { location: options.to(second, first) } };
      return headers["authorization"] === undefined ? { status: 401 } : { body: "first" };
    });
    const origin = from === "http" ? first.origin : first.secureOrigin;
    const identifier = `${login === "url" ? origin.replace("//", `//me:${TOKEN}@`) : origin}/moved`;
    const secret = (id: string): Promise<Uint8Array | undefined> =>
      Promise.resolve(login === "secret" && id === "HTTP_AUTH_TOKEN_127.0.0.1" ? Buffer.from(TOKEN) : undefined);
    const op: SourceOp = { kind: "source", identifier, attrs: { "http.filename": "f" } };
    try {
      const result = await httpSources(store, { secret, network: testNetwork() }).resolve(op, PLATFORM, new AbortController().signal, "v");
      const layers = await Promise.all((result.kind === "layers" ? result.layers : []).map((layer) => layer.load()));
      const text = (await readTreeFile(layerTree(layers), treePath("f"), 100)).toString();
      return { said: text, first, second };
    } catch (error) {
      assert.ok(isDecantError(error, "HTTP_SOURCE"), String(error));
      return { said: `${error.message} | ${error.hint ?? ""}`, first, second };
    }
  }

  const rows: readonly (Parameters<typeof fetchMoved>[0] & { readonly name: string; readonly want: RegExp; readonly asked: number })[] = [
    { name: "stay for a relative address", to: () => "b", want: /^first$/, asked: 0 },
    { name: "do not follow to another port", to: ({ origin }) => `${origin}/b`, want: /^second$/, asked: 1 },
    { name: "do not follow to another host", to: ({ host }) => `//localhost:${host.split(":")[1]}/b`, want: /^second$/, asked: 1 },
    {
      name: "do not answer a 401 of another host",
      to: ({ origin }) => `${origin}/b`,
      second: "bearer",
      want: /"127\.0\.0\.1:\d+", where it leads, answered 401 Unauthorized \| Decant does not send credentials for "http:\/\/127\.0\.0\.1:\d+" to other/,
      asked: 1,
    },
    {
      name: "do not follow from http to https",
      to: (_, { secureOrigin }) => `${secureOrigin}/b`,
      want: /where it leads, answered 401/,
      asked: 0,
    },
    {
      name: "do not come back",
      to: ({ origin }) => `${origin}/b`,
      second: "back",
      want: /answered 401/,
      asked: 1,
    },
    {
      name: "do not follow from https to https elsewhere",
      from: "https",
      to: ({ secureOrigin }) => `${secureOrigin}/b`,
      want: /^second$/,
      asked: 1,
    },
    {
      name: "never see https become http",
      from: "https",
      to: ({ origin }) => `${origin}/b`,
      want: /it leads from https to plain http on/,
      asked: 0,
    },
    {
      name: "not even at the same host",
      from: "https",
      to: (_, { origin }) => `${origin}/b`,
      want: /it leads from https to plain http on/,
      asked: 0,
    },
  ];
  for (const login of ["secret", "url"] as const) {
    for (const { name, want, asked, ...options } of rows) {
      it(`${login === "secret" ? "a token" : "a password of the URL"}: ${name}`, async () => {
        const seen = await fetchMoved({ ...options, login });
        assert.match(seen.said, want);
        assert.equal(seen.second.heard.length, asked);
        assert.deepEqual(seen.second.leaks(TOKEN), []);
        assert.doesNotMatch(seen.said, new RegExp(TOKEN));
        // At its own host it was sent once for each request there, but for those that a stranger or another scheme led to.
        const [begun] = seen.first.heard;
        assert.match(begun?.headers["authorization"] ?? "", /^(?:Bearer|Basic) /);
        const strayed = seen.first.heard.filter(({ path, secure }) => path === "/back" || secure !== begun?.secure);
        assert.ok(strayed.every(({ headers }) => headers["authorization"] === undefined));
      });
    }
  }

  it("https never becomes http without credentials either", async () => {
    const { said, second } = await fetchMoved({ from: "https", to: ({ origin }) => origin, login: "none" });
    assert.match(
      said,
      /its redirect cannot be followed: it leads from https to plain http on .* \| If you trust the address that it leads to, give that one/,
    );
    assert.deepEqual(second.heard, []);
  });

  it("X10: a server that repeats what it was sent does not bring it into the error", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-http-"));
    await using store = await openStore({ root: folder.path });
    await using server = await serve((request, response) => void response.writeHead(403, request.headers.authorization ?? "").end());
    const said = await codeOf(fetchFile(store, server.url.replace("//", `//me:${TOKEN}@`)));
    assert.match(said, /^HTTP_SOURCE: .*the server answered 403 …$/);
  });
});
