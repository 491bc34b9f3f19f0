import assert from "node:assert/strict";
import { describe, it } from "node:test";
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
