import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { makeTable } from "./packages-file.ts";

async function* chunked(text: string, sizeBytes: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

describe("makeTable()", () => {
  const text = [
    "Package: b\nVersion: 1\nDescription: ü\n more\nProvides: v (= 2), w,\n v\n",
    "Version: 2\nPACKAGE: a\nX: y\n\n",
    "Package: b\nVersion:3\nProvides: w",
  ].join("\n");

  it("keeps the wanted fields by name, and who provides what, whatever the chunks are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 160 }), async (size) => {
        const lines = (await makeTable(chunked(text, size), "t")).toString().trimEnd().split("\n");
        assert.deepEqual(
          lines.map((line) => line.replaceAll(/\t+/g, " ").trim()),
          ["=v b", "=w b", "a 2", "b 1 v (= 2), w, v", "b 3 w"],
        );
      }),
      { numRuns: 60 },
    );
  });

  const faults = [
    { name: "a paragraph without end", text: "x".repeat(5 * 1024 * 1024), want: /it has a paragraph of more than 4194304 bytes/ },
    { name: "a paragraph without package", text: "Version: 1\n", want: /it has a paragraph whose field Package is ""/ },
    { name: "a name that is none", text: "Package: =v\n", want: /it has a paragraph whose field Package is "=v"/ },
  ];
  for (const row of faults) {
    it(`refuses ${row.name}`, async () => {
      await assert.rejects(makeTable(chunked(row.text, 1024 * 1024), "t"), { code: "DEBIAN_ARCHIVE", message: row.want });
    });
  }
});
