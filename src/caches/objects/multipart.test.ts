import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Ask, type PartAnswer, partsOf, PART_BYTES, writeInParts } from "./multipart.ts";

const GIB = 1024 ** 3;
const ok: PartAnswer = { status: 200, etag: undefined, text: "" };

describe("partsOf()", () => {
  const rows = [
    { name: "one byte", size: 1, want: [1, 1, 1] },
    { name: "just one part", size: PART_BYTES, want: [1, PART_BYTES, PART_BYTES] },
    { name: "one byte more", size: PART_BYTES + 1, want: [2, PART_BYTES, 1] },
    { name: "more than one PUT may have", size: 20 * GIB, want: [1280, PART_BYTES, PART_BYTES] },
    {
      name: "more than 10,000 parts of the usual size",
      size: 1000 * GIB,
      want: [9942, 103 * 1024 ** 2, GIB * 1000 - 9941 * 103 * 1024 ** 2],
    },
  ];
  for (const { name, size, want } of rows)
    it(`G4: ${name}`, () => {
      const parts = partsOf(size);
      assert.deepEqual([parts.length, parts[0]?.length, parts.at(-1)?.length], want);
      assert.equal(
        parts.reduce((sum, { length }) => sum + length, 0),
        size,
      );
    });
});

/** A server that takes all, but for what `spoil` answers. Gives what it was asked. */
function server(spoil: (line: string) => PartAnswer | Error | undefined = () => undefined): {
  readonly ask: Ask;
  readonly lines: string[];
} {
  const lines: string[] = [];
  return {
    lines,
    async ask(method, { query, text }, signal) {
      signal.throwIfAborted();
      const line = `${method} ${new URLSearchParams(query).toString()}${text === undefined ? "" : ` ${text.replaceAll(/<\/?\w*Upload[^>]*>/g, "")}`}`;
      lines.push(line);
      const answer = spoil(line);
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return answer;
      if ("uploads" in query) return { ...ok, text: "<A><UploadId>u/1+</UploadId></A>" };
      return query["partNumber"] === undefined ? ok : { ...ok, etag: `"e${query["partNumber"]}"` };
    },
  };
}

const parts = partsOf(2 * PART_BYTES);
const name = "s3://b/m";
const started = ["POST uploads=", "PUT partNumber=1&uploadId=u%2F1%2B", "PUT partNumber=2&uploadId=u%2F1%2B"];
const ended =
  "POST uploadId=u%2F1%2B <Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag></Part><Part><PartNumber>2</PartNumber><ETag>&quot;e2&quot;</ETag></Part>";
const takenBack = "DELETE uploadId=u%2F1%2B";

describe("writeInParts()", () => {
  const { signal } = new AbortController();

  it("G4: sends the parts, and has them joined by their tags", async () => {
    const { ask, lines } = server();
    await writeInParts(ask, name, parts, signal);
    assert.deepEqual(lines, [...started, ended]);
  });

  it("G4: reads the tags of copied parts in the body", async () => {
    const { ask, lines } = server((line) =>
      line.startsWith("PUT partNumber=") ? { ...ok, text: `<R><ETag>&quot;e${line[15]}&quot;</ETag></R>` } : undefined,
    );
    await writeInParts(ask, name, parts, signal);
    assert.deepEqual(lines, [...started, ended]);
  });

  it("G4: takes back what failed, and tells the first failure although that fails, too", async () => {
    const { ask, lines } = server((line) =>
      line.startsWith("PUT partNumber=2") ? new Error("disk full") : line === takenBack ? new Error("busy") : undefined,
    );
    await assert.rejects(writeInParts(ask, name, parts, signal), { message: "disk full" });
    assert.equal(lines.at(-1), takenBack);
    assert.ok(!lines.includes(ended));
  });

  it("G4: takes back what the user ends", async () => {
    const stop = new AbortController();
    const { ask, lines } = server((line) => {
      if (line.startsWith("PUT partNumber=1")) stop.abort(new Error("ended"));
      return undefined;
    });
    await assert.rejects(writeInParts(ask, name, parts, stop.signal), { message: "ended" });
    assert.equal(lines.at(-1), takenBack);
  });

  it("G4: does not believe a 200 with an error in it", async () => {
    const { ask, lines } = server((line) =>
      line === ended ? { ...ok, text: "<Error><Code>InternalError</Code><Message>again</Message></Error>" } : undefined,
    );
    await assert.rejects(writeInParts(ask, name, parts, signal), {
      code: "CACHE",
      message: /did not join the parts of a layer: InternalError$/,
    });
    assert.equal(lines.at(-1), takenBack);
  });

  it("G4: knows an upload that was joined although its answer got lost", async () => {
    const { ask, lines } = server((line) => (line === ended ? { ...ok, status: 404 } : undefined));
    await writeInParts(ask, name, parts, signal);
    assert.deepEqual(lines, [...started, ended, "HEAD "]);
    const gone = server((line) => (line === ended || line === "HEAD " ? { ...ok, status: 404 } : undefined));
    await assert.rejects(writeInParts(gone.ask, name, parts, signal), { code: "CACHE", message: /it does not know them$/ });
  });

  it("G4: refuses an answer without a name or a tag", async () => {
    const nameless = server((line) => (line === "POST uploads=" ? ok : undefined));
    await assert.rejects(writeInParts(nameless.ask, name, parts, signal), { code: "CACHE", message: /under which name/ });
    const tagless = server((line) => (line.startsWith("PUT") ? ok : undefined));
    await assert.rejects(writeInParts(tagless.ask, name, parts, signal), { code: "CACHE", message: /no tag for a part/ });
    assert.equal(tagless.lines.at(-1), takenBack);
  });
});
