/** ADD of URLs against a server of our own: rule S91 and --checksum. */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
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
  const result = await httpSources(store, { secret: () => Promise.resolve(undefined) }).resolve(
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
